import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePosition } from '../../src/aof/position.js';
import { repairCode } from '../../src/io/aof-repair-report.js';
import { type RepairAofOptions, repairAof } from '../../src/io/repair-aof.js';
import { salvageBase } from '../../src/io/salvage-base.js';
import { logOf, placeIn, respBytes } from '../support/log-bytes.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { Scratch } from '../support/scratch.js';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

async function repair(bytes: Uint8Array, options: RepairAofOptions = {}) {
  const out = scratch.path('out.aof');
  rmSync(out, { force: true });
  const report = await repairAof(scratch.file('log.aof', bytes), out, options);
  return { report, code: repairCode(report), output: readFileSync(out) };
}

/** A log as text in which a blank parts words, and each command has a line. */
function shown(bytes: Uint8Array): string[] {
  return Buffer.from(bytes)
    .toString('latin1')
    .split(/(?=\*\d+\r\n|#)/)
    .map((text) =>
      text.startsWith('#') ? text.trim() : text.split('\r\n').filter((_, i) => i > 0 && i % 2 === 0),
    )
    .map((words) => (typeof words === 'string' ? words : words.join(' ')));
}

describe('text of values that looks like commands', () => {
  const inner = Buffer.concat([Buffer.from('\r\n'), logOf('FLUSHALL', 'SET inner 1')]);
  const value = Buffer.concat([inner, Buffer.alloc(60, 0x78)]);
  const log = Buffer.concat([logOf('SET a 1'), respBytes('SET', 'k', value), logOf('SET b 1', 'SET c 1')]);
  const at = placeIn(log, 'FLUSHALL') + 'FLUSHALL'.length + 2;

  test('none of it where the log is cut off in the value', async () => {
    for (let size = at; size < at + 40; size++) {
      const { output, code } = await repair(log.subarray(0, size));
      expect(shown(output)).toEqual(['SET a 1']);
      expect(code).toBe(1);
    }
  });

  test('none of it where bytes of the value are changed, left out or put in', async () => {
    const end = log.length - logOf('SET b 1', 'SET c 1').length;
    for (let i = at; i < end; i += 7) {
      const left = log.subarray(0, i);
      for (const damaged of [
        Buffer.concat([left, Buffer.alloc(end - i), log.subarray(end)]),
        Buffer.concat([left, Buffer.from('more'), log.subarray(i)]),
        Buffer.concat([left, log.subarray(i + 1)]),
      ]) {
        const { output } = await repair(damaged);
        expect(shown(output).filter((command) => /FLUSHALL|inner/.test(command as string))).toEqual([]);
        expect(shown(output)).toEqual(expect.arrayContaining(['SET a 1', 'SET c 1']));
      }
    }
  });
});

test('commands that pass for a note, because of a byte and the zeros behind it, are told as lost', async () => {
  const log = logOf('SET a 1', 'SET b 1', 'SET c 1', 'SET d 1');
  const damaged = Buffer.from(log);
  damaged.fill(0, placeIn(log, '*3', 1) + 1, placeIn(log, '*3', 3) - 1);
  damaged[placeIn(log, '*3', 1)] = 0x23;
  const { output, code, report } = await repair(damaged);
  expect(shown(output)).toEqual(['SET a 1', 'SET d 1']);
  expect(code).toBe(1);
  expect(report.lost).toMatchObject([{ from: placeIn(log, '*3', 1), to: placeIn(log, '*3', 3) }]);
});

test('nothing of a transaction that damage falls into twice', async () => {
  const log = logOf('SET a 1', 'MULTI', 'SET b 1', 'SET c 1', 'SET d 1', 'EXEC', 'SET e 1');
  for (const place of [placeIn(log, '*3', 1), placeIn(log, '*3', 3)]) log[place] = 0;
  const { output, report } = await repair(log);
  expect(shown(output)).toEqual(['SET a 1', 'SET e 1']);
  expect(report.bytes.lost).toBe(log.length - output.length);
  expect(report.lost.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(report.bytes.lost);
  expect(report.lost).toHaveLength(report.lostRanges);
});

test('a compressed log is refused as such', async () => {
  const path = scratch.file('a.aof.gz', gzipSync(logOf('SET a 1')));
  await expect(repairAof(path, scratch.path('out'))).rejects.toMatchObject({ code: 'USAGE', subject: path });
});

test('text in a whole argument before the damage is none', async () => {
  const value = Buffer.concat([Buffer.from('x\r\n'), logOf('FLUSHALL', 'SET inner 1')]);
  const log = Buffer.concat([logOf('SET a 1'), respBytes('RPUSH', 'k', value, 'more'), logOf('SET b 1')]);
  log[placeIn(log, '$4\r\nmore')] = 0;
  const { output } = await repair(log);
  expect(shown(output)).toEqual(['SET a 1', 'SET b 1']);
});

describe('what is kept', () => {
  test('all of a whole log, with its notes', async () => {
    const log = logOf('#TS:100', 'SELECT 0', 'SET a 1', '# another', 'MULTI', 'EXEC', '#TS:200');
    const { output, code, report } = await repair(log);
    expect(output).toEqual(log);
    expect(code).toBe(0);
    expect(report.parts.map(({ result }) => result)).toEqual(['unchanged']);
  });

  test('an empty log is one', async () => {
    const { output, code } = await repair(Buffer.alloc(0));
    expect(output).toHaveLength(0);
    expect(code).toBe(0);
  });

  test('nothing of a transaction whose EXEC is lost, and nothing up to the MULTI that follows', async () => {
    const log = logOf('SET a 1', 'MULTI', 'SET b 1', 'SET late 1', 'MULTI', 'SET c 1', 'EXEC', 'SET d 1');
    const { output, code, report } = await repair(log);
    expect(shown(output)).toEqual(['SET a 1', 'MULTI', 'SET c 1', 'EXEC', 'SET d 1']);
    expect(code).toBe(1);
    expect(report.commands).toEqual({ kept: 5, lost: 3, removed: 0 });
    const [range] = report.lost;
    expect(range).toMatchObject({ reason: 'a transaction without EXEC, another begins in it', commands: 3 });
    expect(range?.before).toMatchObject({ name: 'SET', key: Uint8Array.of(0x61), db: 0, offset: 0 });
    expect(range?.after).toMatchObject({ name: 'MULTI', key: undefined, offset: range?.to });
  });

  test('nothing between damage and an EXEC, for its MULTI was there', async () => {
    const log = logOf('SET a 1', 'MULTI', 'SET b 1', 'SET c 1', 'EXEC', 'SET d 1');
    log[placeIn(log, 'MULTI') - 2] = 0;
    const { output, report } = await repair(log);
    expect(shown(output)).toEqual(['SET a 1', 'SET d 1']);
    expect(report.lost.map(({ reason, commands }) => [reason, commands])).toEqual([
      ['a header holds no number', 0],
      ['the end of a transaction whose beginning is lost', 3],
    ]);
    expect(report.lost.map(({ after }) => after?.offset)).toEqual(Array(2).fill(placeIn(log, '*3', 3)));
    expect(report.lost.map(({ before }) => before?.offset)).toEqual([0, 0]);
  });

  test('an EXEC that nothing explains goes alone', async () => {
    const { output, report } = await repair(logOf('SET a 1', 'EXEC', 'SET d 1'));
    expect(shown(output)).toEqual(['SET a 1', 'SET d 1']);
    expect(report.lost.map(({ reason }) => reason)).toEqual([
      'EXEC without MULTI, with nothing lost before it',
    ]);
  });

  test('names that were damaged into others that no server knows are no frame of a transaction', async () => {
    for (const [from, to] of [['MULTI', 'MULTJ'] as const, ['EXEC', 'EXEB'] as const]) {
      const log = logOf('SET a 1', 'MULTI', 'SET b 1', 'EXEC', 'SET d 1');
      log.write(to, placeIn(log, from), 'latin1');
      const { output } = await repair(log);
      expect(shown(output)).toEqual(['SET a 1', 'SET d 1']);
      scratch.remove();
      scratch = new Scratch();
    }
  });

  test('no command that claims fewer arguments than it has', async () => {
    const log = logOf('SET a 1', 'MSET b 1 c 1', 'SET d 1');
    log.write('3', placeIn(log, '*5') + 1, 'latin1');
    const { output, report } = await repair(log);
    expect(shown(output)).toEqual(['SET a 1', 'SET d 1']);
    expect(report.commands).toEqual({ kept: 2, lost: 1, removed: 0 });
    expect(report.lost).toMatchObject([{ before: { offset: 0 } }]);
  });

  test('no command with arguments that it does not take', async () => {
    const { output, report } = await repair(logOf('SET a 1', 'SET b', 'SET c 1'));
    expect(shown(output)).toEqual(['SET a 1', 'SET c 1']);
    expect(report.lost.map(({ reason }) => reason)).toEqual(['SET with 2 arguments']);
  });

  test('modules may have their commands, which are told', async () => {
    const { code, report } = await repair(logOf('JSON.THING a', 'NEWER a b c'));
    expect(code).toBe(0);
    expect(report.notes.map((note) => note.split(' ')[0])).toEqual(['JSON.THING', 'NEWER']);
  });

  test('a length that reaches over other commands takes none along', async () => {
    const log = logOf('SET a 1', 'SET b 1', 'SET c 1', 'SET d 1', 'SET e 1');
    const at = placeIn(log, '$1\r\n1', 1);
    const lying = Buffer.concat([log.subarray(0, at), Buffer.from('$9999'), log.subarray(at + 2)]);
    const { output, report } = await repair(lying);
    expect(shown(output)).toEqual(['SET a 1', 'SET c 1', 'SET d 1', 'SET e 1']);
    expect(report.lost.map(({ reason }) => reason)).toEqual([
      'the length of an argument reaches over other commands',
    ]);
  });
});

describe('databases', () => {
  test('what follows damage is doubtful up to the next SELECT', async () => {
    const log = logOf('SELECT 2', 'SET a 1', 'SELECT 3', 'SET b 1', 'SET c 1', 'SELECT 4', 'SET d 1');
    log[placeIn(log, '*2', 1)] = 0;
    const { output, report, code } = await repair(log);
    expect(shown(output)).toEqual(['SELECT 2', 'SET a 1', 'SET b 1', 'SET c 1', 'SELECT 4', 'SET d 1']);
    const from = placeIn(log, '*3', 1);
    expect(report.doubts).toEqual([{ part: 'log.aof', from, to: placeIn(log, '*2', 1), db: 2 }]);
    expect(code).toBe(1);
  });

  test('no doubt reaches over what is lost again', async () => {
    const log = logOf('SELECT 2', 'SET a 1', 'SET b 1', 'MULTI', 'SET c 1');
    const { report } = await repair(Buffer.concat([Buffer.from('x'), log.subarray(placeIn(log, '*3'))]));
    expect(report.doubts).toEqual([{ part: 'log.aof', from: 1, to: report.lost.at(-1)?.from, db: 0 }]);
  });

  test('a SELECT that goes with its transaction is put before what follows', async () => {
    const log = logOf('SELECT 2', 'SET a 1', 'MULTI', 'SELECT 5', 'SET b 1', 'SET c 1', 'EXEC', 'SET d 1');
    log[placeIn(log, 'c') - 4] = 0;
    const { output, report } = await repair(log);
    expect(shown(output)).toEqual(['SELECT 2', 'SET a 1', 'SELECT 5', 'SET d 1']);
    expect(report.inserted).toMatchObject([{ db: 5, offset: placeIn(log, '*3', 3) }]);
    expect(report.bytes.inserted).toBe(respBytes('SELECT', '5').length);
    expect(report.bytes.kept + report.bytes.inserted).toBe(output.length);
  });
});

describe('what is left out because that was asked for', () => {
  const times = logOf(
    ...[
      'SET a 1',
      '#TS:100',
      'SET b 1',
      '#TS:101',
      'MULTI',
      'SET c 1',
      '#TS:102',
      'SET d 1',
      'EXEC',
      'SET e 1',
    ],
    '#TS:90',
    'SET f 1',
  );

  test.each([
    ['99', ['SET a 1']],
    ['100', ['SET a 1', '#TS:100', 'SET b 1']],
    // Not within the transaction.
    ['101', ['SET a 1', '#TS:100', 'SET b 1', '#TS:101']],
    ['102', shown(times)],
  ])('ends before the first time later than %s', async (until, expected) => {
    const { output, report } = await repair(times, { until: parsePosition(until) });
    expect(shown(output)).toEqual(expected);
    expect(report.bytes.rewound).toBe(times.length - output.length);
    if (until === '102') expect(report.end).toBeUndefined();
    expect(report.lost).toEqual([]);
  });

  test('a log without times has no end at one', async () => {
    await expect(repair(logOf('SET a 1'), { until: parsePosition('100') })).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
    });
    expect(readdirSync(scratch.folder)).toEqual(['log.aof']);
  });

  test('ends at a position, or before what it falls into', async () => {
    const log = logOf('SET a 1', 'SET b 1', 'MULTI', 'SET c 1', 'EXEC', 'SET d 1');
    const second = placeIn(log, '*3', 1);
    const multi = placeIn(log, '*1');
    for (const [offset, end] of [
      [0, 0],
      [second - 1, 0],
      [second, second],
      [multi + 30, multi],
      [placeIn(log, '*3', 3), placeIn(log, '*3', 3)],
      [log.length, log.length],
    ] as const) {
      const { output, report } = await repair(log, { until: parsePosition(`log.aof:${offset}`) });
      expect(output).toEqual(log.subarray(0, end));
      expect(report.end).toEqual({ part: 'log.aof', offset: end });
      scratch.remove();
      scratch = new Scratch();
    }
    await expect(repair(log, { until: parsePosition('log.aof:9999') })).rejects.toMatchObject({
      code: 'USAGE',
    });
    await expect(repair(log, { until: parsePosition('other:0') })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('commands by name, in transactions, too', async () => {
    const log = logOf(
      ...[
        'SELECT 1',
        'FLUSHALL',
        'SET a 1',
        'MULTI',
        'flushall',
        'EXEC',
        'MULTI',
        'FLUSHALL ASYNC',
        'SET b 1',
      ],
      ...['EXEC', 'MULTI', 'SELECT 2', 'FLUSHALL', 'EXEC', 'SET c 1', 'MULTI', 'EXEC', 'FLUSHDB'],
    );
    const { output, report, code } = await repair(log, { without: ['FlushAll', 'SWAPDB'] });
    expect(shown(output)).toEqual([
      ...['SELECT 1', 'SET a 1', 'MULTI', 'SET b 1', 'EXEC', 'MULTI', 'SELECT 2', 'EXEC', 'SET c 1'],
      ...['MULTI', 'EXEC', 'FLUSHDB'],
    ]);
    expect(report.commands).toEqual({ kept: 12, lost: 0, removed: 6 });
    expect(report.bytes.removed).toBe(log.length - output.length);
    expect(report.notes).toEqual(['no SWAPDB is in it']);
    expect(code).toBe(0);
  });

  test('one command, by its position', async () => {
    const log = logOf('SET a 1', 'DEL a', 'SET b 1', 'DEL a');
    const position = parsePosition(`log.aof:${placeIn(log, '*2', 1)}`);
    const { output } = await repair(log, { without: [position] });
    expect(shown(output)).toEqual(['SET a 1', 'DEL a', 'SET b 1']);
  });

  test('nothing that is not there, and no frame', async () => {
    const log = logOf('SET a 1', 'DEL a');
    const wrong = { without: [parsePosition('log.aof:1')] };
    await expect(repair(log, wrong)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(repair(log, { without: ['select'] })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('folders', () => {
  const dump = new RdbBuilder().selectDb(0).key(0, 'base', Buffer.from('\x05value')).build();
  const parts: Readonly<Record<string, Uint8Array>> = {
    'a.1.base.rdb': dump,
    'a.1.incr.aof': logOf('SELECT 0', 'SET a 1'),
    'a.2.incr.aof': logOf('SELECT 0', 'SET b 1'),
    'a.3.incr.aof': logOf('SELECT 0', 'SET c 1'),
  };
  const manifest = [
    'file a.1.base.rdb seq 1 type b',
    'file a.1.incr.aof seq 1 type i startoffset 1',
    'file a.2.incr.aof seq 2 type i startoffset 50',
    'file a.3.incr.aof seq 3 type i startoffset 100',
    '',
  ].join('\n');

  function folder(files: Readonly<Record<string, Uint8Array | string>>): string {
    const path = scratch.path('aof');
    mkdirSync(path);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
    return path;
  }

  const read = (name: string) => readFileSync(join(scratch.path('out'), name));

  test('are copied as they are', async () => {
    const path = folder({ ...parts, 'a.manifest': manifest });
    const report = await repairAof(path, scratch.path('out'));
    expect(repairCode(report)).toBe(0);
    for (const [name, bytes] of Object.entries(parts)) expect(read(name)).toEqual(Buffer.from(bytes));
    expect(read('a.manifest').toString()).toBe(manifest);
    expect(readdirSync(scratch.path('out'))).toHaveLength(5);
  });

  test.each([
    ['file a.2.incr.aof seq 2 type i startoffset 50', 'file ../a.2.incr.aof seq 2 type i'],
    ['file a.2.incr.aof seq 2', 'file "a.2.incr.aof seq 2'],
    ['seq 2', 'seq x'],
    ['file a.3.incr.aof seq 3 type i startoffset 100\n', 'file a.3.incr'],
  ])('a line of the manifest that cannot be read is a part that is lost: %s, %s', async (from, to) => {
    const path = folder({ ...parts, 'a.manifest': manifest.replace(from, to) });
    const report = await repairAof(path, scratch.path('out'));
    expect(repairCode(report)).toBe(1);
    expect(report.lostParts).toMatchObject([{ name: expect.stringMatching(/^line [34] of the manifest$/) }]);
    expect(readdirSync(scratch.path('out'))).toHaveLength(4);
    expect(read('a.manifest').toString()).not.toContain('endoffset');
  });

  test('a single file that is cut off in its dump keeps the keys before', async () => {
    const dump = new RdbBuilder()
      .aux('aof-base', '1')
      .key(0, 'a', Buffer.from('\x01x'))
      .key(0, 'b', Buffer.from('\x05value'))
      .build();
    const source = scratch.file('cut.aof', dump.subarray(0, -12));
    const report = await repairAof(source, scratch.path('out'), { salvageBase });
    expect(repairCode(report)).toBe(1);
    expect(report.salvage).toMatchObject({ keys: { written: 1 }, hasEnd: false });
    expect(report.bytes).toMatchObject({ salvagedFrom: dump.length - 12, kept: 0, lost: 0 });
  });

  test('what a part begins with is in database 0, and in that of the part before where damage took its SELECT', async () => {
    const path = folder({
      'a.1.incr.aof': logOf('SELECT 3', 'SET a 1'),
      'a.2.incr.aof': Buffer.concat([Buffer.of(0), logOf('SELECT 3', 'SET b 1').subarray(1)]),
      'a.3.incr.aof': logOf('SET c 1', 'SELECT 3', 'SET d 1'),
      'a.manifest': [1, 2, 3].map((seq) => `file a.${seq}.incr.aof seq ${seq} type i\n`).join(''),
    });
    const report = await repairAof(path, scratch.path('out'));
    expect(shown(read('a.2.incr.aof'))).toEqual(['SELECT 3', 'SET b 1']);
    expect(shown(read('a.3.incr.aof'))).toEqual(['SET c 1', 'SELECT 3', 'SET d 1']);
    expect(report.inserted).toMatchObject([{ part: 'a.2.incr.aof', db: 3 }]);
    expect(report.doubts[0]).toMatchObject({ part: 'a.2.incr.aof', db: 3 });
  });

  test('a base that no line names that can be read is refused', async () => {
    const path = folder({ ...parts, 'a.manifest': manifest.replace('type b', 'type') });
    await expect(repairAof(path, scratch.path('out'))).rejects.toMatchObject({ code: 'INPUT_CORRUPT' });
    expect(readdirSync(scratch.folder)).not.toContain('out');
  });

  test('a signal is seen between two parts', async () => {
    const stop = new AbortController();
    const path = folder({ ...parts, 'a.manifest': manifest });
    const onPart = () => stop.abort();
    const repairing = repairAof(path, scratch.path('out'), { signal: stop.signal, onPart });
    await expect(repairing).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(scratch.folder)).toEqual(['aof']);
  });

  test('parts that are torn, missing, in no order, named twice, or named by nobody', async () => {
    const { 'a.2.incr.aof': _, ...others } = parts;
    const lines = manifest.trim().split('\n');
    const path = folder({
      ...others,
      'a.1.incr.aof': (parts['a.1.incr.aof'] as Uint8Array).subarray(0, -3),
      'a.9.incr.aof': logOf('SET orphan 1'),
      'a.manifest': `${[lines[3], lines[2], lines[1], lines[1], lines[0]].join('\n')}\n`,
    });
    const report = await repairAof(path, scratch.path('out'));
    expect(repairCode(report)).toBe(1);
    expect(read('a.1.incr.aof')).toEqual(logOf('SELECT 0'));
    expect(read('a.manifest').toString()).toBe(
      [
        'file a.1.base.rdb seq 1 type b',
        'file a.1.incr.aof seq 1 type i startoffset 1',
        'file a.3.incr.aof seq 3 type i',
        '',
      ].join('\n'),
    );
    expect(report.lostParts).toEqual([{ name: 'a.2.incr.aof', reason: 'it is not there' }]);
    expect(report.lost.map(({ reason }) => reason)).toEqual([
      'the part is cut off within a command, and is not the last',
    ]);
    expect(report.orphans).toEqual(['a.9.incr.aof']);
    expect(report.manifestFaults.length).toBeGreaterThan(1);
    // The SELECT at the beginning of the part takes the doubt away.
    expect(report.doubts).toEqual([]);
  });

  test('end with the part that holds the end', async () => {
    const path = folder({ ...parts, 'a.manifest': manifest });
    const select = logOf('SELECT 0').length;
    const report = await repairAof(path, scratch.path('out'), { until: parsePosition(`2:${select}`) });
    expect(read('a.2.incr.aof')).toEqual(logOf('SELECT 0'));
    expect(readdirSync(scratch.path('out'))).not.toContain('a.3.incr.aof');
    expect(report.end).toEqual({ part: 'a.2.incr.aof', offset: select });
    expect(report.parts.at(-1)).toMatchObject({ name: 'a.3.incr.aof', result: 'absent' });
    expect(report.bytes.in).toBe(report.bytes.kept + report.bytes.rewound);
    await repairAof(path, scratch.path('base'), { until: parsePosition('end-of-base') });
    expect(readdirSync(scratch.path('base')).sort()).toEqual(['a.1.base.rdb', 'a.manifest']);
  });

  test('a damaged base is salvaged where that is given, and never copied', async () => {
    const damaged = Uint8Array.from(dump);
    damaged[damaged.length - 3] = (damaged[damaged.length - 3] as number) ^ 1;
    const path = folder({ ...parts, 'a.1.base.rdb': damaged, 'a.manifest': manifest });
    await expect(repairAof(path, scratch.path('out'))).rejects.toMatchObject({ code: 'INPUT_CHECKSUM' });
    expect(readdirSync(scratch.folder)).toEqual(['aof']);
    const report = await repairAof(path, scratch.path('out'), {
      salvageBase: async (_, out) => {
        writeFileSync(out, dump);
        return { end: undefined, report: { keys: 1 } };
      },
    });
    expect(read('a.1.base.rdb')).toEqual(Buffer.from(dump));
    expect(repairCode(report)).toBe(1);
    expect(report.salvage).toEqual({ keys: 1 });
    expect(report.bytes).toMatchObject({ salvagedFrom: dump.length, salvagedTo: dump.length });
  });

  test('a preamble is kept, and the log behind it mended', async () => {
    const log = logOf('SELECT 0', 'SET a 1', 'SET b 1');
    const torn = Buffer.concat([dump, log.subarray(0, -1)]);
    const { output, report } = await repair(torn);
    expect(output).toEqual(Buffer.concat([dump, log.subarray(0, placeIn(log, '*3', 1))]));
    expect(report.lost).toMatchObject([{ from: output.length, to: torn.length }]);
  });

  test('takes no place that is taken, or in the source', async () => {
    const path = folder({ ...parts, 'a.manifest': manifest });
    for (const out of [path, join(path, 'out')]) {
      await expect(repairAof(path, out)).rejects.toMatchObject({ code: 'USAGE' });
    }
    mkdirSync(scratch.path('full'));
    scratch.file('full/file', '');
    await expect(repairAof(path, scratch.path('full'))).rejects.toMatchObject({ code: 'IO' });
    mkdirSync(scratch.path('empty'));
    await repairAof(path, scratch.path('empty'));
    expect(readdirSync(scratch.path('empty'))).toContain('a.manifest');
    const file = scratch.file('log', logOf('SET a 1'));
    await expect(repairAof(file, file)).rejects.toMatchObject({ code: 'USAGE' });
    copyFileSync(file, scratch.path('other'));
    await expect(repairAof(file, scratch.path('other'))).rejects.toMatchObject({ code: 'IO' });
    chmodSync(file, 0o444);
    await repairAof(file, scratch.path('new'));
  });
});

test('a command larger than what is held at once is copied', async () => {
  const large = respBytes('SET', 'large', Buffer.alloc(300_000, '\r\n*1\r\n'));
  const log = Buffer.concat([logOf('SET a 1'), large, Buffer.from('junk'), large, logOf('SET b 1')]);
  const limits = { maxInlineCommand: 65_536, commandHeadBytes: 1024 };
  const { output, report } = await repair(log, { limits });
  expect(output.equals(Buffer.concat([logOf('SET a 1'), large, large, logOf('SET b 1')]))).toBe(true);
  expect(report.bytes.lost).toBe(4);
});
