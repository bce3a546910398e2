import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { formatOfServer } from '../../src/rdb/compat.js';
import type { EncodedValue } from '../../src/rdb/encode/encoded-value.js';
import { ValueEncoder } from '../../src/rdb/encode/value-encoder.js';
import { anyBytes, int64 } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { bytesOf } from '../support/encoding.js';
import { makeSpill } from '../support/memory-output.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// The same value built by commands of a server and by the encoder: what DUMP says of the one are the
// bytes of the other.

/** Bytes behind the value in a DUMP payload. */
const FOOTER_BYTES = 10;

const RUNS = 60;

const text: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: anyBytes(20) },
  { weight: 1, arbitrary: anyBytes(64, 60) },
  { weight: 3, arbitrary: int64.map((value) => bytes(String(value))) },
  { weight: 2, arbitrary: fc.integer({ min: -70_000, max: 70_000 }).map((value) => bytes(String(value))) },
);
const longText = fc.oneof(
  { weight: 5, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 60, max: 20_000 }).map((size) => new Uint8Array(size).fill(size)),
  },
);
const score = fc.oneof(
  fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
  fc.double({ noNaN: true, min: -1000, max: 1000 }).filter((value) => !Object.is(value, -0)),
  fc.integer(),
  fc.integer({ min: -100_000, max: 100_000 }).map((value) => value / 1000),
  int64.map(Number),
  fc.constantFrom(Infinity, -Infinity, 1e21, 1e-7, 0.00001234, 0.1, 5e-324, 2 ** 52, 2 ** 53, 2 ** 62, 1e17),
);

/** Servers since 7.2 print some scores with digits that are not needed (Grisu2); the value is the same. */
const isShortest = (printed: string, value: number) =>
  !Number.isFinite(value) || digitsOf(printed) === digitsOf(value.toExponential());
const digitsOf = (text: string) => text.replace(/e.*|[-.]/g, '').replace(/^0+|0+$/g, '');

const latin1 = (content: Uint8Array) => Buffer.from(content).toString('latin1');
const textOf = (value: number) => String(value).replace('Infinity', 'inf');
const asBuffer = (content: Uint8Array) => Buffer.from(content);

describeServers((server) => {
  let running: RunningServer;
  const target = formatOfServer(server.family, server.version);
  const encoder = new ValueEncoder(target, { makeSpill, compress: false });

  beforeAll(async () => {
    running = await startServer(server, { config: ['--rdbcompression', 'no'] });
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  /** Runs commands on an empty server and holds the value of `k` against one of ours. */
  async function expectSame(
    commands: readonly (readonly (string | Buffer)[])[],
    value: EncodedValue,
  ): Promise<void> {
    const { client } = running;
    const pipeline = client.pipeline([['del', 'k']]);
    for (const [name, ...args] of commands) pipeline.call(name as string, ...args);
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error !== null) throw error;
    const payload = (await client.dumpBuffer('k')) as Buffer;
    const ours = Buffer.from(bytes(value.type.code, bytesOf(value)));
    expect(ours.toString('hex')).toBe(payload.subarray(0, -FOOTER_BYTES).toString('hex'));
  }

  /** Whether the server prints every one of these scores in as few digits as can be, or in 17. */
  async function printsShortest(scores: readonly number[]): Promise<boolean> {
    if (target.rdbVersion < 11) return true;
    const { client } = running;
    await client.del('k');
    await client.zadd('k', ...scores.flatMap((value, i) => [textOf(value), String(i)]));
    const printed = await client.zmscore('k', ...scores.map((_, i) => String(i)));
    return scores.every((value, i) => isShortest(String(printed[i]), value));
  }

  test('strings', () =>
    fc.assert(
      fc.asyncProperty(longText, async (content) => {
        const builder = encoder.string();
        builder.add(content);
        await expectSame([['SET', 'k', asBuffer(content)]], builder.end());
      }),
      { numRuns: RUNS },
    ));

  test('lists', () =>
    fc.assert(
      fc.asyncProperty(fc.array(longText, { minLength: 1, maxLength: 20 }), async (elements) => {
        // Since 7.2 a first node may be a little fuller than any other, as the list was pushed.
        const total = elements.reduce((sum, element) => sum + element.length, 0);
        fc.pre(total < 8000 || total > 8192);
        const builder = encoder.list();
        for (const element of elements) builder.add(element);
        await expectSame([['RPUSH', 'k', ...elements.map(asBuffer)]], builder.end());
      }),
      { numRuns: RUNS },
    ));

  test('sets of integers, and small ones', () => {
    const members = fc.oneof(
      fc.uniqueArray(
        int64.map((value) => bytes(String(value))),
        { minLength: 1, maxLength: 20, selector: latin1 },
      ),
      fc
        .uniqueArray(text, { minLength: 1, maxLength: 20, selector: latin1 })
        .filter((items) => target.rdbVersion >= 11 && !/^-?\d+$/.test(latin1(items[0] as Uint8Array))),
    );
    const choices =
      target.rdbVersion >= 11
        ? members
        : fc.uniqueArray(
            int64.map((v) => bytes(String(v))),
            { minLength: 1, maxLength: 20, selector: latin1 },
          );
    return fc.assert(
      fc.asyncProperty(choices, async (items) => {
        const builder = encoder.set();
        for (const item of items) builder.add(item);
        await expectSame(
          items.map((item) => ['SADD', 'k', asBuffer(item)]),
          builder.end(),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('sorted sets, with every kind of score', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(text, score), {
          minLength: 1,
          maxLength: 20,
          selector: ([member]) => latin1(member),
        }),
        async (members) => {
          fc.pre(await printsShortest(members.map(([, value]) => value)));
          const builder = encoder.zset();
          for (const [member, value] of members) {
            builder.add(member);
            builder.score(value);
          }
          await expectSame(
            members.map(([member, value]) => ['ZADD', 'k', textOf(value), asBuffer(member)]),
            builder.end(),
          );
        },
      ),
      { numRuns: 3 * RUNS },
    ));

  test('small hashes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(text, text), {
          minLength: 1,
          maxLength: 20,
          selector: ([field]) => latin1(field),
        }),
        async (fields) => {
          const builder = encoder.hash();
          for (const [field, value] of fields) builder.addField(field, value);
          await expectSame(
            fields.map((pair) => ['HSET', 'k', ...pair.map(asBuffer)]),
            builder.end(),
          );
        },
      ),
      { numRuns: RUNS },
    ));

  test('streams of several nodes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 70_000 }), fc.boolean(), text, longText), {
          minLength: 1,
          maxLength: 130,
        }),
        async (steps) => {
          const builder = encoder.stream();
          let ms = 1_700_000_000_000;
          const commands = steps.map(([step, other, field, value]) => {
            ms += step;
            const name = other ? field : bytes('name');
            builder.entry({ ms, seq: step % 7 }, [name, value]);
            return ['XADD', 'k', `${ms}-${step % 7}`, asBuffer(name), asBuffer(value)];
          });
          await expectSame(commands, builder.end());
        },
      ),
      { numRuns: RUNS },
    ));
});
