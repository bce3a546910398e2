import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { aofStream } from '../../src/io/aof-source.js';
import { checkAof } from '../../src/io/check-aof.js';
import type { LogCheck } from '../../src/io/log-check.js';
import { unpackAof } from '../support/aof-corpus.js';
import { bytes, length, string } from '../support/bytes.js';
import { corpus } from '../support/corpus.js';
import { logOf, placeIn, respBytes } from '../support/log-bytes.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { Scratch } from '../support/scratch.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

let files = 0;
const file = (content: Uint8Array) => scratch.file(`log-${files++}.aof`, content);
const check = (content: Uint8Array): Promise<LogCheck> => checkAof(file(content)).run();

/** A folder with a manifest and parts. */
function folder(manifest: string, parts: Readonly<Record<string, Uint8Array>>): string {
  const path = scratch.path(`log-${files++}`);
  mkdirSync(path);
  writeFileSync(join(path, 'appendonly.aof.manifest'), manifest);
  for (const [name, content] of Object.entries(parts)) writeFileSync(join(path, name), content);
  return path;
}

const BASE = 'appendonly.aof.1.base.rdb';
const incr = (n: number) => `appendonly.aof.${n}.incr.aof`;
const line = (name: string, seq: number, type: string) => `file ${name} seq ${seq} type ${type}\n`;

const dump = () => new RdbBuilder('REDIS0011').aux('aof-base', '1').selectDb(0);
const small = logOf('SELECT 0', 'SET a 1', 'INCR a', 'DEL b');

/** Faults by code and place. */
const places = ({ faults }: LogCheck) =>
  faults.map(({ code, offset, to }) => (to === undefined ? [code, offset] : [code, offset, to]));

describe('logs of the corpus', () => {
  test.each(corpus)('$label is whole', async ({ name }) => {
    const path = unpackAof(name, scratch.path(makeFolder(name)));
    const found = await checkAof(path).run();
    expect(found.faults).toEqual([]);
    expect(found.ok).toBe(true);
    expect(found.commands).toBeGreaterThanOrEqual(25);
    expect(found.transactions).toBeGreaterThanOrEqual(1);
    const sum = (of: 'keys' | 'commands') => found.parts.reduce((total, part) => total + part[of], 0);
    expect(sum('commands')).toBe(found.commands);
    expect(sum('keys')).toBe(found.keys);
    expect(found.byCommand.reduce((total, { commands }) => total + commands, 0)).toBe(found.commands);
    expect(found.byCommand.filter(({ group }) => group === 'unknown')).toEqual([]);
    if (found.keys > 0) expect(found.parts[0]?.checksum).toBe('ok');
  });
});

function makeFolder(name: string): string {
  mkdirSync(scratch.path(name));
  return name;
}

describe('the end of a log', () => {
  test('torn within a command', async () => {
    const found = await check(small.subarray(0, -3));
    const offset = placeIn(small, '*2\r\n$3\r\nDEL');
    expect(found).toMatchObject({
      ok: false,
      isTornOnly: true,
      commands: 3,
      torn: { part: found.parts[0]?.name, offset, size: small.length - 3 - offset },
    });
    expect(places(found)).toEqual([['INPUT_TRUNCATED', offset]]);
    expect(found.faults[0]?.around).toMatch(/ > "\*2\\r\\n\$3\\r\\nDEL/);
  });

  test('within a transaction', async () => {
    const found = await check(Buffer.concat([small, logOf('MULTI', 'SET b 1')]));
    expect(found).toMatchObject({ ok: false, isTornOnly: true, torn: undefined, transactions: 0 });
    expect(found.open?.offset).toBe(small.length);
    expect(places(found)).toEqual([['INPUT_TRUNCATED', small.length]]);
  });

  test('torn within a transaction', async () => {
    const found = await check(Buffer.concat([small, logOf('MULTI', 'SET b 1').subarray(0, -1)]));
    expect(found).toMatchObject({ isTornOnly: true, torn: { size: 26 }, open: { offset: small.length } });
  });

  test('zero bytes', async () => {
    const found = await check(Buffer.concat([small, Buffer.alloc(5000)]));
    expect(found).toMatchObject({ isTornOnly: false, commands: 4, torn: undefined });
    expect(places(found)).toEqual([['INPUT_CORRUPT', small.length]]);
    expect(found.faults[0]?.message).toContain('zero bytes');
    expect(found.warnings.join()).toMatch(/no command follows behind .*: 5000 bytes are lost/);
  });

  test('an empty file is an empty log', async () => {
    expect(await check(new Uint8Array(0))).toMatchObject({ ok: true, commands: 0, parts: [{ bytes: 0 }] });
  });
});

describe('damage in the middle', () => {
  const many = (from: number) => Array.from({ length: 20 }, (_, i) => `SET key:${from + i} v`);

  test('in several places, each with where the log goes on', async () => {
    const log = logOf('SELECT 0', ...many(10), ...many(30), ...many(50));
    const places_ = [placeIn(log, 'key:20') - 2, placeIn(log, 'key:45') + 6];
    for (const at of places_) log[at] = 0x21;
    const found = await check(log);
    expect(found.commands).toBe(59);
    expect(found.isTornOnly).toBe(false);
    expect(found.faults.map(({ code, to }) => [code, to])).toEqual([
      ['INPUT_CORRUPT', placeIn(log, '*3', 11)],
      ['INPUT_CORRUPT', placeIn(log, '*3', 36)],
    ]);
  });

  test('of a length that swallows all behind it', async () => {
    const log = logOf('SELECT 0', ...many(10));
    const at = placeIn(log, '$6\r\nkey:15');
    const damaged = Buffer.concat([log.subarray(0, at), Buffer.from('$999999'), log.subarray(at + 2)]);
    const found = await check(damaged);
    expect(found).toMatchObject({ torn: undefined, commands: 20 });
    expect(found.faults).toMatchObject([{ code: 'INPUT_CORRUPT', to: placeIn(damaged, '*3', 6) }]);
  });

  test('of the first byte', async () => {
    const log = Buffer.from(logOf(...many(10)));
    log[0] = 0x21;
    expect(places(await check(log))).toEqual([['INPUT_CORRUPT', 0, placeIn(log, '*3')]]);
  });

  test('in more places than are told', async () => {
    const whole = logOf('SET a 1', 'SET a 2', 'SET a 3');
    const log = Buffer.concat(Array.from({ length: 1100 }, () => [Buffer.from('!'), whole]).flat());
    const found = await check(log);
    expect(found.faults).toHaveLength(1000);
    expect(found.warnings.join()).toMatch(/more than 1000 places.*1 more fault/);
  });
});

describe('transactions', () => {
  test('MULTI inside of one', async () => {
    const log = logOf('MULTI', 'SET a 1', 'MULTI', 'SET b 1', 'EXEC', 'SET c 1');
    const found = await check(log);
    expect(places(found)).toEqual([['INPUT_CORRUPT', placeIn(log, '*1', 1)]]);
    expect(found).toMatchObject({ commands: 6, open: undefined });
  });

  test('EXEC outside of one', async () => {
    const log = logOf('SET a 1', 'EXEC', 'SET c 1', 'EXEC');
    expect(places(await check(log))).toEqual([
      ['INPUT_CORRUPT', placeIn(log, '*1')],
      ['INPUT_CORRUPT', placeIn(log, '*1', 1)],
    ]);
  });

  test('damage inside of one is one fault', async () => {
    const log = logOf('MULTI', 'SET a 1', 'SET b 1', 'SET c 1', 'EXEC', 'SET d 1');
    log[placeIn(log, '*3')] = 0x21;
    expect(places(await check(log))).toEqual([['INPUT_CORRUPT', 15, placeIn(log, '*3')]]);
  });

  test('damage that has swallowed EXEC', async () => {
    const log = logOf('MULTI', 'SET a 1', 'EXEC', 'MULTI', 'SET b 1', 'EXEC', 'SET d 1');
    log[placeIn(log, '*1', 1)] = 0x21;
    const found = await check(log);
    expect(places(found)).toEqual([
      ['INPUT_CORRUPT', placeIn(log, '!'), placeIn(log, '*1', 1)],
      ['INPUT_TRUNCATED', 0],
    ]);
    expect(found.open).toBeUndefined();
  });

  test('damage that has swallowed MULTI', async () => {
    const log = logOf('SET a 1', 'MULTI', 'SET b 1', 'SET c 1', 'EXEC', 'SET d 1');
    log[placeIn(log, '*1')] = 0x21;
    expect(await check(log)).toMatchObject({ faults: [{ to: placeIn(log, '*3', 1) }] });
  });
});

describe('a folder', () => {
  const good = () => ({
    [BASE]: dump().key(0, 'k', string('v')).build(),
    [incr(1)]: small,
    [incr(2)]: small,
  });
  const manifest = line(BASE, 1, 'b') + line(incr(1), 1, 'i') + line(incr(2), 2, 'i');

  test('that is whole', async () => {
    const found = await checkAof(folder(manifest, good())).run();
    expect(found).toMatchObject({
      ok: true,
      keys: 1,
      commands: 8,
      parts: [
        { name: BASE, role: 'base', keys: 1, commands: 0, checksum: 'ok' },
        { name: incr(1), role: 'increment', keys: 0, commands: 4 },
        { name: incr(2), role: 'increment', keys: 0, commands: 4 },
      ],
    });
    expect(found.manifest).toMatch(/appendonly\.aof\.manifest$/);
  });

  test.each([
    {
      what: 'a missing file',
      text: manifest + line(incr(3), 3, 'i'),
      fault: {
        code: 'INPUT_TRUNCATED',
        message: `the manifest names ${incr(3)} (increment), and there is no such file`,
      },
      commands: 8,
    },
    {
      what: 'the wrong order',
      text: line(BASE, 1, 'b') + line(incr(2), 2, 'i') + line(incr(1), 1, 'i'),
      fault: {
        code: 'INPUT_CORRUPT',
        where: 'line 3',
        message: 'manifest: increment 1 stands behind increment 2',
      },
      commands: 8,
    },
    {
      what: 'a line twice',
      text: manifest + line(incr(2), 3, 'i'),
      fault: {
        code: 'INPUT_CORRUPT',
        where: 'line 4',
        message: expect.stringContaining('again, which line 3 names'),
      },
      commands: 8,
    },
    {
      what: 'a path outside of it',
      text: manifest + line('../../etc/passwd', 3, 'i'),
      fault: {
        code: 'INPUT_CORRUPT',
        where: 'line 4',
        message: expect.stringContaining('is not the name of a file in this folder'),
      },
      commands: 8,
    },
    {
      what: 'nothing in its manifest',
      text: '',
      fault: { code: 'INPUT_CORRUPT', message: 'manifest: the manifest is empty' },
      commands: 0,
    },
  ])('with $what', async ({ text, fault, commands }) => {
    const found = await checkAof(folder(text, good())).run();
    expect(found).toMatchObject({ ok: false, isTornOnly: false, commands, faults: [fault] });
  });

  test('with a file that no line names', async () => {
    const found = await checkAof(folder(manifest, { ...good(), [incr(9)]: small })).run();
    expect(found.ok).toBe(true);
    expect(found.warnings).toEqual([`${incr(9)} is in the folder, but the manifest does not name it`]);
  });

  test('whose torn part is not the last', async () => {
    const torn = { ...good(), [incr(1)]: small.subarray(0, -3) };
    const found = await checkAof(folder(manifest, torn)).run();
    expect(found).toMatchObject({ ok: false, isTornOnly: false, torn: undefined, commands: 7 });
    expect(found.faults).toMatchObject([
      { code: 'INPUT_TRUNCATED', part: incr(1), message: expect.stringContaining('is not the last') },
    ]);
  });

  test('whose transaction goes over two parts', async () => {
    const found = await checkAof(
      folder(manifest, {
        ...good(),
        [incr(1)]: logOf('MULTI', 'SET a 1'),
        [incr(2)]: logOf('SET a 2', 'EXEC'),
      }),
    ).run();
    expect(found).toMatchObject({ ok: false, isTornOnly: false, open: undefined });
    expect(found.faults).toMatchObject([
      { code: 'INPUT_TRUNCATED', part: incr(1), offset: 0 },
      { code: 'INPUT_CORRUPT', part: incr(2), message: 'EXEC without MULTI' },
    ]);
  });

  test('without a manifest is none', async () => {
    const path = scratch.path(`log-${files++}`);
    mkdirSync(path);
    writeFileSync(join(path, incr(1)), small);
    expect(() => checkAof(path)).toThrow(/holds no append-only log/);
  });
});

describe('the base', () => {
  const damaged = (content: Buffer) => {
    const copy = Buffer.from(content);
    const at = copy.indexOf('value');
    copy[at] = 0x21;
    return copy;
  };
  const base = dump().key(0, 'k', string('value')).build();

  test('whose checksum is wrong: the commands behind it are read', async () => {
    const found = await check(Buffer.concat([damaged(Buffer.from(base)), small]));
    expect(found).toMatchObject({ keys: 1, commands: 4, parts: [{ checksum: 'bad', commands: 4 }] });
    expect(found.faults).toMatchObject([{ code: 'INPUT_CHECKSUM', to: base.length }]);
  });

  test('in a file of its own, whose checksum is wrong', async () => {
    const path = folder(line(BASE, 1, 'b') + line(incr(1), 1, 'i'), {
      [BASE]: damaged(Buffer.from(base)),
      [incr(1)]: small,
    });
    const found = await checkAof(path).run();
    expect(found).toMatchObject({ keys: 1, commands: 4, parts: [{ checksum: 'bad' }, { commands: 4 }] });
    expect(found.faults).toMatchObject([{ code: 'INPUT_CHECKSUM', part: BASE }]);
    expect(found.faults[0]?.to).toBeUndefined();
  });

  test('with damage inside of a value', async () => {
    // A listpack that claims a byte more than it has.
    const pack = bytes(8, 0, 0, 0, 0, 0, 0xff);
    const log = Buffer.concat([dump().key(20, 'set', string(pack)).key(0, 'k', string('v')).build(), small]);
    const found = await check(log);
    expect(found).toMatchObject({ ok: false, keys: 2, damaged: 1, commands: 4 });
    expect(found.faults).toMatchObject([{ code: 'INPUT_CORRUPT', part: found.parts[0]?.name }]);
    expect(found.faults[0]?.where).toContain('set');
  });

  test('that is cut off', async () => {
    const found = await check(Buffer.from(base.subarray(0, -12)));
    expect(found).toMatchObject({ ok: false, isTornOnly: false, parts: [{ checksum: 'unknown' }] });
    expect(found.faults).toMatchObject([{ code: 'INPUT_TRUNCATED' }]);
  });

  test('with damage in its frame: nobody knows where commands begin', async () => {
    const log = Buffer.concat([
      dump()
        .raw(bytes(length(3)))
        .build(),
      small,
    ]);
    const found = await check(log);
    expect(found).toMatchObject({ ok: false, commands: 0 });
    expect(found.warnings.join()).toContain('where they begin is not known');
  });
});

test('times that go back, and of the future', async () => {
  const found = await check(
    logOf('#TS:1700000000', 'SET a 1', '#TS:1600000000', 'SET a 2', '#TS:9999999999', 'SET a 3'),
  );
  expect(found).toMatchObject({ ok: true, firstTime: 1_700_000_000, lastTime: 9_999_999_999 });
  expect(found.warnings).toEqual([
    'the time goes back once: the clock of the server was set back',
    'the time is in the future once, at most 2286-11-20T17:46:39Z',
  ]);
});

test('commands that no table has are named', async () => {
  const found = await check(logOf('FT.CREATE i', 'SET a 1'));
  expect(found.ok).toBe(true);
  expect(found.warnings).toEqual(['commands that rdbkit does not know: FT.CREATE']);
});

describe('what can be read only once', () => {
  const damaged = Buffer.concat([small, Buffer.from('!'), small]);

  test('a compressed file', async () => {
    expect(await check(gzipSync(small))).toMatchObject({ ok: true, commands: 4 });
    expect(await check(gzipSync(small.subarray(0, -3)))).toMatchObject({ isTornOnly: true, commands: 3 });
    const found = await check(gzipSync(damaged));
    expect(found).toMatchObject({
      ok: false,
      commands: 4,
      faults: [{ code: 'INPUT_CORRUPT', offset: small.length }],
    });
    expect(found.warnings.join()).toContain('behind the fault was not read');
  });

  test('a stream', async () => {
    const read = (content: Uint8Array) => checkAof(aofStream(Readable.from([content]), 'stdin')).run();
    expect(await read(small)).toMatchObject({ ok: true, file: 'stdin', commands: 4 });
    const open = await read(Buffer.concat([small, logOf('MULTI', 'SET a 1')]));
    expect(open).toMatchObject({ isTornOnly: true, open: { part: 'stdin', offset: small.length } });
  });
});

test('large commands count as any other', async () => {
  const large = respBytes('SET', 'k', Buffer.alloc(10_000, 'x'));
  const path = file(Buffer.concat([small, large, small]));
  const limits = { maxInlineCommand: 1000, commandHeadBytes: 100 };
  expect(await checkAof(path).run({ limits })).toMatchObject({ ok: true, commands: 9 });
});

test('a command that frames well and is none is a fault', async () => {
  const log = logOf('SET a 1', 'SET b', 'SET c 1', '\x13ELECT 1', 'SET d 1', 'module.command x', 'SET e 1');
  const check = await checkAof(file(log)).run();
  expect(check).toMatchObject({ ok: false, commands: 7 });
  expect(check.faults).toMatchObject([
    { code: 'INPUT_CORRUPT', message: 'SET with 2 arguments', offset: placeIn(log, '*2') },
    { code: 'INPUT_CORRUPT', message: 'no server knows "\\x13ELECT"', offset: placeIn(log, '*2', 1) },
  ]);
  expect(check.faults.map(({ to }) => to)).toEqual([placeIn(log, '*3', 1), placeIn(log, '*3', 2)]);
});

describe('beside redis-check-aof', () => {
  /** What the server's own tool says of a file. */
  function theirs(path: string): { isValid: boolean; upTo: number } | undefined {
    try {
      return verdict(execFileSync('redis-check-aof', [path], { encoding: 'utf8', input: '', stdio: 'pipe' }));
    } catch (thrown) {
      const { code, stdout } = thrown as { code?: string; stdout?: string };
      return code === 'ENOENT' ? undefined : verdict(stdout ?? '');
    }
  }
  function verdict(text: string) {
    return { isValid: /is valid/.test(text), upTo: Number(/ok_up_to=(\d+)/.exec(text)?.[1] ?? 0) };
  }
  const isThere = theirs(file(small)) !== undefined;

  const log = logOf(
    'SELECT 0',
    'SET a 1',
    'MULTI',
    'SET b 2',
    'EXEC',
    '#TS:1700000000',
    'SET c 3',
    'SET d 4',
  );

  /** Where ours ends to be whole: before the first fault, and before a transaction that it is in. */
  async function ours(path: string, content: Uint8Array) {
    const found = await checkAof(path).run();
    const first = Math.min(content.length, ...found.faults.map(({ offset }) => offset ?? 0));
    return { isValid: found.ok, first };
  }

  test.runIf(isThere)('every prefix of a log has the same verdict, and is whole as far', async () => {
    const time = placeIn(log, '#TS');
    for (let size = 1; size <= log.length; size += 3) {
      // A line of time that is cut off is whole for them, and swallows what a server appends to it.
      if (size > time && size < placeIn(log, '*3', 2)) continue;
      const content = log.subarray(0, size);
      const path = file(content);
      const { isValid, first } = await ours(path, content);
      expect({ size, isValid, upTo: first }).toEqual({ size, ...theirs(path) });
    }
  });

  test.runIf(isThere)('every byte of a log damaged is found where they find it', async () => {
    const starts = [
      ...Buffer.from(log)
        .toString('latin1')
        .matchAll(/\*\d|#TS/g),
    ].map(({ index }) => index);
    const namesIn = (bytes: Buffer) =>
      bytes.toString('latin1').match(/\n(?:SET|SELECT|MULTI|EXEC)\r/g)?.length ?? 0;
    for (let at = 0; at < log.length; at += 2) {
      const content = Buffer.from(log);
      content[at] = (content[at] as number) ^ 0x40;
      const path = file(content);
      const { isValid, first } = await ours(path, content);
      const { isValid: isValidThere, upTo } = theirs(path) as { isValid: boolean; upTo: number };
      // They do not look at what stands in the line of a time, nor at what SELECT selects, nor at names.
      if (content.indexOf('#TS:1700000000\r\n') < 0) continue;
      if (content.indexOf('SELECT\r\n$1\r\n0') < 0) continue;
      if (namesIn(content) < namesIn(log)) continue;
      expect({ at, isValid }).toEqual({ at, isValid: isValidThere });
      // They name the command, or its transaction; we the byte.
      const command = Math.max(0, ...starts.filter((start) => start <= first));
      const multi = placeIn(log, '*1');
      const inTransaction = command > multi && command <= placeIn(log, '*1', 1);
      if (!isValid) expect([command, ...(inTransaction ? [multi] : [])], `byte ${at}`).toContain(upTo);
    }
  });
});
