import {
  type BytesLike,
  bigEndian,
  bytes,
  float64,
  length,
  littleEndian,
  lzfString,
  streamId,
  string,
} from './bytes.js';
import { listpack, type StreamEntry, streamNode, ziplist, zipmap } from './packed.js';
import { isAtLeast, type Server } from './servers.js';
import { base64, byBytes } from './truth.js';

// Values of a MiB and more in every form, with what a server must say of them.

/** A value, serialized, and what it is in the form of the corpus' truth. */
export interface LargeSample {
  readonly name: string;
  /** Type byte of the file. */
  readonly code: number;
  readonly value: Uint8Array;
  readonly type: string;
  readonly truth: unknown;
  /** Bytes of its longest string. */
  readonly longest: number;
  /** Whether commands can rebuild it, where RESTORE cannot carry it. */
  readonly buildable: boolean;
  /** Whether the server reads this form. */
  readonly isKnown: (server: Server) => boolean;
}

export const KiB = 1024;
export const MiB = 1024 * KiB;

/** An expiry that no test lives to see. */
export const FAR = 4_102_444_800_000;
/** One that is past. */
const PAST = 946_684_800_000;

/** Numbers that look random and are the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Bytes that no compression shortens. */
export function noise(size: number, seed = 1): Uint8Array {
  const next = generator(seed);
  const words = Uint32Array.from({ length: Math.ceil(size / 4) }, next);
  return new Uint8Array(words.buffer).slice(0, size);
}

/** Text that compresses to a fifth or so. */
export function prose(size: number): Uint8Array {
  const next = generator(size);
  const lines = Array.from(
    { length: Math.ceil(size / 40) },
    () => `all work and no play makes a dull ${next()} `,
  );
  return bytes(lines.join('').slice(0, size));
}

/** Distinct strings of different lengths, some of them numbers. */
function words(count: number, size: number, seed: number): Uint8Array[] {
  const next = generator(seed);
  return Array.from({ length: count }, (_, i) => {
    const width = Math.max(4, Math.floor(size / 2 + (next() % size)));
    return i % 5 === 0 ? bytes(String(i * 7919 - 4000)) : bytes(`${i}:`, noise(width, seed * 100_003 + i));
  });
}

interface Shape {
  readonly buildable?: boolean;
  readonly isKnown?: (server: Server) => boolean;
}

function sample(
  name: string,
  code: number,
  type: string,
  value: Uint8Array,
  truth: unknown,
  longest: number,
  { buildable = true, isKnown = () => true }: Shape = {},
): LargeSample {
  return { name, code, value, type, truth, longest, buildable, isKnown };
}

function longestOf(strings: readonly Uint8Array[]): number {
  return strings.reduce((most, { length: size }) => Math.max(most, size), 0);
}

const since =
  (redis: string, valkey = redis) =>
  (server: Server) =>
    isAtLeast(server.version, server.family === 'redis' ? redis : valkey);
const redisSince = (version: string) => (server: Server) =>
  server.family === 'redis' && isAtLeast(server.version, version);
const valkeySince = (version: string) => (server: Server) =>
  server.family === 'valkey' && isAtLeast(server.version, version);

/** Entries of a packed blob: numbers as such where the text is one. */
function entryOf(content: Uint8Array): Uint8Array | bigint {
  const text = new TextDecoder('latin1').decode(content);
  return /^(?:0|-?[1-9]\d{0,17})$/.test(text) ? BigInt(text) : content;
}

export function strings(): LargeSample[] {
  const of = (name: string, content: Uint8Array, value: Uint8Array) =>
    sample(name, 0, 'string', value, base64(content), content.length);
  const raw = noise(MiB + 100 * KiB);
  const text = prose(3 * MiB);
  const digits = bytes('7'.repeat(200 * KiB));
  return [
    of('string', raw, string(raw)),
    of('string-lzf', text, lzfString(text)),
    of('string-200k', digits, string(digits)),
  ];
}

export function lists(): LargeSample[] {
  const of = (name: string, code: number, value: Uint8Array, elements: readonly Uint8Array[]) =>
    sample(name, code, 'list', value, elements.map(base64), longestOf(elements));
  const many = words(13_000, 100, 2);
  const few = [noise(600 * KiB, 3), bytes('x'), prose(900 * KiB), noise(300 * KiB, 4), bytes('')];
  const huge = [bytes('first'), noise(MiB + 200 * KiB, 5), bytes('last')];
  const plain = (element: Uint8Array) => bytes(1, string(element));
  const packed = (elements: readonly Uint8Array[]) => bytes(2, lzfString(listpack(elements.map(entryOf))));
  return [
    of('list-elements', 1, bytes(length(many.length), many.map(string)), many),
    of('list-few', 1, bytes(length(few.length), few.map(string)), few),
    of('list-huge', 1, bytes(length(huge.length), huge.map(string)), huge),
    of('list-ziplist', 10, string(ziplist(many.map(entryOf))), many),
    of(
      'list-quicklist',
      14,
      bytes(
        length(3),
        lzfString(ziplist(many.map(entryOf))),
        string(ziplist(many.slice(0, 9))),
        string(ziplist(['end'])),
      ),
      [...many, ...many.slice(0, 9), bytes('end')],
    ),
    of(
      'list-quicklist-plain',
      18,
      bytes(length(6), packed(many.slice(0, 900)), few.slice(0, 4).map(plain), packed(many.slice(900, 1000))),
      [...many.slice(0, 900), ...few.slice(0, 4), ...many.slice(900, 1000)],
    ),
    of('list-quicklist-huge', 18, bytes(length(3), huge.map(plain)), huge),
  ];
}

/** Numbers as integers of 64 bits, as an intset of that width has them. */
function bytesOf(ascending: readonly number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(ascending.map(BigInt)).buffer);
}

export function sets(): LargeSample[] {
  const of = (name: string, code: number, value: Uint8Array, members: readonly Uint8Array[], shape?: Shape) =>
    sample(name, code, 'set', value, members.map(base64).sort(byBytes), longestOf(members), shape);
  const many = words(13_000, 100, 6);
  const long = [noise(700 * KiB, 7), bytes('x'), noise(500 * KiB, 8)];
  const huge = [bytes('small'), noise(MiB + KiB, 9)];
  const numbers = Array.from({ length: 140_000 }, (_, i) => i * 1_000_003 - 70_000_000_000);
  return [
    of('set', 2, bytes(length(many.length), many.map(string)), many),
    of('set-long', 2, bytes(length(long.length), long.map(string)), long),
    of('set-huge', 2, bytes(length(huge.length), huge.map(string)), huge),
    of(
      'set-intset',
      11,
      string(bytes(littleEndian(8, 4), littleEndian(numbers.length, 4), bytesOf(numbers))),
      numbers.map((number) => bytes(String(number))),
    ),
    of('set-listpack', 20, string(listpack(many.map(entryOf))), many, { isKnown: since('7.2') }),
  ];
}

/** Scores by bytes of the file, with the text that servers say for them. */
const SCORES: readonly (readonly [number, string])[] = [
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NEGATIVE_INFINITY, '-inf'],
  [1e-300, '1e-300'],
  [0.1, '0.1'],
  [-1.5, '-1.5'],
  [9007199254740992, '9007199254740992'],
  [-3, '-3'],
];

export function sortedSets(): LargeSample[] {
  type Pair = readonly [member: Uint8Array, score: number];
  const of = (name: string, code: number, value: Uint8Array, pairs: readonly Pair[]) =>
    sample(
      name,
      code,
      'zset',
      value,
      pairs
        .map(([member, score]): [string, string] => [base64(member), textOf(score)])
        .sort(([a], [b]) => byBytes(a, b)),
      longestOf(pairs.map(([member]) => member)),
    );
  const scored = (members: readonly Uint8Array[]) =>
    members.map((member, i): Pair => [member, SCORES[i]?.[0] ?? i * 0.25]);
  const many = scored(words(13_000, 100, 10));
  const long = scored([noise(700 * KiB, 11), bytes('x'), noise(500 * KiB, 12)]);
  const huge = scored([bytes('small'), noise(MiB + KiB, 13)]);
  const ascending = many.filter(([, score]) => Number.isFinite(score)).sort(([, a], [, b]) => a - b);
  const packed = ascending.flatMap(([member, score]) => [
    entryOf(member),
    Number.isInteger(score) && Math.abs(score) < 1e15 ? BigInt(score) : bytes(textOf(score)),
  ]);
  const binary = (pairs: readonly Pair[]) =>
    bytes(
      length(pairs.length),
      pairs.map(([member, score]) => [string(member), float64(score)]),
    );
  return [
    of('zset', 5, binary(many), many),
    of('zset-long', 5, binary(long), long),
    of('zset-huge', 5, binary(huge), huge),
    of(
      'zset-text',
      3,
      bytes(
        length(many.length),
        many.map(([member, score]) => [string(member), textDouble(score)]),
      ),
      many,
    ),
    of('zset-ziplist', 12, string(ziplist(packed)), ascending),
    of('zset-listpack', 17, string(listpack(packed)), ascending),
  ];
}

function textOf(score: number): string {
  return SCORES.find(([value]) => value === score)?.[1] ?? String(score);
}

/** A score of RDB type 3: its text behind one byte of length, or one byte for the infinities. */
function textDouble(score: number): BytesLike {
  if (score === Number.POSITIVE_INFINITY) return 254;
  if (score === Number.NEGATIVE_INFINITY) return 255;
  return [textOf(score).length, textOf(score)];
}

type Field = readonly [name: Uint8Array, value: Uint8Array, expireAt?: number | undefined];

const stringsOf = (fields: readonly Field[]) =>
  fields.map(([name]) => name).concat(fields.map(([, value]) => value));

export function hashes(): LargeSample[] {
  const of = (name: string, code: number, value: Uint8Array, fields: readonly Field[], shape?: Shape) =>
    sample(name, code, 'hash', value, hashTruth(fields), longestOf(stringsOf(fields)), shape);
  const names = words(6000, 100, 14);
  const many = names.map((name, i): Field => [name, noise(i % 200, i)]);
  const long: Field[] = [
    [noise(300 * KiB, 15), noise(900 * KiB, 16)],
    [bytes('short'), prose(500 * KiB)],
    [noise(700 * KiB, 17), bytes('')],
  ];
  const hugeField: Field[] = [[noise(MiB + KiB, 18), bytes('v')]];
  const hugeValue: Field[] = [
    [bytes('f'), noise(MiB + KiB, 19)],
    [bytes('g'), bytes('v')],
  ];
  const plain = (fields: readonly Field[]) =>
    bytes(
      length(fields.length),
      fields.map(([name, value]) => [string(name), string(value)]),
    );
  const flat = many.flatMap(([name, value]) => [entryOf(name), value]);
  return [
    of('hash', 4, plain(many), many),
    of('hash-long', 4, plain(long), long),
    of('hash-huge-field', 4, plain(hugeField), hugeField),
    of('hash-huge-value', 4, plain(hugeValue), hugeValue),
    of('hash-ziplist', 13, string(ziplist(flat)), many),
    of('hash-listpack', 16, string(listpack(flat)), many),
    of(
      'hash-zipmap',
      9,
      string(
        zipmap(
          many.map(([name, value]) => [name, value]),
          { free: 3 },
        ),
      ),
      many,
    ),
    ...expiringHashes(),
  ];
}

function expiringHashes(): LargeSample[] {
  const expiry = (i: number) => (i % 3 === 0 ? undefined : FAR + (i % 500));
  const names = words(6000, 100, 20);
  const fields: Field[] = [
    [bytes('past'), bytes('gone'), PAST],
    ...names.map((name, i): Field => [name, noise(i % 200, i), expiry(i)]),
    [noise(200 * KiB, 21), noise(700 * KiB, 22), FAR + 77],
  ];
  const gone = names.map((name): Field => [name, bytes('gone', noise(100)), PAST]);
  // Those that expire first stand first, those that do not expire last.
  const byExpiry = fields
    .slice(0, -1)
    .sort(([, , a = Number.POSITIVE_INFINITY], [, , b = Number.POSITIVE_INFINITY]) => (a === b ? 0 : a - b));
  const of = (name: string, code: number, value: Uint8Array, of: readonly Field[], shape: Shape) =>
    sample(name, code, 'hash', value, hashTruth(of), longestOf(stringsOf(of)), shape);
  return [
    of('hash-metadata', 24, metadata(fields), fields, { isKnown: redisSince('7.4') }),
    of(
      'hash-listpack-ex',
      25,
      bytes(
        littleEndian(PAST, 8),
        string(listpack(byExpiry.flatMap(([name, value, at]) => [name, value, BigInt(at ?? 0)]))),
      ),
      byExpiry,
      { isKnown: redisSince('7.4') },
    ),
    of('hash-gone', 24, metadata(gone), gone, { isKnown: redisSince('7.4') }),
    of('hash-hashtable-2', 22, hashtable2(fields), fields, { isKnown: valkeySince('9.0') }),
    of('hash-gone', 22, hashtable2(gone), gone, { isKnown: valkeySince('9.0') }),
  ];
}

/** Type 24 of Redis: the earliest expiry, then each field's as what it is later than that, plus one. */
function metadata(fields: readonly Field[]): Uint8Array {
  return bytes(
    littleEndian(PAST, 8),
    length(fields.length),
    fields.map(([name, value, at]) => [
      length(BigInt(at === undefined ? 0 : at - PAST + 1)),
      string(name),
      string(value),
    ]),
  );
}

/** Type 22 of Valkey: each field with its expiry behind it, -1 for none. */
function hashtable2(fields: readonly Field[]): Uint8Array {
  return bytes(
    length(fields.length),
    fields.map(([name, value, at]) => [string(name), string(value), littleEndian(at ?? -1, 8)]),
  );
}

/** What is left of the fields: those that are past are gone. */
function hashTruth(fields: readonly Field[]): unknown {
  return fields
    .filter(([, , at]) => at !== PAST)
    .map(([name, value, at]): [string, ...unknown[]] =>
      at === undefined ? [base64(name), base64(value)] : [base64(name), base64(value), at],
    )
    .sort(([a], [b]) => byBytes(a, b));
}

const DELIVERED = 1_700_000_000_000;
const COUNT = 9000;
const ENTRIES_PER_NODE = 100;

/** Times of the consumers of the stream samples. */
export const SEEN = { alice: DELIVERED + 5000, bob: DELIVERED + 6000, idle: DELIVERED + 7000 };
/** When bob was last active; the others never were. */
export const BOB_ACTIVE = DELIVERED + 5500;

export function streams(): LargeSample[] {
  const version = { isKnown: since('7.2') };
  return [
    stream('stream', 19, 'live', {}),
    stream('stream-active', 21, 'live', version),
    stream('stream-pending-deleted', 19, 'deleted', { buildable: false }),
    stream('stream-huge', 19, 'huge', {}),
  ];
}

/**
 * A stream of 9000 entries and more, of which every seventh is deleted; its second group holds
 * pending entries, with `deleted` also of messages that are deleted.
 */
function stream(name: string, code: 19 | 21, kind: 'live' | 'deleted' | 'huge', shape: Shape): LargeSample {
  const isDeleted = (i: number) => i % 7 === 3;
  const value = (i: number) => noise(80 + (i % 60), i);
  const nodes: BytesLike[] = [];
  const entries: unknown[] = [];
  for (let from = 0; from < COUNT; from += ENTRIES_PER_NODE) {
    const packed: StreamEntry[] = [];
    for (let i = from; i < from + ENTRIES_PER_NODE; i++) {
      const odd = i % 10 === 4;
      packed.push({
        ms: i - from,
        seq: 0,
        deleted: isDeleted(i),
        ...(odd
          ? {
              pairs: [
                ['n', i],
                ['other', value(i)],
              ],
            }
          : { same: [i, value(i)] }),
      });
      if (!isDeleted(i)) {
        entries.push([
          `${1000 + i}-5`,
          ['n', String(i), odd ? 'other' : 'v', value(i)].map((part) => base64(bytes(part))),
        ]);
      }
    }
    nodes.push(string(streamId(1000 + from, 5)), string(streamNode(['n', 'v'], packed)));
  }
  if (kind === 'huge') {
    const content = noise(MiB + KiB, 23);
    nodes.push(
      string(streamId(20_000, 0)),
      string(streamNode(['big'], [{ ms: 0, seq: 0, same: [content] }])),
    );
    entries.push(['20000-0', [base64(bytes('big')), base64(content)]]);
  }
  const id = (i: number) => [1000 + i, 5] as const;
  // 10 and 4000 are deleted.
  const pending = [10, 11, 12, 13, 14, 15, 4000, 4001].filter((i) => kind === 'deleted' || !isDeleted(i));
  const holder = (i: number) => (i % 2 === 0 ? 'alice' : 'bob');
  const deliveries = (i: number) => (i % 4) + 1;
  const consumer = (who: keyof typeof SEEN) => {
    const held = pending.filter((i) => who !== 'idle' && holder(i) === who);
    return [
      string(who),
      littleEndian(SEEN[who], 8),
      code === 21 ? littleEndian(who === 'bob' ? BOB_ACTIVE : -1, 8) : [],
      length(held.length),
      held.map((i) => streamId(...id(i))),
    ];
  };
  const nodeCount = nodes.length / 2;
  const lastMs = 30_000;
  const serialized = bytes(
    length(nodeCount),
    nodes,
    length(entries.length),
    [length(lastMs), length(9)],
    [length(1000), length(5)],
    [length(1000 + COUNT - 2), length(5)],
    length(COUNT + 50),
    length(2),
    // One that has read nothing known, without consumers.
    [string('early'), length(1500), length(0), length(0xffff_ffff_ffff_ffffn), length(0), length(0)],
    [string('group'), length(6000), length(5), length(5001)],
    length(pending.length),
    pending.map((i) => [
      bigEndian(id(i)[0], 8),
      bigEndian(id(i)[1], 8),
      littleEndian(DELIVERED + i, 8),
      length(deliveries(i)),
    ]),
    length(3),
    consumer('alice'),
    consumer('bob'),
    consumer('idle'),
  );
  const truth = {
    entries,
    length: entries.length,
    lastId: `${lastMs}-9`,
    maxDeletedId: `${1000 + COUNT - 2}-5`,
    entriesAdded: COUNT + 50,
    groups: [
      { name: base64(bytes('early')), lastId: '1500-0', entriesRead: null, pending: [], consumers: [] },
      {
        name: base64(bytes('group')),
        lastId: '6000-5',
        entriesRead: 5001,
        pending: pending.map((i) => [id(i).join('-'), base64(bytes(holder(i))), deliveries(i)]),
        consumers: ['alice', 'bob', 'idle'].map((who) => base64(bytes(who))),
      },
    ],
  };
  return sample(name, code, 'stream', serialized, truth, kind === 'huge' ? MiB + KiB : 200, shape);
}

/** When the pending entries of the stream samples were delivered, by id. */
export function deliveredAt(ms: number): number {
  return DELIVERED + ms - 1000;
}

/** All of them. */
export function largeSamples(): LargeSample[] {
  return [...strings(), ...lists(), ...sets(), ...sortedSets(), ...hashes(), ...streams()];
}
