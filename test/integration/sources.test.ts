import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Opcode } from '../../src/rdb/opcodes.js';
import { bytes, string } from '../support/bytes.js';
import { corpusBytes, corpusFile } from '../support/corpus.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { type Imported, imbalances, importInto, rdbkit, reportOf } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys, readPlain } from '../support/server-state.js';
import { describeServers, type RunningServer, servers, startServer } from '../support/servers.js';
import type { Truth } from '../support/truth.js';

// Where a dump comes from, and what is said when it is not whole or not a dump.

const scratch = new Scratch();
afterAll(() => scratch.remove());

const small = () =>
  new RdbBuilder('REDIS0010')
    .aux('redis-ver', '7.0.0')
    .selectDb(0)
    .key(0, 'first', string('1'))
    .key(0, 'second', string('2'));
const SMALL = { '0/first': '1', '0/second': '2' };

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  describe('where a dump can come from', () => {
    const dump = corpusBytes('r62');
    const KEYS = 115;
    let expected: Truth[];

    beforeAll(async () => {
      await running.clear();
      await importInto(running.url, [corpusFile('r62') as string]);
      expected = await readKeys(running);
    });

    const expectAll = async (run: Imported, keys = KEYS) => {
      expect(run.stderr).toBe('');
      expect(run.code).toBe(0);
      expect(reportOf(run)).toMatchObject({ read: keys, written: keys });
    };

    test('a gzip file', async () => {
      await expectAll(await importInto(running.url, [scratch.file('dump', gzipSync(dump))]));
      expect(await readKeys(running)).toEqual(expected);
    });

    test('a gzip file in several members', async () => {
      const middle = dump.length >> 1;
      const members = [dump.subarray(0, middle), dump.subarray(middle)].map((part) => gzipSync(part));
      await expectAll(await importInto(running.url, [scratch.file('dump', Buffer.concat(members))]));
      expect(await readKeys(running)).toEqual(expected);
    });

    test('gzip on standard input', async () => {
      await expectAll(await importInto(running.url, ['-'], [], { input: gzipSync(dump) }));
      expect(await readKeys(running)).toEqual(expected);
    });

    test('standard input', async () => {
      await expectAll(await importInto(running.url, ['-'], [], { input: dump }));
      expect(await readKeys(running)).toEqual(expected);
    });

    test('several files, one of them gzip', async () => {
      const others = new RdbBuilder('REDIS0010').selectDb(9).key(0, 'more', string('v')).build();
      const files = [scratch.file('others', others), scratch.file('dump', gzipSync(dump))];
      await expectAll(await importInto(running.url, files), KEYS + 1);
      expect((await readKeys(running)).filter(({ db }) => db !== 9)).toEqual(expected);
    });

    test('a file with bytes behind the dump', async () => {
      const file = scratch.file('behind', Buffer.concat([small().build(), Buffer.from('something else')]));
      const run = await importInto(running.url, [file]);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual(SMALL);
    });

    test('a dump without a checksum', async () => {
      const run = await importInto(running.url, [scratch.file('zero', small().build('zero'))]);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual(SMALL);
    });

    test('a dump without keys', async () => {
      const run = await importInto(running.url, [
        scratch.file('nothing', new RdbBuilder('REDIS0010').build()),
      ]);
      expect(run.code).toBe(0);
      expect(reportOf(run)).toMatchObject({ read: 0, written: 0 });
    });
  });

  // What follows does not depend on the server: one is enough.
  if (server !== servers[0]) return;

  describe('a source that is none', () => {
    const refused: readonly (readonly [what: string, file: () => string, sentence: RegExp])[] = [
      [
        'a missing file',
        () => scratch.path('missing.rdb'),
        /missing\.rdb: there is no such file; check the path/,
      ],
      ['a folder', () => scratch.folder, /: the folder holds no append-only log/],
      [
        'a path through a file',
        () => `${scratch.file('plain', 'x')}/dump.rdb`,
        /a part of its path is no folder/,
      ],
      ['an empty file', () => scratch.file('empty.rdb', ''), /empty\.rdb: [^\n]*empty/],
      [
        'a text file',
        () => scratch.file('notes.txt', 'Nothing to see here.\n'.repeat(50)),
        /notes\.txt: [^\n]*not? [^\n]*(?:RDB|dump)/,
      ],
      ['a short text file', () => scratch.file('hi', 'hi\n'), /hi: [^\n]*(?:RDB|dump)/],
      ['another magic', () => scratch.file('magic', 'RADIS0011\xfe\x00'), /magic: [^\n]*(?:RDB|dump)/],
      [
        'a version that is no number',
        () => scratch.file('version', new RdbBuilder('REDIS00x1').build()),
        /version: /,
      ],
      ['a JSON file', () => scratch.file('dump.json', '[{"a":1}]'), /dump\.json: [^\n]*(?:RDB|dump)/],
      [
        'a zip file',
        () => scratch.file('dump.zip', 'PK\x03\x04'.padEnd(100, '\0')),
        /dump\.zip: [^\n]*(?:RDB|dump)/,
      ],
      [
        'an LZ4 frame',
        () => scratch.file('dump.lz4', Uint8Array.from([4, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0, 0, 0, 0])),
        /dump\.lz4: an LZ4 frame cannot be read; decompress it first/,
      ],
    ];

    test.each(refused)('%s', async (_, file, sentence) => {
      for (const args of [[], ['--no-precheck']]) {
        const run = await importInto(running.url, [file()], args);
        expectRefused(run, sentence);
        expect(await readPlain(running)).toEqual({});
      }
    });

    test.each([
      ['nothing', '', /stdin: [^\n]*empty/],
      ['text', 'Nothing to see here.\n', /stdin: [^\n]*(?:RDB|dump)/],
    ])('%s on standard input', async (_, input, sentence) => {
      expectRefused(await importInto(running.url, ['-'], [], { input: Buffer.from(input) }), sentence);
      expect(await readPlain(running)).toEqual({});
    });

    test('one bad file among several stops all before the first write', async () => {
      const good = scratch.file('good.rdb', small().build());
      const run = await importInto(running.url, [good, scratch.path('missing.rdb')]);
      expectRefused(run, /missing\.rdb: there is no such file/);
      expect(await readPlain(running)).toEqual({});
    });

    test('no source at all is wrong usage', async () => {
      const run = await rdbkit(['import', '--to', running.url]);
      expect(run.code).toBe(64);
      expect(run.stderr).toMatch(/missing required argument 'source'/);
    });

    test('no target is wrong usage', async () => {
      const run = await rdbkit(['import', scratch.file('good.rdb', small().build())]);
      expect(run.code).toBe(64);
      expect(run.stderr).toMatch(/required option '--to <url>'/);
    });
  });

  describe('a dump that is damaged', () => {
    const tail = (file: Uint8Array, count: number) => file.slice(0, file.length - count);
    const damaged: readonly {
      readonly name: string;
      readonly file: Uint8Array;
      readonly sentence: RegExp;
      readonly code: string;
      /** What is written when nobody looks first. */
      readonly left: Record<string, string>;
    }[] = [
      {
        name: 'a wrong checksum',
        file: small().build('wrong'),
        sentence: /checksum/,
        code: 'INPUT_CHECKSUM',
        left: SMALL,
      },
      {
        name: 'one byte of a value changed',
        file: bytes(...[small().build()].map((file) => file.map((byte) => (byte === 0x32 ? 0x33 : byte)))),
        sentence: /checksum/,
        code: 'INPUT_CHECKSUM',
        left: { '0/first': '1', '0/second': '3' },
      },
      {
        name: 'no end',
        file: small().open(),
        sentence: /the input ends after 47 bytes, before the end of the dump/,
        code: 'INPUT_TRUNCATED',
        left: SMALL,
      },
      {
        name: 'a cut in a value',
        file: tail(small().build(), 10),
        sentence: /in key 2 "second"/,
        code: 'INPUT_TRUNCATED',
        left: { '0/first': '1' },
      },
      {
        name: 'half a checksum',
        file: tail(small().build(), 4),
        sentence: /the input ends after 52 bytes, before the end of the dump/,
        code: 'INPUT_TRUNCATED',
        left: SMALL,
      },
      {
        name: 'an unknown type',
        file: small().raw(0x63, string('third'), string('3')).key(0, 'fourth', string('4')).build('zero'),
        sentence: /type or opcode 99 is not known .*at byte \d+/,
        code: 'INPUT_UNSUPPORTED',
        left: SMALL,
      },
      {
        name: 'a length of 2^63',
        file: small().raw(0, string('third'), [0x81, 0x80, 0, 0, 0, 0, 0, 0, 0]).build('zero'),
        sentence: /key 3 "third"/,
        code: 'INPUT_CORRUPT',
        left: SMALL,
      },
      {
        name: 'a list of 2^63 elements',
        file: small().raw(1, string('third'), [0x81, 0x80, 0, 0, 0, 0, 0, 0, 0], string('x')).build('zero'),
        sentence: /key 3 "third"/,
        code: 'INPUT_CORRUPT',
        left: SMALL,
      },
      {
        name: 'a length that reaches beyond the file',
        file: small().raw(0, string('third'), [0x80, 0x10, 0, 0, 0], 'x').build('zero'),
        sentence: /key 3 "third"/,
        code: 'INPUT_TRUNCATED',
        left: SMALL,
      },
      {
        name: 'a string of no known form',
        file: small().raw(0, string('third'), 0xc9, 'x').build('zero'),
        sentence: /key 3 "third"/,
        code: 'INPUT_CORRUPT',
        left: SMALL,
      },
      {
        name: 'a module value of the oldest kind',
        file: small().raw(6, string('third'), string('x')).build('zero'),
        sentence: /type or opcode 6 [^\n]*cannot be read/,
        code: 'INPUT_UNSUPPORTED',
        left: SMALL,
      },
    ];

    test.each(damaged)('$name: nothing is written', async ({ file, sentence }) => {
      const path = scratch.file('damaged.rdb', file);
      const run = await importInto(running.url, [path]);
      expectRefused(run, sentence);
      expect(run.stderr).toContain(`${path}: `);
      expect(run.stderr).toMatch(/nothing was written; take another backup, or give --no-precheck/);
      expect(await readPlain(running)).toEqual({});
    });

    test.each(damaged)(
      '$name: with --no-precheck what comes before is written',
      async ({ file, sentence, code, left }) => {
        const path = scratch.file('damaged.rdb', file);
        const run = await importInto(running.url, [path], ['--no-precheck']);
        expectRefused(run, sentence);
        expect(run.stderr).toContain(`${path}: `);
        expect(await readPlain(running)).toEqual(left);
        expectAccount(run, code, Object.keys(left).length);
      },
    );

    test.each(damaged)('$name: from standard input', async ({ file, sentence, code, left }) => {
      const run = await importInto(running.url, ['-'], [], { input: file });
      expectRefused(run, sentence);
      expect(run.stderr).toContain('stdin: ');
      expect(await readPlain(running)).toEqual(left);
      expectAccount(run, code, Object.keys(left).length);
    });

    test.each(damaged)('$name: what to do next is said', async ({ file }) => {
      for (const source of ['-', scratch.file('damaged.rdb', file)]) {
        const run = await importInto(running.url, [source], ['--no-precheck', '--dry-run'], { input: file });
        expect(run.stderr).toMatch(/; [a-z][^;]+\n$/);
      }
    });

    test.each([
      ['type', small().raw(0x63, string('third'), string('3')).build()],
      ['length', small().raw(0, string('third'), [0x81, 0x80, 0, 0, 0, 0, 0, 0, 0]).build()],
    ])('an unknown %s behind a right checksum ends the run with its account', async (_, file) => {
      const run = await importInto(running.url, [scratch.file('right.rdb', file)]);
      expectRefused(run, /key 3 "third"/);
      expect(run.stdout).toMatch(/^Not finished\. Until then:\n/);
      expectAccount(run, reportOf(run).error?.code as string, 2);
      expect(await readPlain(running)).toEqual(SMALL);
    });

    test('what --no-checksum lets pass', async () => {
      const path = scratch.file('checksum.rdb', small().build('wrong'));
      const run = await importInto(running.url, [path], ['--no-precheck', '--no-checksum']);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual(SMALL);
    });

    test('a value that is damaged inside is found before the first write, where there is no checksum', async () => {
      const blob = bytes(20, 0, 0, 0, 2, 0, 0x81, 'a', 2, 0xfe, 2, new Uint8Array(8), 0xff);
      const file = small().key(16, 'third', string(blob)).key(0, 'fourth', string('4'));
      const path = scratch.file('inside.rdb', file.build('zero'));
      expectRefused(await importInto(running.url, [path]), /key 3 "third"/);
      expect(await readPlain(running)).toEqual({});
    });

    test('a gzip file that is cut', async () => {
      const whole = gzipSync(corpusBytes('r62'));
      const path = scratch.file('cut.rdb.gz', whole.subarray(0, whole.length >> 1));
      const run = await importInto(running.url, [path]);
      expectRefused(run, /cut\.rdb\.gz: the gzip stream ends too soon/);
      expect(run.stderr).toMatch(/nothing was written/);
      expect(await readPlain(running)).toEqual({});

      const again = await importInto(running.url, [path], ['--no-precheck']);
      expectRefused(again, /cut\.rdb\.gz: the gzip stream ends too soon/);
      expectAccount(again, 'INPUT_TRUNCATED', (await readKeys(running)).length);
    });

    test('gzip on standard input that is cut', async () => {
      const whole = gzipSync(corpusBytes('r62'));
      const run = await importInto(running.url, ['-'], [], { input: whole.subarray(0, whole.length >> 1) });
      expectRefused(run, /stdin: the gzip stream ends too soon/);
      expectAccount(run, 'INPUT_TRUNCATED', (await readKeys(running)).length);
    });

    test('a gzip file that is damaged', async () => {
      const whole = gzipSync(corpusBytes('r62'));
      whole.fill(0x55, whole.length >> 1, (whole.length >> 1) + 64);
      const path = scratch.file('damaged.rdb.gz', whole);
      expectRefused(await importInto(running.url, [path]), /damaged\.rdb\.gz: [^\n]+; nothing was written/);
      expect(await readPlain(running)).toEqual({});
    });

    test('every cut of a small dump', async () => {
      const file = small()
        .raw(Opcode.function, string("#!lua name=lib\nredis.register_function('f', function() return 1 end)"))
        .build();
      for (let size = 0; size < file.length; size += 7) {
        const run = await importInto(running.url, [scratch.file('cut.rdb', file.slice(0, size))]);
        expectRefused(run, /cut\.rdb: /);
        expect(await readPlain(running)).toEqual({});
      }
    });
  });

  test('a list of rejects that cannot be written stops all before the first write', async () => {
    const file = scratch.file('good.rdb', small().build());
    const run = await importInto(running.url, [file], ['--rejects', '/nowhere/at/all.jsonl']);
    expectRefused(run, /\/nowhere\/at\/all\.jsonl: the list of rejects cannot be written/);
    expect(await readPlain(running)).toEqual({});
  });

  test('a report that cannot be written stops all before the first write', async () => {
    const file = scratch.file('good.rdb', small().build());
    const run = await importInto(running.url, [file], ['--report', '/nowhere/at/all.json']);
    expectRefused(run, /\/nowhere\/at\/all\.json: the report cannot be written/);
    expect(await readPlain(running)).toEqual({});
  });
});

/** That a run has ended for a fault of its input, and says so in one sentence. */
function expectRefused(run: Imported, sentence: RegExp): void {
  expect(run.stderr).toMatch(/^rdbkit: [^\n]+\n$/);
  expect(run.stderr).toMatch(sentence);
  expect(run.code).toBe(2);
}

function expectAccount(run: Imported, code: string, written: number): void {
  const report = reportOf(run);
  expect(report.error?.code).toBe(code);
  expect(imbalances(report)).toEqual([]);
  expect(report.written).toBe(written);
}
