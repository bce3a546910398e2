import { describe, expect, test } from 'vitest';
import { Account, type Refusal } from '../../src/account.js';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import type { ExpiryDialect } from '../../src/aof/expiry-rewriter.js';
import { fieldTimes, HeldPart, keyTimes } from '../../src/aof/held-time.js';
import { type Emit, run, type Sink } from '../../src/pipeline.js';
import { type DumpRecord, KeyRecord } from '../../src/record.js';
import { expiryDialectOf } from '../../src/redis/expiry-dialect.js';
import { type HeldKeyNotes, HoldNote } from '../../src/stages/held-keys.js';
import { holdExpiries } from '../../src/stages/hold-expiries.js';
import { logBegin, logCommand } from '../support/log-commands.js';
import { command, LogSource } from '../support/log-source.js';

const lookup = new CommandLookup();
const NOW = 1_800_000_000_000;
const past = NOW - 5000;
const soon = NOW + 59_999;
const far = NOW + 60_000;
const H = (atMs: number) => String(keyTimes.hold(atMs));
const F = (atMs: number) => String(fieldTimes.hold(atMs));

/** What the stage made of records, and whom it told what. */
class Trial {
  readonly noted: string[] = [];
  readonly notes: string[] = [];
  readonly parts: Buffer[] = [];
  readonly failures: Refusal[] = [];
  emitted = 0;
  size = 0;
  hasFields = false;
  private readonly stage;
  private readonly emit: Emit;

  constructor(dialect?: ExpiryDialect) {
    const { noted } = this;
    const trial = this;
    this.stage = holdExpiries(
      {
        get size() {
          return trial.size;
        },
        get hasFields() {
          return trial.hasFields;
        },
        add: (parts, db, bytes, start, end, atMs) => {
          const what = parts === HeldPart.key ? 'key' : parts === HeldPart.fields ? 'fields' : 'both';
          noted.push(`${what} ${db}/${Buffer.from(bytes.subarray(start, end))} ${atMs ?? '?'}`);
        },
        swap: (first, second) => noted.push(`swap ${first} ${second}`),
        flush: () => {},
      },
      { windowMs: 60_000, nowMs: () => NOW, ...(dialect !== undefined && { dialect }) },
    );
    this.emit = Object.assign(
      (record: DumpRecord) => {
        this.emitted++;
        if (record.kind === 'log-part') this.parts.push(Buffer.from(record.bytes));
      },
      {
        fail: (_: unknown, refusal: Refusal) => this.failures.push(refusal),
        note: (text: string) => this.notes.push(text),
        add: () => {},
        skip: () => {},
        hold: () => {},
        pour: () => {},
      },
    );
  }

  give<T extends DumpRecord>(record: T): T {
    this.stage.write(record, this.emit);
    return record;
  }

  line(line: string, timeSeconds = -1): string {
    const record = logCommand(line.split(' '), lookup);
    record.db = 3;
    record.timeSeconds = timeSeconds;
    this.give(record);
    return Array.from({ length: record.argumentCount }, (_, i) => Buffer.from(record.argument(i))).join(' ');
  }
}

describe('what expires before the window ends', () => {
  test.each([
    [`PEXPIREAT k ${past}`, `PEXPIREAT k ${H(past)}`, past],
    [`pexpireat k ${soon} gt`, `PEXPIREAT k ${H(soon)}`, soon],
    [`EXPIREAT k ${past / 1000} NX LT`, `PEXPIREAT k ${H(past)}`, past],
    ['PEXPIREAT k -7', `PEXPIREAT k ${H(1)}`, 1],
    ['EXPIREAT k -9223372036854775808', `PEXPIREAT k ${H(1)}`, 1],
    [`SET k v PXAT ${past}`, `SET k v PXAT ${H(past)}`, past],
    [`SET k v NX EXAT ${past / 1000} GET`, `SET k v NX PXAT ${H(past)} GET`, past],
    [`GETEX k exat ${past / 1000}`, `GETEX k PXAT ${H(past)}`, past],
    [`RESTORE k ${past} p ABSTTL FREQ 3`, `RESTORE k ${H(past)} p ABSTTL FREQ 3`, past],
  ])('%s', (line, written, atMs) => {
    const trial = new Trial();
    expect(trial.line(line)).toBe(written);
    expect(trial.noted).toEqual([`key 3/k ${atMs}`]);
    expect(trial.notes).toEqual([]);
    expect(trial.emitted).toBe(1);
  });

  test.each([
    ['EXPIRE k 5', `PEXPIREAT k ${H(NOW + 5000)}`],
    ['PEXPIRE k 5 XX', `PEXPIREAT k ${H(NOW + 5)}`],
    ['SETEX k 5 v', `SET k v PXAT ${H(NOW + 5000)}`],
    ['PSETEX k 5 v', `SET k v PXAT ${H(NOW + 5)}`],
    ['SET k v EX 5', `SET k v PXAT ${H(NOW + 5000)}`],
    ['GETEX k PX 5', `GETEX k PXAT ${H(NOW + 5)}`],
    ['RESTORE k 5 p REPLACE', `RESTORE k ${H(NOW + 5)} p REPLACE ABSTTL`],
  ])('%s, from now on', (line, written) => {
    const trial = new Trial();
    expect(trial.line(line)).toBe(written);
    expect(trial.notes).toEqual([HoldNote.relative]);
  });

  test.each([
    ['EXPIRE k 100', `PEXPIREAT k ${H(past + 100_000 - 60_000)}`],
    ['SETEX k 100 v', `SET k v PXAT ${H(past + 100_000 - 60_000)}`],
    ['EXPIRE k 900 GT', `PEXPIREAT k ${past - 60_000 + 900_000}`],
    ['SET k v PX 900000', `SET k v PXAT ${past - 60_000 + 900_000}`],
    ['RESTORE k 900000 p', `RESTORE k ${past - 60_000 + 900_000} p ABSTTL`],
  ])('%s, from when the log says', (line, written) => {
    const trial = new Trial();
    expect(trial.line(line, (past - 60_000) / 1000)).toBe(written);
    expect(trial.notes).toEqual([]);
  });

  test('of every key of MSETEX', () => {
    const trial = new Trial();
    expect(trial.line(`MSETEX 2 a 1 b 2 XX PXAT ${past}`)).toBe(`MSETEX 2 a 1 b 2 XX PXAT ${H(past)}`);
    expect(trial.noted).toEqual([`key 3/a ${past}`, `key 3/b ${past}`]);
  });

  test.each([
    [`HPEXPIREAT k ${past} FIELDS 2 f g`, `HPEXPIREAT k ${F(past)} FIELDS 2 f g`],
    [`HPEXPIREAT k ${past} gt FIELDS 1 NX`, `HPEXPIREAT k ${F(past)} FIELDS 1 NX`],
    [`HEXPIREAT k ${past / 1000} FIELDS 1 f`, `HPEXPIREAT k ${F(past)} FIELDS 1 f`],
    [`HSETEX k FNX PXAT ${past} FIELDS 1 f v`, `HSETEX k FNX PXAT ${F(past)} FIELDS 1 f v`],
    [`HSETEX k FIELDS 1 f PX EXAT ${past / 1000}`, `HSETEX k FIELDS 1 f PX PXAT ${F(past)}`],
    [`HGETEX k EXAT ${past / 1000} FIELDS 1 f`, `HGETEX k PXAT ${F(past)} FIELDS 1 f`],
  ])('of fields: %s', (line, written) => {
    const trial = new Trial();
    expect(trial.line(line)).toBe(written);
    expect(trial.noted).toEqual([`fields 3/k ${past}`]);
  });

  test('of a key of the base', () => {
    const trial = new Trial();
    const key = new KeyRecord();
    key.rename(Buffer.from('k'));
    key.expireAtMs = past;
    expect(trial.give(key).expireAtMs).toBe(keyTimes.hold(past));
    expect(trial.noted).toEqual([`key 0/k ${past}`]);
    key.expireAtMs = far;
    expect(trial.give(key).expireAtMs).toBe(far);
  });

  test('for a target that knows no absolute times', () => {
    const trial = new Trial({ absoluteTtl: false, absoluteSet: false, fieldExpiry: false });
    const left = String(keyTimes.hold(NOW + 5000) - NOW);
    expect(trial.line('RESTORE k 5000 p REPLACE')).toBe(`RESTORE k ${left} p REPLACE`);
    expect(trial.line('SETEX k 5 v')).toBe(`PSETEX k ${left} v`);
    expect(trial.line('SET k v EX 5 NX')).toBe(`SET k v PX ${left} NX`);
    expect(trial.line(`PEXPIREAT k ${past}`)).toBe(`PEXPIREAT k ${H(past)}`);
    const fields = `HPEXPIREAT k ${past} FIELDS 1 f`;
    expect(trial.line(fields)).toBe(fields);
  });

  test('by the version of the target', () => {
    const of = (server: 'Redis' | 'Valkey', version: string) =>
      expiryDialectOf({ server, version, absoluteTtl: true, fieldExpiry: false }).absoluteSet;
    expect(['2.8.24', '5.0.14', '6.0.20', 'unknown'].map((version) => of('Redis', version))).toEqual(
      Array(4).fill(false),
    );
    expect([of('Redis', '6.2.0'), of('Redis', '8.0.2'), of('Valkey', '8.1.1')]).toEqual([true, true, true]);
  });
});

describe('what stays as it is', () => {
  test.each([
    `PEXPIREAT k ${far}`,
    `PEXPIREAT k ${far} GT`,
    `HPEXPIREAT k ${far} GT FIELDS 1 f`,
    'PEXPIREAT k 9223372036854775807',
    'EXPIREAT k 9223372036854775807',
    'SET k v PXAT 0',
    'SET k v PX -5',
    'SET k v KEEPTTL',
    'RESTORE k 0 p',
    'RESTORE k -1 p',
    'PERSIST k',
    'RENAME a b',
    'SWAPDB 0 1',
  ])('%s', (line) => {
    const trial = new Trial();
    expect(trial.line(line)).toBe(line);
    expect([trial.noted, trial.notes, trial.failures]).toEqual([[], [], []]);
  });

  test.each([
    ['PEXPIREAT k soon', HoldNote.unreadable],
    ['SET k v PX', HoldNote.unreadable],
    ['EVAL script 0', HoldNote.scripts],
    ['FCALL f 0', HoldNote.scripts],
    ['NO.SUCH k', HoldNote.scripts],
    ['EXPIRE k 1000', HoldNote.relative],
  ])('%s, which is noted', (line, note) => {
    const trial = new Trial();
    expect(trial.line(line)).toBe(line);
    expect(trial.notes).toEqual([note]);
  });

  test('an expiry that would be taken for one held fails', () => {
    for (const line of [`PEXPIREAT k ${H(5)}`, `SET k v PXAT ${H(5)}`, `HPEXPIREAT k ${F(5)} FIELDS 1 f`]) {
      const trial = new Trial();
      trial.line(line);
      expect(trial.failures.map(({ code }) => code)).toEqual(['TARGET_INCOMPATIBLE']);
      expect(trial.emitted).toBe(0);
    }
    const trial = new Trial();
    expect(trial.line(`PEXPIREAT k ${F(5)}`)).toBe(`PEXPIREAT k ${F(5)}`);
  });
});

describe('while something is held', () => {
  test('conditions, which the log has decided, are dropped', () => {
    const trial = new Trial();
    trial.size = 1;
    expect(trial.line(`PEXPIREAT k ${far} GT`)).toBe(`PEXPIREAT k ${far}`);
    expect(trial.line(`EXPIREAT k 9999999999 nx lt`)).toBe('EXPIREAT k 9999999999');
    expect(trial.line(`HPEXPIREAT k ${far} XX FIELDS 1 f`)).toBe(`HPEXPIREAT k ${far} FIELDS 1 f`);
  });

  test('it is followed to other names and databases', () => {
    const trial = new Trial();
    trial.size = 1;
    for (const line of [
      'RENAME a b',
      'RENAMENX a c',
      'COPY a d REPLACE',
      'COPY a e DB 5',
      'MOVE a 6',
      'SWAPDB 3 4',
    ]) {
      expect(trial.line(line)).toBe(line);
    }
    trial.hasFields = true;
    trial.line('RENAME a b');
    expect(trial.noted).toEqual([
      'key 3/b ?',
      'key 3/c ?',
      'key 3/d ?',
      'key 5/e ?',
      'key 6/a ?',
      'swap 3 4',
      'both 3/b ?',
    ]);
    expect(trial.notes).toEqual([]);
    trial.line('MOVE a nowhere');
    trial.line('COPY a b DB');
    expect(trial.notes).toEqual([HoldNote.destination, HoldNote.destination]);
  });
});

describe('large commands', () => {
  const value = '*3\r\n$3\r\n'.repeat(400);

  /** What a sink gets of a log, with the notes on it. */
  async function passed(
    input: Uint8Array,
    chunk: number,
  ): Promise<{ text: string; notes: string[]; held: string[] }> {
    const account = new Account();
    const held: string[] = [];
    const pieces: Buffer[] = [];
    const notes: HeldKeyNotes = {
      size: 0,
      hasFields: false,
      add: (_, db, bytes, start, end, atMs) =>
        held.push(`${db}/${Buffer.from(bytes.subarray(start, end))} ${atMs}`),
      swap: () => {},
      flush: () => {},
    };
    const sink: Sink = {
      name: 'pieces',
      write({ records }) {
        for (const record of records) {
          if (record.kind === 'log-command' || record.kind === 'log-begin') {
            pieces.push(Buffer.from(record.bytes.slice(record.start, record.end)));
          } else if (record.kind === 'log-part') pieces.push(Buffer.from(record.bytes));
        }
      },
      close() {},
      abort() {},
    };
    await run(
      new LogSource(input, { maxInlineCommand: 2000, commandHeadBytes: 300, partBytes: 100 }, chunk),
      [holdExpiries(notes, { windowMs: 60_000, nowMs: () => NOW })],
      sink,
      { account },
    );
    return { text: Buffer.concat(pieces).toString('latin1'), notes: [...account.notes.keys()], held };
  }

  test.each([7, 100, 65_536])(
    'SET, whose expiry comes behind the value, in pieces of %i bytes',
    async (chunk) => {
      const around = command('SET', 'b', 'v');
      for (const [options, written] of [
        [[], []],
        [
          ['PXAT', String(past)],
          ['PXAT', H(past)],
        ],
        [
          ['NX', 'EXAT', String(past / 1000), 'GET'],
          ['NX', 'PXAT', H(past), 'GET'],
        ],
        [
          ['PXAT', String(far)],
          ['PXAT', String(far)],
        ],
        [['KEEPTTL'], ['KEEPTTL']],
      ] as const) {
        const input = Buffer.concat([around, command('SET', 'k', value, ...options), around]);
        const { text, notes, held } = await passed(input, chunk);
        expect(text).toBe(
          Buffer.concat([around, command('SET', 'k', value, ...written), around]).toString('latin1'),
        );
        expect(notes).toEqual([]);
        expect(held).toEqual((written as readonly string[]).includes(H(past)) ? [`0/k ${past}`] : []);
      }
    },
  );

  test.each([
    ['options that are none', command('SET', 'k', value, 'x'.repeat(5000)), HoldNote.large],
    ['options that are not known', command('SET', 'k', value, 'FROM', '5'), HoldNote.unreadable],
    ['a key that is large', command('SET', value, 'v', 'PXAT', String(past)), HoldNote.large],
    ['RESTORE', command('RESTORE', 'k', String(past), value, 'ABSTTL'), HoldNote.large],
  ])('%s pass and are noted', async (_, input, note) => {
    const { text, notes, held } = await passed(input, 100);
    expect(text).toBe(input.toString('latin1'));
    expect(notes).toEqual([note]);
    expect(held).toEqual([]);
  });

  test.each([
    ['x'.repeat(5000), '5', 1],
    ['PXAT', String(past), 0],
  ])('SET with its value and options %.4s in one part', (option, number, notes) => {
    const trial = new Trial();
    const begin = logBegin(['SET', 'k', value, option, number], 2, lookup);
    const cut = begin.start + 200;
    const rest = begin.bytes.subarray(cut, begin.end);
    begin.end = cut;
    trial.give(begin);
    trial.give({ kind: 'log-part', bytes: rest });
    trial.give({ kind: 'log-end' });
    const text = Buffer.concat(trial.parts).toString('latin1');
    const whole = command('SET', 'k', value, option, notes === 1 ? number : H(past)).toString('latin1');
    expect(text).toBe(whole.slice(cut - begin.start));
    expect(trial.notes.length).toBe(notes);
  });
});
