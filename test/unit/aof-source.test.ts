import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { LogPosition } from '../../src/aof/position.js';
import { RdbkitError } from '../../src/errors.js';
import { aofLayout, surveyAof } from '../../src/io/aof-parts.js';
import { type AofSource, type AofSourceOptions, aofSource, aofStream } from '../../src/io/aof-source.js';
import { detectInput, detectStream } from '../../src/io/detect-input.js';
import { logOf, placeIn, respBytes } from '../support/log-bytes.js';
import { CommandCollector } from '../support/log-reader.js';
import { Scratch } from '../support/scratch.js';
import { rdb } from '../support/small-dump.js';

const scratch = new Scratch();
afterEach(() => {
  for (const name of readdirSync(scratch.folder)) rmSync(scratch.path(name), { recursive: true });
});

interface Read {
  readonly source: AofSource;
  readonly lines: string[];
  readonly keys: string[];
  readonly collector: CommandCollector;
}

async function readAll(source: AofSource): Promise<Read> {
  const collector = new CommandCollector();
  const keys: string[] = [];
  for await (const { records } of source.read(new AbortController().signal)) {
    for (const record of records) if (record.kind === 'key') keys.push(Buffer.from(record.key).toString());
    collector.take(records.filter(({ kind }) => kind.startsWith('log-')));
  }
  return { source, lines: collector.commands.map(({ args }) => args.join(' ')), keys, collector };
}

const read = (path: string, options: AofSourceOptions = {}) => readAll(aofSource(path, options));

async function errorOf(path: string, options: AofSourceOptions = {}): Promise<RdbkitError> {
  try {
    await read(path, options);
  } catch (thrown) {
    if (thrown instanceof RdbkitError) return thrown;
    throw thrown;
  }
  throw new Error('it was read');
}

/** Writes a folder with a manifest; contents by name. */
function folder(manifest: string, files: Record<string, Uint8Array>): string {
  writeFileSync(scratch.path('a.manifest'), manifest);
  for (const [name, content] of Object.entries(files)) scratch.file(name, content);
  return scratch.folder;
}

const TWO =
  'file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n';

describe('parts', () => {
  test('the base, then the increments, the database selected anew for each', async () => {
    const path = folder(TWO, {
      'a.1.base.rdb': rdb(['k1', 'k2'], { isBase: true }),
      'a.1.incr.aof': logOf('#TS:100', 'SELECT 5', 'SET a 1'),
      'a.2.incr.aof': logOf('SET b 2'),
    });
    for (const start of [path, scratch.path('a.manifest')]) {
      const { lines, keys, collector, source } = await read(start);
      expect(keys).toEqual(['k1', 'k2']);
      expect(lines).toEqual(['SELECT 5', 'SET a 1', 'SET b 2']);
      expect(collector.commands.map(({ db, time }) => `${db} ${time}`)).toEqual(['5 100', '5 100', '0 100']);
      expect(source.base?.text).toBe('REDIS0011');
      expect(source.position).toBe(source.size);
      expect(source.reached).toMatchObject({
        part: { name: 'a.2.incr.aof' },
        offset: logOf('SET b 2').length,
      });
    }
    expect((await read(path, { base: 'skip' })).keys).toEqual([]);
    expect((await read(scratch.path('a.2.incr.aof'))).lines).toEqual(['SET b 2']);
    expect((await read(scratch.path('a.1.base.rdb'))).keys).toEqual(['k1', 'k2']);
  });

  test('a data folder above, links, quoted names, orphans, what is temporary', () => {
    mkdirSync(scratch.path('data/appendonlydir'), { recursive: true });
    mkdirSync(scratch.path('data/other'));
    scratch.file('elsewhere.aof', logOf('SET a 1'));
    symlinkSync(scratch.path('elsewhere.aof'), scratch.path('data/appendonlydir/a b.incr'));
    symlinkSync(scratch.path('data'), scratch.path('link'));
    for (const name of ['a.3.incr.aof', 'a.1.base.rdb', 'temp-a.4.incr.aof', 'temp-x.manifest', 'notes']) {
      scratch.file(`data/appendonlydir/${name}`, '');
    }
    scratch.file('data/appendonlydir/a.manifest', 'file "a b.incr" seq 1 type i startoffset 7\n');
    const layout = aofLayout(scratch.path('link'));
    expect(layout).toMatchObject({
      kind: 'multi',
      prefix: 'a',
      orphans: ['a.1.base.rdb', 'a.3.incr.aof'],
      missing: [],
    });
    expect(layout.parts).toEqual([
      {
        index: 0,
        name: 'a b.incr',
        path: `${scratch.path('link')}/appendonlydir/a b.incr`,
        role: 'increment',
        seq: 1,
        startOffset: 7,
        size: logOf('SET a 1').length,
      },
    ]);
  });

  test.each([
    ['nothing', () => {}, 'IO', 'no append-only log'],
    [
      'two manifests',
      () => ['a.manifest', 'b.manifest'].map((name) => scratch.file(name, 'file x seq 1 type i\n')),
      'IO',
      'several',
    ],
    [
      'a file that is not there',
      () => void folder(TWO, {}),
      'INPUT_CORRUPT',
      'a.1.base.rdb, which is not there',
    ],
    ['a path', () => void folder('file ../x seq 1 type b\n', {}), 'INPUT_CORRUPT', 'file in this folder'],
    [
      'a folder for a part',
      () => {
        folder('file sub seq 1 type i\n', {});
        mkdirSync(scratch.path('sub'));
      },
      'INPUT_CORRUPT',
      'not there',
    ],
  ])('a folder with %s', async (_, make, code, message) => {
    make();
    const error = await errorOf(scratch.folder);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('a survey lists what is wrong', () => {
    folder(`file gone seq 1 type b\n${TWO}`, { 'a.1.base.rdb': rdb([]), 'a.2.incr.aof': logOf() });
    const { parts, missing, manifest } = surveyAof(scratch.folder);
    expect(parts.map(({ name }) => name)).toEqual(['a.1.base.rdb', 'a.2.incr.aof']);
    expect(missing.map(({ name }) => name)).toEqual(['gone', 'a.1.incr.aof']);
    expect(manifest?.faults.map(({ line }) => line)).toEqual([2]);
  });

  test('what is not there at all', async () => {
    expect(await errorOf(scratch.path('none')).catch((thrown) => thrown)).toMatchObject({ code: 'IO' });
  });
});

describe('how parts end', () => {
  const whole = logOf('SET a 1', 'SET b 2');

  test('torn in the last part', async () => {
    const path = scratch.file('a.aof', Buffer.concat([whole, respBytes('SET', 'c', '3').subarray(0, 9)]));
    const { lines, source } = await read(path);
    expect(lines).toEqual(['SET a 1', 'SET b 2']);
    expect(source.tail).toMatchObject({ torn: { offset: whole.length, size: 9, part: { name: 'a.aof' } } });
    expect(source.tail.open).toBeUndefined();
  });

  test('torn within a transaction', async () => {
    const path = scratch.file(
      'a.aof',
      Buffer.concat([whole, logOf('MULTI', 'INCR n'), Buffer.from('*3\r\n$3')]),
    );
    const { source } = await read(path);
    expect(source.tail).toMatchObject({
      torn: { offset: whole.length + logOf('MULTI', 'INCR n').length, size: 6 },
      open: { offset: whole.length, commands: 2 },
    });
  });

  test.each([
    ['a command', Buffer.from('*3\r\n$3'), 'a command', whole.length],
    ['a transaction', logOf('MULTI', 'INCR n'), 'a transaction', whole.length],
  ])('within %s in a part that is not the last', async (_, rest, what, offset) => {
    folder(TWO, {
      'a.1.base.rdb': rdb([]),
      'a.1.incr.aof': Buffer.concat([whole, rest]),
      'a.2.incr.aof': whole,
    });
    const error = await errorOf(scratch.folder);
    expect(error).toMatchObject({ code: 'INPUT_TRUNCATED', offset, subject: scratch.path('a.1.incr.aof') });
    expect(error.message).toContain(what);
    expect(error.hint).toContain('rdbkit repair');
  });

  test('a damaged length that swallows the rest is no torn tail', async () => {
    const log = logOf('SET a 1', 'SET key value', ...Array.from({ length: 50 }, (_, i) => `SET k${i} ${i}`));
    log.write('$995', placeIn(log, '$5\r\nvalue'), 'latin1');
    const broken = Buffer.concat([
      log.subarray(0, placeIn(log, '$995') + 4),
      Buffer.from('9\r\n'),
      log.subarray(placeIn(log, '$995') + 4),
    ]);
    const path = scratch.file('a.aof', broken);
    expect(await errorOf(path)).toMatchObject({ code: 'INPUT_CORRUPT', offset: logOf('SET a 1').length });
    const stream = aofStream(Readable.from([broken.subarray(0, 100), broken.subarray(100)]), 'stdin');
    await expect(readAll(stream)).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      offset: logOf('SET a 1').length,
    });
  });

  test('zero bytes behind the last command are named', async () => {
    const path = scratch.file('a.aof', Buffer.concat([whole, new Uint8Array(4096)]));
    expect(await errorOf(path)).toMatchObject({
      code: 'INPUT_CORRUPT',
      offset: whole.length,
      subject: path,
      message: expect.stringContaining('zero bytes'),
    });
  });

  test('a base that is damaged or cut', async () => {
    const base = rdb(['k1', 'k2'], { isBase: true });
    const flipped = Uint8Array.from(base);
    flipped[base.length - 10] = (flipped[base.length - 10] as number) ^ 1;
    for (const [bytes, code] of [
      [base.subarray(0, base.length - 12), 'INPUT_TRUNCATED'],
      [flipped, 'INPUT_CHECKSUM'],
    ] as const) {
      folder(TWO, { 'a.1.base.rdb': bytes, 'a.1.incr.aof': whole, 'a.2.incr.aof': whole });
      expect(await errorOf(scratch.folder)).toMatchObject({ code, subject: scratch.path('a.1.base.rdb') });
    }
  });
});

describe('one file', () => {
  const log = logOf('SELECT 1', 'SET a 1');
  const withDump = Buffer.concat([rdb(['k1'], { isBase: true }), log]);

  test.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
  ])('%s, as a file and as a stream', async (_, wrap) => {
    for (const [bytes, keys] of [
      [log, []],
      [withDump, ['k1']],
    ] as const) {
      const path = scratch.file('a.aof', wrap(bytes));
      const stream = Readable.from([wrap(bytes)]);
      for (const source of [aofSource(path), aofStream(stream, 'stdin')]) {
        const { lines, keys: found } = await readAll(source);
        expect(lines).toEqual(['SELECT 1', 'SET a 1']);
        expect(found).toEqual(keys);
        expect(source.position).toBe(wrap(bytes).length);
      }
    }
  });

  test('the dump is left out on request, and positions count with it', async () => {
    const path = scratch.file('a.aof', withDump);
    const { keys, collector } = await read(path, { base: 'skip' });
    expect(keys).toEqual([]);
    expect(collector.commands[0]?.offset).toBe(withDump.length - log.length);
  });

  test('positions need a file', async () => {
    const path = scratch.file('a.aof.gz', gzipSync(log));
    expect(await errorOf(path, { from: { kind: 'end-of-base' } })).toMatchObject({ code: 'USAGE' });
  });

  test('empty', async () => {
    const { lines, source } = await read(scratch.file('a.aof', ''));
    expect(lines).toEqual([]);
    expect(source.tail).toEqual({});
  });
});

describe('from and until', () => {
  const first = logOf(
    'SET early 0',
    '#TS:100',
    'SELECT 2',
    'SET a 1',
    '#TS:101',
    'MULTI',
    'SET b 2',
    '#TS:102',
    'SET c 3',
    'EXEC',
    'SET d 4',
  );
  const second = logOf('#TS:105', 'SELECT 3', 'SET e 5', '#TS:104', 'SET f 6');
  const make = () =>
    folder(TWO, { 'a.1.base.rdb': rdb(['k']), 'a.1.incr.aof': first, 'a.2.incr.aof': second });
  const time = (seconds: number): LogPosition => ({ kind: 'time', seconds });
  const at = (part: string | number, offset: number): LogPosition => ({ kind: 'part-offset', part, offset });
  const all = [
    'SET early 0',
    'SELECT 2',
    'SET a 1',
    'MULTI',
    'SET b 2',
    'SET c 3',
    'EXEC',
    'SET d 4',
    'SELECT 3',
    'SET e 5',
    'SET f 6',
  ];

  test.each([
    [time(0), 1],
    [time(100), 1],
    [time(101), 3],
    [time(102), 3],
    [time(103), 8],
    [time(104), 8],
    [time(105), 8],
    [time(106), 11],
    [{ kind: 'end-of-base' } as LogPosition, 0],
    [at(1, 0), 0],
    [at('a.1.incr.aof', placeIn(first, '*1\r\n$5\r\nMULTI')), 3],
    [at(1, placeIn(first, '#TS:101')), 3],
    [at(1, first.length), 8],
    [at(2, 0), 8],
    [at(2, second.length), 11],
  ])('from %j begins with command %i, and until there ends before it', async (position, index) => {
    const path = make();
    const from = await read(path, { from: position });
    expect(from.keys).toEqual([]);
    expect(from.lines).toEqual(all.slice(index));
    const until = await read(path, {
      until: position.kind === 'time' ? time(position.seconds - 1) : position,
    });
    expect(until.keys).toEqual(['k']);
    expect(until.lines).toEqual(all.slice(0, index));
    expect(until.source.tail.open).toBeUndefined();
  });

  test('the database and the time before a position hold at it', async () => {
    const { collector } = await read(make(), { from: at(1, placeIn(first, '*3\r\n$3\r\nSET\r\n$1\r\nd')) });
    expect(collector.commands[0]).toMatchObject({ args: ['SET', 'd', '4'], db: 2, time: 102 });
  });

  test('both', async () => {
    expect((await read(make(), { from: time(101), until: time(102) })).lines).toEqual(all.slice(3, 8));
    expect(await errorOf(make(), { from: time(105), until: time(101) })).toMatchObject({ code: 'USAGE' });
  });

  test('within a command, a transaction, or behind the end: refused, with the nearest', async () => {
    const path = make();
    const multi = placeIn(first, '*1\r\n$5\r\nMULTI');
    const behind = placeIn(first, '*3\r\n$3\r\nSET\r\n$1\r\nd');
    const b = placeIn(first, '*3\r\n$3\r\nSET\r\n$1\r\nb');
    for (const inside of [b, b + 1, placeIn(first, '$4\r\nEXEC')]) {
      expect(await errorOf(path, { from: at(1, inside) })).toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining(`a.1.incr.aof:${multi} and a.1.incr.aof:${behind}`),
      });
      expect((await read(path, { until: at(1, inside) })).lines).toEqual(all.slice(0, 3));
    }
    const select = placeIn(first, '*2\r\n$6\r\nSELECT');
    expect(await errorOf(path, { until: at(1, select + 3) })).toMatchObject({
      hint: expect.stringContaining(`:${select} and a.1.incr.aof:${select + logOf('SELECT 2').length}`),
    });
    expect(await errorOf(path, { from: at(1, first.length + 1) })).toMatchObject({
      message: expect.stringContaining('behind the end'),
      hint: expect.stringContaining(`:${first.length}`),
    });
    expect(await errorOf(path, { from: at('x', 1) })).toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('a.2.incr.aof'),
    });
  });

  test('within the dump of a single file', async () => {
    const dump = rdb(['k'], { isBase: true });
    const path = scratch.file('a.aof', Buffer.concat([dump, first]));
    expect(await errorOf(path, { from: at('a.aof', 5) })).toMatchObject({
      hint: expect.stringContaining(`a.aof:${dump.length}`),
    });
    for (const from of [{ kind: 'end-of-base' } as const, at('a.aof', dump.length)]) {
      expect(await read(path, { from })).toMatchObject({ lines: all.slice(0, 8), keys: [] });
    }
    expect(await read(path, { until: { kind: 'end-of-base' } })).toMatchObject({ lines: [], keys: ['k'] });
    expect((await read(path, { from: time(101) })).lines).toEqual(all.slice(3, 8));
  });

  test('a log without times has none to begin at', async () => {
    const path = scratch.file('a.aof', logOf('SET a 1'));
    for (const option of [{ from: time(5) }, { until: time(5) }]) {
      expect(await errorOf(path, option)).toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('no times'),
      });
    }
  });

  test('what is odd about times is said', async () => {
    const { source } = await read(make(), { from: time(101) });
    expect(source.notes.join('\n')).toMatch(/1 command before the first time was left out.*went back once/s);
    expect(source.state.times).toMatchObject({ last: 105, backwards: 1, future: 0 });
    const later = scratch.file('later.aof', logOf('#TS:99999999999', 'SET a 1'));
    expect((await read(later)).source.notes.join()).toMatch(/future/);
    expect((await read(make(), { from: time(200) })).source.notes.join()).toMatch(/no command is as late/);
  });
});

test('a manifest that is a pipe is not waited for, a part that is a link to itself is not there', () => {
  execFileSync('mkfifo', [scratch.path('p.manifest')]);
  expect(() => surveyAof(scratch.folder)).toThrow(expect.objectContaining({ code: 'IO' }));
  rmSync(scratch.path('p.manifest'));
  const path = folder('file loop.aof seq 1 type i\n', {});
  symlinkSync('loop.aof', join(path, 'loop.aof'));
  expect(surveyAof(path).missing).toMatchObject([{ name: 'loop.aof' }]);
});

test('a file that becomes shorter while it is read is no log that is cut off', async () => {
  const path = scratch.file(
    'a.aof',
    Buffer.concat([logOf('SET a 1'), respBytes('SET', 'b', Buffer.alloc(4 << 20))]),
  );
  const reading = async () => {
    for await (const _ of aofSource(path).read(new AbortController().signal)) truncateSync(path, 1 << 20);
  };
  await expect(reading()).rejects.toMatchObject({ code: 'IO', subject: path });
});

describe('a log whose first bytes do not tell', () => {
  const log = logOf('SELECT 0', 'SET a 1', 'SET b 2', 'SET c 3');
  const zeros = Buffer.alloc(5000);
  test.each<[string, Uint8Array, string]>([
    ['its first byte is gone', Buffer.concat([Buffer.of(0), log.subarray(1)]), 'aof'],
    ['it begins in a value', log.subarray(30), 'aof'],
    ['it begins with zeros', Buffer.concat([zeros, log]), 'aof'],
    ['it is cut off, too', Buffer.concat([Buffer.of(0), log.subarray(1, 80)]), 'aof'],
    ['zeros are no log', zeros, 'rdb'],
    ['a dump without its magic', rdb(['k', '\r\n*2\r\n$3\r\nDEL\r\n']).subarray(9), 'rdb'],
  ])('%s', async (_, bytes, kind) => {
    expect(await detectInput(scratch.file('input', bytes))).toBe(kind);
  });
});

describe('what an input is', () => {
  const log = logOf('SET a 1');
  const cases: [string, Uint8Array, string][] = [
    ['a dump', rdb(['k']), 'rdb'],
    ['a dump that is a base', rdb(['k'], { isBase: true }), 'rdb'],
    ['a dump that is a base, with commands', Buffer.concat([rdb(['k'], { isBase: true }), log]), 'aof'],
    ['a dump with commands', Buffer.concat([rdb(['k']), log]), 'aof'],
    [
      'a base with half of a command',
      Buffer.concat([rdb(['k'], { isBase: true }), log.subarray(0, 9)]),
      'aof',
    ],
    ['commands', log, 'aof'],
    ['a time', logOf('#TS:1'), 'aof'],
    ['lines', Buffer.from('\n{"db":0}\n'), 'jsonl'],
    ['a manifest', Buffer.from('file a seq 1 type b\n'), 'manifest'],
    ['a manifest with a comment', Buffer.from('# comment\nfile a seq 1 type b\n'), 'manifest'],
    ['nothing', new Uint8Array(0), 'rdb'],
    ['something else', Buffer.from('hello'), 'rdb'],
    ['a dump whose keys speak of bases', rdb(['aof-base']), 'rdb'],
  ];

  test.each(cases)('%s', async (_, bytes, kind) => {
    expect(await detectInput(scratch.file('input', bytes))).toBe(kind);
  });

  test.each(cases.filter(([name]) => !/with commands$|is a base$/.test(name) || name.includes('base, with')))(
    '%s as a stream, compressed or not, which is whole still',
    async (_, bytes, kind) => {
      for (const content of [bytes, gzipSync(bytes)]) {
        const stream = new Readable({ read: () => {} });
        for (let at = 0; at < content.length; at += 100) stream.push(content.subarray(at, at + 100));
        stream.push(null);
        const detected = await detectStream(stream);
        expect(detected.kind).toBe(kind);
        const pieces: Uint8Array[] = [];
        for await (const piece of detected.stream) pieces.push(piece as Uint8Array);
        expect(Buffer.concat(pieces).equals(content)).toBe(true);
        expect(await detectInput(scratch.file('input', gzipSync(bytes)))).toBe(kind);
      }
    },
  );

  test('a stream that gives nothing more is broken off with the one that is read', async () => {
    const silent = new Readable({ read: () => {} });
    silent.push(Buffer.alloc(5000, 'x'));
    const { stream } = await detectStream(silent);
    const closed = new Promise((resolve) => silent.once('close', resolve));
    stream.destroy();
    await closed;
  });

  test('a folder', async () => {
    expect(await detectInput(scratch.folder)).toBe('aof-folder');
    await expect(detectInput(scratch.path('none'))).rejects.toMatchObject({ code: 'IO' });
  });
});
