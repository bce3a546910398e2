import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import type { TargetFormat } from '../../src/rdb/compat.js';
import { scoreText } from '../../src/rdb/encode/score-text.js';
import type { StreamBuilder } from '../../src/rdb/encode/stream-builder.js';
import { ValueEncoder, type ValueEncoderOptions } from '../../src/rdb/encode/value-encoder.js';
import { ZERO_ID } from '../../src/rdb/stream-id.js';
import { bytes, hex } from '../support/bytes.js';
import { corpusBytes } from '../support/corpus.js';
import { bytesOf, decoded, readerOf, recordOf, targetOf } from '../support/encoding.js';
import { MemorySpill, makeSpill } from '../support/memory-output.js';
import { plain } from '../support/plain.js';
import { forEachKey, toHex } from '../support/read.js';

const redis = (version: number, options: Partial<ValueEncoderOptions> = {}) =>
  new ValueEncoder(targetOf('redis', version), { makeSpill, ...options });
const valkey = (version: number, options: Partial<ValueEncoderOptions> = {}) =>
  new ValueEncoder(targetOf('valkey', version), { makeSpill, ...options });

const FAR = 4_102_444_800_000;

/** The error that `work` throws. */
function errorOf(work: () => void): RdbkitError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof RdbkitError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('the payloads of the format reference', () => {
  const hash = (encoder: ValueEncoder, ...fields: [string, string, number?][]) => {
    const builder = encoder.hash();
    for (const [field, value, expireAt] of fields) builder.addField(bytes(field), bytes(value), expireAt);
    return builder.end();
  };
  const strings = (builder: ReturnType<ValueEncoder['list' | 'set' | 'string']>, ...texts: string[]) => {
    for (const text of texts) builder.add(bytes(text));
    return builder.end();
  };
  const zset = (encoder: ValueEncoder) => {
    const builder = encoder.zset();
    for (const [member, score] of [
      ['b', 2.5],
      ['a', 1],
    ] as const) {
      builder.add(bytes(member));
      builder.score(score);
    }
    return builder.end();
  };

  test.each([
    ['"hello"', () => strings(redis(6).string(), 'hello'), '00 05 68656C6C6F'],
    ['"123"', () => strings(redis(6).string(), '123'), '00 C07B'],
    ['"-70000"', () => strings(redis(6).string(), '-70000'), '00 C290EEFEFF'],
    [
      'a list for 2.6',
      () => strings(redis(6).list(), 'a', '1', 'bbbbb'),
      '0A 17 17000000 0F000000 0300 000161 03F2 02056262626262 FF',
    ],
    [
      'a list for 3.2',
      () => strings(redis(7).list(), 'a', '1', 'bbbbb'),
      '0E 01 17 17000000 0F000000 0300 000161 03F2 02056262626262 FF',
    ],
    [
      'a list for 7.2',
      () => strings(redis(11).list(), 'a', '1', 'bbbbb'),
      '12 01 02 13 13000000 0300 816102 0101 856262626262 06 FF',
    ],
    [
      'a set of integers',
      () => strings(redis(6).set(), '300', '1', '2'),
      '0B 0E 02000000 03000000 0100 0200 2C01',
    ],
    ['a set for 7.2', () => strings(redis(11).set(), 'a', 'b'), '14 0D 0D000000 0200 816102 816202 FF'],
    [
      'a sorted set for 2.6',
      () => zset(redis(6)),
      '0C 18 18000000 12000000 0400 000161 03F2 020162 0303322E35 FF',
    ],
    ['a sorted set for 7.2', () => zset(redis(11)), '11 14 14000000 0400 816102 0101 816202 83322E3504 FF'],
    [
      'a hash for 2.6',
      () => hash(redis(6), ['f', 'v'], ['n', '5']),
      '0D 16 16000000 13000000 0400 000166 030176 03016E 03F6 FF',
    ],
    [
      'a hash for 7.2',
      () => hash(redis(11), ['f', 'v'], ['n', '5']),
      '10 12 12000000 0400 816602 817602 816E02 0501 FF',
    ],
    [
      'a hash with expiry for 7.4',
      () => hash(redis(12), ['g', 'w'], ['f', 'v', FAR]),
      '19 00D8C32CBB030000 1F 1F000000 0600 816602 817602 F400D8C32CBB030000 09 816702 817702 0001 FF',
    ],
    [
      'a hash with expiry for Valkey 9',
      () => hash(valkey(80), ['f', 'v', FAR], ['g', 'w']),
      '16 02 0166 0176 00D8C32CBB030000 0167 0177 FFFFFFFFFFFFFFFF',
    ],
  ])('%s', (_, make, expected) => {
    const value = make();
    expect(toHex(bytes(value.type.code, bytesOf(value)))).toBe(toHex(hex(expected)));
  });

  test('an empty stream, and an array', () => {
    const stream = redis(14).stream();
    stream.state({
      lastId: { ms: 1, seq: 1 },
      firstId: { ms: 0, seq: 0 },
      maxDeletedId: { ms: 1, seq: 1 },
      entriesAdded: 1,
    });
    expect(toHex(bytesOf(stream.end()))).toBe(toHex(hex('00 00 0101 0000 0101 01 00 4064 4064 00 00 00')));
    const array = redis(14).array();
    array.index(3);
    array.add(bytes('x'));
    expect(toHex(bytesOf(array.end()))).toBe(toHex(hex('01 00 03 03 0178')));
  });
});

describe('what the target cannot hold', () => {
  test('field expiries are refused or dropped and counted', () => {
    for (const encoder of [redis(11), valkey(11)]) {
      const builder = encoder.hash();
      const error = errorOf(() => builder.addField(bytes('f'), bytes('v'), FAR));
      expect([error.code, error.message]).toEqual([
        'TARGET_INCOMPATIBLE',
        'the expiry of a hash field needs Redis 7.4 or newer, or Valkey 9.0 or newer',
      ]);
    }
    const encoder = redis(11, { fieldExpiries: 'drop' });
    const builder = encoder.hash();
    builder.addField(bytes('f'), bytes('v'), FAR);
    builder.addField(bytes('g'), bytes('w'), FAR);
    const value = builder.end();
    expect(plain(decoded(value.type, bytesOf(value)))).toEqual([
      ['f', 'v'],
      ['g', 'w'],
    ]);
    expect(encoder.dropped.fieldExpiries).toBe(2);
  });

  test('an expiry beyond what Redis counts to is refused, one before 1970 has passed all the same', () => {
    const late = redis(12).hash();
    expect(errorOf(() => late.addField(bytes('f'), bytes('v'), 2 ** 48)).message).toMatch(/needs a Valkey/);
    for (const encoder of [redis(12), valkey(80)]) {
      const builder = encoder.hash();
      builder.addField(bytes('f'), bytes('v'), -1);
      const value = builder.end();
      expect(plain(decoded(value.type, bytesOf(value)))).toEqual([['f', 'v', '1']]);
    }
  });

  test('producers and nacked entries of streams are refused or dropped and counted', () => {
    const refused = new Set<string>();
    const strict = redis(12);
    const lenient = redis(12, { streamState: 'drop' });
    forEachKey(corpusBytes('r88'), (record) => {
      if (record.type.family !== 'stream') return;
      lenient.encode(record, readerOf(record));
      try {
        strict.encode(record, readerOf(record));
      } catch (thrown) {
        refused.add((thrown as RdbkitError).message);
      }
    });
    expect([...refused].sort()).toEqual([
      'a stream with idempotent producers needs Redis 8.6 or newer',
      'a stream with pending entries that nobody holds needs Redis 8.8 or newer',
    ]);
    expect(lenient.dropped.streamProducers).toBeGreaterThan(0);
    expect(lenient.dropped.nackedEntries).toBeGreaterThan(0);
  });

  test('counters and active times of streams are left out, or refused by the policy for details', () => {
    const id = { ms: 5, seq: 1 };
    const group = { name: bytes('g'), lastId: id, pending: [], consumers: [] };
    const consumer = { name: bytes('c'), seenAtMs: 7, activeAtMs: 7 };
    const build = (version: number, policy: 'refuse' | 'drop', fill: (stream: StreamBuilder) => void) => {
      const stream = redis(version, { streamDetails: policy }).stream();
      stream.entry(id, [bytes('a'), bytes('b')]);
      fill(stream);
      stream.end();
    };
    const counters = 'a stream that counts the entries that were deleted needs Redis 7.0 or newer';
    const cases: [number, string | undefined, (stream: StreamBuilder) => void][] = [
      [9, counters, (stream) => stream.state({ entriesAdded: 2 })],
      [9, counters, (stream) => stream.state({ maxDeletedId: { ms: 1, seq: 0 } })],
      [9, counters, (stream) => stream.state({ firstId: { ms: 4, seq: 0 } })],
      [9, undefined, (stream) => stream.state({ entriesAdded: 1, firstId: id, maxDeletedId: ZERO_ID })],
      [
        9,
        'a stream that counts what its groups have read needs Redis 7.0 or newer',
        (stream) => stream.group({ ...group, entriesRead: 7 }),
      ],
      [9, undefined, (stream) => stream.group({ ...group, entriesRead: 1 })],
      [9, undefined, (stream) => stream.group({ ...group, entriesRead: undefined })],
      [
        10,
        'a stream that knows when its consumers were last active needs Redis 7.2 or newer',
        (stream) => stream.group({ ...group, entriesRead: 1, consumers: [{ ...consumer, activeAtMs: -1 }] }),
      ],
      [10, undefined, (stream) => stream.group({ ...group, entriesRead: 1, consumers: [consumer] })],
      [
        12,
        'a stream with settings or counts of idempotent producers needs Redis 8.6 or newer',
        (stream) =>
          stream.idempotence({ durationSeconds: 100, maxSize: 99, producers: [], added: 0, duplicates: 0 }),
      ],
      [
        12,
        undefined,
        (stream) =>
          stream.idempotence({ durationSeconds: 100, maxSize: 100, producers: [], added: 0, duplicates: 0 }),
      ],
    ];
    for (const [version, refusal, fill] of cases) {
      build(version, 'drop', fill);
      if (refusal === undefined) build(version, 'refuse', fill);
      else {
        const error = errorOf(() => build(version, 'refuse', fill));
        expect([error.code, error.message]).toEqual(['TARGET_INCOMPATIBLE', refusal]);
      }
    }
  });

  test('what is encoded anew for an import keeps every detail of a stream, or is refused', () => {
    let refused = 0;
    let kept = 0;
    for (const version of [10, 12]) {
      const encoder = redis(version, { streamDetails: 'refuse' });
      forEachKey(corpusBytes('r88'), (record) => {
        if (record.type.family !== 'stream') return;
        try {
          const encoded = encoder.encode(record, readerOf(record));
          const again = recordOf(encoded.type, bytesOf(encoded));
          const newest = redis(14);
          const before = bytesOf(newest.encode(record, readerOf(record))).slice();
          expect(toHex(bytesOf(newest.encode(again, readerOf(again))))).toBe(toHex(before));
          kept++;
        } catch (thrown) {
          if (!(thrown instanceof RdbkitError)) throw thrown;
          expect(thrown.code).toBe('TARGET_INCOMPATIBLE');
          refused++;
        }
      });
    }
    expect(kept).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  test('streams before 5.0 and arrays before 8.8 are refused', () => {
    expect(errorOf(() => redis(8).stream()).message).toBe('a stream needs Redis 5.0 or newer');
    expect(errorOf(() => valkey(81).array()).message).toBe('an array needs Redis 8.8 or newer');
  });
});

describe('values that no server would take', () => {
  test.each([
    ['a member occurs twice', (e: ValueEncoder) => [e.set(), ['a', 'b', 'a']] as const],
    ['a member occurs twice', (e: ValueEncoder) => [e.set(), ['7', '5', '7']] as const],
    ['a field occurs twice', (e: ValueEncoder) => [e.hash(), ['a', '1', 'b', '2', 'a', '3']] as const],
  ])('%s', (message, make) => {
    const [builder, texts] = make(redis(11));
    for (const text of texts) builder.add(bytes(text));
    const error = errorOf(() => builder.end());
    expect(error.code).toBe('INPUT_CORRUPT');
    expect(error.message).toBe(message);
  });

  test('scores that are no number', () => {
    const builder = redis(11).zset();
    builder.add(bytes('a'));
    expect(errorOf(() => builder.score(Number.NaN)).code).toBe('INPUT_CORRUPT');
  });

  test('stream entries out of order, without a value, of a consumer that is not there', () => {
    const builder = redis(11).stream();
    builder.entry({ ms: 5, seq: 2n ** 63n }, [bytes('a'), bytes('b')]);
    expect(errorOf(() => builder.entry({ ms: 5, seq: 7 }, [bytes('a'), bytes('b')])).code).toBe(
      'INPUT_CORRUPT',
    );
    expect(errorOf(() => builder.entry({ ms: 6, seq: 7 }, [bytes('a')])).message).toMatch(/has no value/);
    const group = { name: bytes('g'), lastId: { ms: 5, seq: 0 }, entriesRead: undefined, consumers: [] };
    const pending = [{ id: { ms: 5, seq: 0 }, consumer: bytes('nobody'), deliveredAtMs: 1, deliveries: 1 }];
    expect(errorOf(() => builder.group({ ...group, pending })).message).toMatch(
      /consumer that is not listed/,
    );
  });

  test('a stream entry that cannot be held is over a limit', () => {
    const builder = redis(11, { limits: { maxPackedBlob: 100 } }).stream();
    const error = errorOf(() => builder.entry({ ms: 1, seq: 1 }, [bytes('a'), new Uint8Array(200)]));
    expect(error.code).toBe('LIMIT_EXCEEDED');
  });
});

test('temporary files of a value that was given up are closed by the next, or by the encoder', () => {
  const encoder = redis(11, { limits: { partBytes: 100, maxHeldString: 50 } });
  const builder = encoder.set();
  for (let i = 0; i < 200; i++) builder.add(bytes(`member ${i}`));
  builder.beginString();
  builder.append(new Uint8Array(80));
  expect(MemorySpill.open).toBe(2);
  encoder.set();
  expect(MemorySpill.open).toBe(0);
  const again = encoder.list();
  for (let i = 0; i < 2000; i++) again.add(bytes(`element ${i}`));
  expect(MemorySpill.open).toBe(1);
  encoder.close();
  expect(MemorySpill.open).toBe(0);
});

test('fragments that are not as long as was said are a fault of the caller', () => {
  const builder = redis(11).string();
  builder.beginString(5);
  builder.append(bytes('four'));
  expect(errorOf(() => builder.endString()).code).toBe('INTERNAL');
});

test('a value damaged in any byte raises typed errors only', () => {
  const encoder = redis(12, { fieldExpiries: 'drop', streamState: 'drop' });
  let faults = 0;
  forEachKey(corpusBytes('r74'), (record) => {
    if (record.size > 400) return;
    for (let at = 0; at < record.size; at += 1 + Math.floor(record.size / 30)) {
      const value = record.value.slice();
      value[at] = (value[at] as number) ^ (1 << (at % 8));
      const damaged = recordOf(record.type as Parameters<typeof recordOf>[0], value);
      try {
        bytesOf(encoder.encode(damaged, readerOf(damaged)));
      } catch (thrown) {
        if (!(thrown instanceof RdbkitError)) throw thrown;
        expect(thrown.code, thrown.stack).toMatch(/^INPUT_|^LIMIT_EXCEEDED$|^TARGET_INCOMPATIBLE$/);
        faults++;
      }
    }
  });
  expect(faults).toBeGreaterThan(200);
  encoder.close();
});

describe('scores are printed as servers do', () => {
  const version = (rdbVersion: number): TargetFormat => ({ dialect: 'redis', rdbVersion, backlen: 'old' });

  test.each([
    [0.1, '0.10000000000000001', '0.1'],
    [3.7159, '3.7159', '3.7159'],
    [1.5, '1.5', '1.5'],
    [-2.25, '-2.25', '-2.25'],
    [1e21, '1e+21', '1e+21'],
    [1e16, '10000000000000000', '10000000000000000'],
    [1e-7, '9.9999999999999995e-08', '1e-7'],
    [0.00001234, '1.234e-05', '1.234e-5'],
    [0.0012345678, '0.0012345678000000001', '0.0012345678'],
    [2 ** 62, '4.6116860184273879e+18', '4611686018427387904'],
    [123456.789, '123456.789', '123456.789'],
    // In the middle between two texts of 17 digits, where JavaScript rounds up and C to the even one.
    [576005069785480.6, '576005069785480.62', '576005069785480.6'],
    [-576005069785480.9, '-576005069785480.88', '-576005069785480.9'],
    [2 ** 53, '9007199254740992', '9007199254740992'],
    [2 ** 61, '2.305843009213694e+18', '2305843009213693952'],
    [5e-324, '4.9406564584124654e-324', '5e-324'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308', '-1.7976931348623157e+308'],
    [Infinity, 'inf', 'inf'],
    [-0, '-0', '-0'],
    [0, '0', '0'],
  ])('%d', (score, before, since) => {
    expect(scoreText(score, version(9))).toBe(before);
    expect(scoreText(score, version(11))).toBe(since);
    expect(Number(scoreText(score, version(9)).replace('inf', 'Infinity'))).toBe(score);
  });
});
