import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { formatOfServer, passageOf, type TargetFormat } from '../../src/rdb/compat.js';
import type { EncodedValue } from '../../src/rdb/encode/encoded-value.js';
import { ValueEncoder } from '../../src/rdb/encode/value-encoder.js';
import { dumpPayload } from '../../src/rdb/payload.js';
import { valueTypeOf } from '../../src/rdb/values/decode.js';
import { noise } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { corpusBytes } from '../support/corpus.js';
import { bytesOf, decoded, readerOf } from '../support/encoding.js';
import { makeSpill } from '../support/memory-output.js';
import { forEachKey } from '../support/read.js';
import { readOne } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';
import { normalTruth, truthOf } from '../support/truth.js';

// What the encoder makes for a server, given to that server by RESTORE with every check that it has,
// is read back as what it should be.

/** Dumps whose values are encoded anew: old and new, of both families. */
const DUMPS = ['r26', 'r50', 'r62', 'r72', 'r74', 'r88', 'v91'];

const FAR = 4_102_444_800_000;

describeServers((server) => {
  let running: RunningServer;
  const target: TargetFormat = formatOfServer(server.family, server.version);

  beforeAll(async () => {
    const isRedis = server.family === 'redis';
    running = await startServer(server, { config: isRedis ? ['--sanitize-dump-payload', 'yes'] : [] });
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  async function expectTaken(key: string, { code, content }: Encoded): Promise<unknown> {
    const payload = Buffer.from(dumpPayload(code.code, content, target.rdbVersion));
    await expect(running.client.call('RESTORE', key, '0', payload), `${key} as ${code.name}`).resolves.toBe(
      'OK',
    );
    const held = await readOne(running, 0, key);
    expect(held?.type).toBe(code.family);
    return normalTruth(held as NonNullable<typeof held>);
  }

  test.each(DUMPS)('takes the values of %s', async (name) => {
    const encoder = new ValueEncoder(target, { makeSpill, fieldExpiries: 'drop', streamState: 'drop' });
    const values: (Encoded & { readonly key: string })[] = [];
    let refused = 0;
    forEachKey(corpusBytes(name), (record) => {
      if (!DATA.has(record.type.family)) return;
      try {
        values.push({ key: `${record.index}`, ...copyOf(encoder.encode(record, readerOf(record))) });
      } catch (thrown) {
        if (!(thrown instanceof RdbkitError) || thrown.code !== 'TARGET_INCOMPATIBLE') throw thrown;
        refused++;
      }
    });
    expect(refused).toBe(0);
    expect(values.length).toBeGreaterThan(80);
    for (const value of values) {
      expect(await expectTaken(value.key, value), value.key).toEqual(
        truthOf(decoded(value.code, value.content)),
      );
    }
    expect(encoder.dropped.fieldExpiries > 0).toBe(!server.hasFieldExpiry && /r74|r88|v91/.test(name));
  });

  test.each(['r50', 'r70', 'r72'])('counts the streams of %s as this server does', async (name) => {
    const encoder = new ValueEncoder(target, { makeSpill });
    const streams: { readonly original: Encoded; readonly encoded: Encoded }[] = [];
    forEachKey(corpusBytes(name), (record) => {
      const type = valueTypeOf(record.type);
      if (type.family !== 'stream' || passageOf(record, target) !== 'as-is') return;
      // Some servers cannot read the back lengths of the original.
      if (target.backlen === 'new' && record.largestString > 16_000) return;
      const encoded = copyOf(encoder.encode(record, readerOf(record)));
      streams.push({ original: { code: type, content: record.value.slice() }, encoded });
    });
    expect(streams.length > 3 || (name === 'r72' && target.rdbVersion < 11)).toBe(true);
    for (const [i, { original, encoded }] of streams.entries()) {
      expect(await expectTaken(`ours ${i}`, encoded)).toEqual(await expectTaken(`theirs ${i}`, original));
    }
  });

  test.each([true, false])('takes large values, compressed: %s', async (compress) => {
    const limits = { partBytes: 64 * 1024, maxHeldString: 256 * 1024 };
    const encoder = new ValueEncoder(target, { makeSpill, compress, limits });
    for (const [name, value] of largeValues(encoder, server.hasFieldExpiry)) {
      const copy = copyOf(value);
      const content = truthOf(decoded(copy.code, copy.content));
      expect(JSON.stringify(await expectTaken(name, copy)) === JSON.stringify(content), name).toBe(true);
      value.close();
    }
  });

  test('takes elements of the sizes at which servers disagree on listpacks', async () => {
    const encoder = new ValueEncoder(target, { makeSpill, compress: false });
    for (const size of [16_377, 16_378, 16_379, 2_097_146]) {
      const builder = encoder.stream();
      builder.entry({ ms: 1, seq: 1 }, [bytes('f'), noise(size)]);
      const copy = copyOf(builder.end());
      expect(await expectTaken(`stream ${size}`, copy)).toEqual(truthOf(decoded(copy.code, copy.content)));
    }
  });
});

/** Families that ordinary commands read whole. */
const DATA: ReadonlySet<string> = new Set(['string', 'list', 'set', 'zset', 'hash', 'stream']);

interface Encoded {
  readonly code: EncodedValue['type'];
  readonly content: Uint8Array;
}

function copyOf(value: EncodedValue): Encoded {
  return { code: value.type, content: bytesOf(value) };
}

/** Values of every family that pass the bounds of memory, and single strings that do. */
function* largeValues(encoder: ValueEncoder, hasFieldExpiry: boolean): Generator<[string, EncodedValue]> {
  const item = (i: number) => bytes(`item ${i % 977} of many, `, String(i));
  const huge = noise(700_000);
  const inPieces = (builder: {
    beginString(total?: number): void;
    append(b: Uint8Array, s: number, e: number): void;
    endString(): void;
  }) => {
    builder.beginString();
    for (let at = 0; at < huge.length; at += 50_000)
      builder.append(huge, at, Math.min(huge.length, at + 50_000));
    builder.endString();
  };

  const string = encoder.string();
  inPieces(string);
  yield ['string', string.end()];

  const list = encoder.list();
  for (let i = 0; i < 6000; i++) list.add(item(i));
  inPieces(list);
  list.add(noise(20_000));
  list.add(bytes('12'));
  yield ['list', list.end()];

  const set = encoder.set();
  for (let i = 0; i < 6000; i++) set.add(item(i));
  inPieces(set);
  yield ['set', set.end()];

  const zset = encoder.zset();
  for (let i = 0; i < 6000; i++) {
    zset.add(item(i));
    zset.score((i * 7919) % 1000);
  }
  yield ['zset', zset.end()];

  const hash = encoder.hash();
  for (let i = 0; i < 6000; i++)
    hash.addField(item(i), bytes(String(i)), hasFieldExpiry && i % 3 === 0 ? FAR + i : undefined);
  hash.add(bytes('huge'));
  inPieces(hash);
  yield ['hash', hash.end()];

  const stream = encoder.stream();
  for (let i = 0; i < 2000; i++)
    stream.entry({ ms: 1000 + i, seq: 1 }, [bytes(i % 50 === 0 ? 'other' : 'text'), item(i)]);
  yield ['stream', stream.end()];
}
