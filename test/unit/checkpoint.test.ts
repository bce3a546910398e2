import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { Checkpoint } from '../../src/io/checkpoint.js';
import { Scratch } from '../support/scratch.js';

const IDENTITY = { source: 'appendonly.aof', target: 'redis://127.0.0.1:6379', options: '--db 0' };
const FIRST = { index: 0, name: 'appendonly.aof.1.incr.aof' };
const SECOND = { index: 1, name: 'appendonly.aof.2.incr.aof' };

describe('Checkpoint', () => {
  let scratch: Scratch;
  let path: string;

  beforeEach(() => {
    scratch = new Scratch();
    path = scratch.path('replay.checkpoint');
  });
  afterEach(() => scratch.remove());

  test('says nothing where there was none', () => {
    const checkpoint = Checkpoint.open(path, IDENTITY);
    expect(checkpoint.resumed).toBeUndefined();
    checkpoint.close();
  });

  test('says after a sudden end what may have been sent and what was surely carried out', () => {
    const checkpoint = Checkpoint.open(path, IDENTITY);
    checkpoint.begin({ part: FIRST.name, offset: 0 });
    checkpoint.willSend(FIRST, 1000);
    checkpoint.acknowledged(FIRST, 400);
    // Nothing is saved by an acknowledgement alone: it is known with the next that is.
    expect(Checkpoint.open(path, IDENTITY).resumed).toEqual({
      acknowledged: { part: FIRST.name, offset: 0 },
      sent: { part: FIRST.name, offset: 1000 },
    });
    checkpoint.willSend(SECOND, 70);
    expect(Checkpoint.open(path, IDENTITY).resumed).toEqual({
      acknowledged: { part: FIRST.name, offset: 400 },
      sent: { part: SECOND.name, offset: 70 },
    });
  });

  test('is settled, and keeps the name of its connection', () => {
    const checkpoint = Checkpoint.open(path, IDENTITY);
    checkpoint.willSend(FIRST, 1000);
    checkpoint.settle({ part: FIRST.name, offset: 1000 });
    checkpoint.close();
    const again = Checkpoint.open(path, IDENTITY);
    expect(again.id).toBe(checkpoint.id);
    expect(again.resumed?.sent).toEqual(again.resumed?.acknowledged);
    again.close();
  });

  test('holds whichever of its blocks tears', () => {
    const checkpoint = Checkpoint.open(path, IDENTITY);
    for (let offset = 100; offset <= 500; offset += 100) checkpoint.willSend(FIRST, offset);
    const whole = readFileSync(path);
    const seen = new Set<number | undefined>();
    for (let torn = 4096; torn < whole.length; torn += 64) {
      const bytes = Buffer.from(whole);
      bytes[torn] = (bytes[torn] as number) ^ 1;
      writeFileSync(path, bytes);
      seen.add(Checkpoint.open(path, IDENTITY).resumed?.sent?.offset);
    }
    expect([...seen].sort()).toEqual([400, 500]);
  });

  test('is not taken for that of another replay', () => {
    Checkpoint.open(path, IDENTITY).close();
    for (const [words, other] of [
      ['of appendonly.aof, not of other.aof', { ...IDENTITY, source: 'other.aof' }],
      ['not into redis://127.0.0.1:6380', { ...IDENTITY, target: 'redis://127.0.0.1:6380' }],
      ['with --db 0, not with no options', { ...IDENTITY, options: '' }],
    ] as const) {
      expect(() => Checkpoint.open(path, other)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(words) }),
      );
    }
  });

  test('of two that are made at once, both are the same', () => {
    const first = Checkpoint.open(path, IDENTITY);
    const second = Checkpoint.open(path, IDENTITY);
    expect(second.id).toBe(first.id);
    first.willSend(FIRST, 1000);
    first.acknowledged(FIRST, 1000);
    first.close();
    const said = readFileSync(path);
    second.close();
    expect(readFileSync(path)).toEqual(said);
  });

  test('tells long options apart', () => {
    const long = { ...IDENTITY, options: `--key ${'x'.repeat(9000)}` };
    Checkpoint.open(path, long).close();
    Checkpoint.open(path, long).close();
    expect(() => Checkpoint.open(path, { ...long, options: `${long.options}y` })).toThrow(RdbkitError);
    expect(Checkpoint.read(path, long)).toEqual({ acknowledged: undefined, sent: undefined });
    expect(Checkpoint.read(`${path}-none`, long)).toBeUndefined();
  });

  test('is told from other files, and from one that was cut off', () => {
    writeFileSync(path, 'REDIS0011 and so on');
    expect(() => Checkpoint.open(path, IDENTITY)).toThrow(RdbkitError);
    writeFileSync(path, new Uint8Array(0));
    Checkpoint.open(path, IDENTITY).close();
    truncateSync(path, statSync(path).size / 3);
    expect(() => Checkpoint.open(path, IDENTITY)).toThrow(
      expect.objectContaining({ code: 'INPUT_CORRUPT', message: expect.stringContaining('how far') }),
    );
  });

  test('is for its owner only', () => {
    Checkpoint.open(path, IDENTITY).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('fails where it cannot be kept', () => {
    expect(() => Checkpoint.open(scratch.path('no/such/folder'), IDENTITY)).toThrow(
      expect.objectContaining({ code: 'IO' }),
    );
  });
});
