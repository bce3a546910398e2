import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type JsonlSourceOptions, jsonlStream } from '../../src/io/jsonl-source.js';
import type { Source } from '../../src/pipeline.js';
import { ValueChecker } from '../../src/rdb/values/check.js';
import type { FaultRecord, KeyBegin } from '../../src/record.js';
import { readAll } from '../support/jsonl.js';

const MiB = 1024 * 1024;

/** More than a run needs for its buffers; none of the lines below would fit. */
const MOST_MEMORY = 128 * MiB;

/** A source of lines that are made while they are read. */
function linesOf(pieces: () => Iterable<string>, options: JsonlSourceOptions = {}): Source {
  function* chunks(): Generator<Buffer> {
    for (const piece of pieces()) yield Buffer.from(piece);
  }
  return jsonlStream(Readable.from(chunks()), 'lines', options);
}

interface Long {
  begin: KeyBegin | undefined;
  keys: number;
  size: number;
  end: number | undefined;
  fault: FaultRecord | undefined;
  /** Fault of the value. */
  damage: string | undefined;
  batches: number;
  /** Memory at its highest above what it was at first. */
  memory: number;
}

/** Reads a source whose first record is a value in parts. */
async function readLong(source: Source): Promise<Long> {
  const long: Long = {
    begin: undefined,
    keys: 0,
    size: 0,
    end: undefined,
    fault: undefined,
    damage: undefined,
    batches: 0,
    memory: 0,
  };
  const checker = new ValueChecker();
  const before = memory();
  for await (const { records } of source.read(new AbortController().signal)) {
    long.batches++;
    long.memory = Math.max(long.memory, memory() - before);
    for (const record of records) {
      if (record.kind === 'key') long.keys++;
      if (record.kind === 'fault') long.fault = record;
      if (record.kind === 'key-begin') {
        long.begin = record;
        checker.begin(record);
      } else if (record.kind === 'key-part') {
        long.size += record.bytes.length;
        long.damage ??= checker.part(record)?.describe();
      } else if (record.kind === 'key-end') {
        long.end = record.size;
        long.damage ??= checker.part(undefined)?.describe();
      }
    }
  }
  return long;
}

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const NEXT = '{"db":0,"key":"next","type":"string","value":"x"}\n';

describe('a line that memory could not hold', () => {
  test('with one string', async () => {
    const piece = 'a string of 200 MB, é \\n \\ud83d\\ude00 '.repeat(8192);
    const long = await readLong(
      linesOf(function* () {
        yield '{"db":3,"key":"big","type":"string","value":"';
        for (let i = 0; i < 640; i++) yield piece;
        yield `"}\n${NEXT}`;
      }),
    );
    const size = 640 * Buffer.byteLength('a string of 200 MB, é \n 😀 ') * 8192;
    expect(size).toBeGreaterThan(140 * MiB);
    expect(long).toMatchObject({
      keys: 1,
      size: size + 5,
      end: size + 5,
      damage: undefined,
      fault: undefined,
    });
    expect(long.begin).toMatchObject({ db: 3, size: size + 5 });
    expect(long.memory).toBeLessThan(MOST_MEMORY);
  }, 60_000);

  test('with many elements', async () => {
    const long = await readLong(
      linesOf(function* () {
        yield '{"db":0,"key":"big","type":"set","encoding":"hashtable","value":["first"';
        for (let i = 0; i < 1000; i++) {
          yield Array.from({ length: 1000 }, (_, j) => `,"member ${i}-${j} of a large set"`).join('');
        }
        yield `]}\n${NEXT}`;
      }),
    );
    expect(long).toMatchObject({ keys: 1, damage: undefined, fault: undefined });
    expect(long.begin?.type.name).toBe('set-hashtable');
    expect(long.size).toBeGreaterThan(25 * MiB);
    expect(long.memory).toBeLessThan(MOST_MEMORY);
  }, 60_000);

  test('that breaks off names the place', async () => {
    const head = '{"db":0,"key":"big","type":"list","value":[';
    const element = '"é, an element",';
    const long = await readLong(
      linesOf(function* () {
        yield head;
        for (let i = 0; i < 300; i++) yield element.repeat(1000);
        yield `oops]}\n${NEXT}`;
      }),
    );
    expect(long.keys).toBe(1);
    expect(long.fault).toMatchObject({ line: 1, column: head.length + 300_000 * element.length + 1 });
    expect(long.batches).toBeGreaterThan(2);
  }, 60_000);
});

describe('expiries of fields', () => {
  const count = 200_000;
  const fields = (order: (i: number) => number, what: (i: number) => string) =>
    function* (): Generator<string> {
      for (let i = 0; i < count; i += 1000) {
        yield Array.from({ length: 1000 }, (_, j) => what(order(i + j))).join(',') +
          (i + 1000 < count ? ',' : '');
      }
    };
  const line = (expiries: (i: number) => number) =>
    function* (): Generator<string> {
      yield '{"db":0,"key":"big","type":"hash","encoding":"metadata","value":{';
      yield* fields(
        (i) => i,
        (i) => `"field number ${i}":"value ${i}"`,
      )();
      yield '},"fieldExpireAt":{';
      yield* fields(expiries, (i) => `"field number ${i}":${4_000_000_000_000 + i}`)();
      yield `}}\n${NEXT}`;
    };
  const FEW = { limits: { maxHeldString: MiB } };
  const target = '{"aux":["redis-ver","7.4.0"]}\n';

  test('that are too many to be held are read in the order of the fields', async () => {
    const { keys, faults } = await readAll(
      linesOf(function* () {
        yield target;
        yield* line((i) => i)();
      }, FEW),
    );
    expect(faults).toEqual([]);
    const hash = keys[0]?.value;
    if (hash?.type !== 'hash') throw new Error('no hash');
    expect(hash.fields.length).toBe(count);
    expect(hash.fields.every(({ expireAtMs }, i) => expireAtMs === 4_000_000_000_000 + i)).toBe(true);
    expect(keys.length).toBe(2);
  }, 60_000);

  test('and refused in another', async () => {
    const { keys, faults } = await readAll(
      linesOf(function* () {
        yield target;
        yield* line((i) => count - 1 - i)();
      }, FEW),
    );
    expect(faults.join()).toMatch(
      /^2:\d+ INPUT_CORRUPT a field expires that .* not in the order of the fields$/,
    );
    expect(keys.length).toBe(1);
  }, 60_000);
});
