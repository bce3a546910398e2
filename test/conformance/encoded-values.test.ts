import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { TargetTypes } from '../../src/rdb/encode/target-types.js';
import { ValueEncoder, type ValueEncoderOptions } from '../../src/rdb/encode/value-encoder.js';
import { decodeValue, valueTypeOf } from '../../src/rdb/values/decode.js';
import type { KeyRecord } from '../../src/record.js';
import { type CorpusServer, corpus, corpusBytes } from '../support/corpus.js';
import {
  bytesOf,
  decoded,
  faultIn,
  meaningOf,
  readerOf,
  targetName,
  targetOf,
  targets,
} from '../support/encoding.js';
import { fixtureFiles } from '../support/fixture-files.js';
import { MemorySpill, makeSpill } from '../support/memory-output.js';
import { forEachKey, toHex } from '../support/read.js';

// Every value of every dump through the encoder: for the version of its own server it must come out
// as that server wrote it, for any other it must mean the same.

/** Keys that a server wrote otherwise than its defaults would, by what they hold in the corpus. */
const WRITTEN_OTHERWISE: Readonly<Record<string, string>> = {
  'list:linked': 'made with nodes of four elements',
  'list:compressed': 'made with nodes of four elements',
  'stream:big': 'holds deleted entries, which we leave out',
};

/** Nor does a server go back to a ziplist once a list of 2.6 or 2.8 was without. */
const SHRUNK: Readonly<Record<string, string>> = { 'set:small': 'was larger once' };

/** Where the smallest expiry stands that a server of Redis keeps up only roughly. */
const ROUGH_MINIMUM = 8;

function textOf(record: KeyRecord): string {
  return Buffer.from(record.key).toString('latin1');
}

function isWrittenOtherwise(record: KeyRecord): boolean {
  const key = textOf(record);
  return key in WRITTEN_OTHERWISE || (record.type.name === 'list-linkedlist' && key in SHRUNK);
}

function targetOfServer({ name, family }: CorpusServer, dump: Uint8Array) {
  const version = Number(Buffer.from(dump.subarray(6, 9)).toString());
  return name === 'v91'
    ? { ...targetOf(family, version), backlen: 'new' as const }
    : targetOf(family, version);
}

test.each(corpus)('the values of $label come out as it wrote them', (server) => {
  const dump = corpusBytes(server.name, 'dump-lfu-uncompressed');
  const encoder = new ValueEncoder(targetOfServer(server, dump), { makeSpill, compress: false });
  let compared = 0;
  forEachKey(dump, (record) => {
    const value = encoder.encode(record, readerOf(record));
    const from = record.type.encoding === 'listpack-ex' ? ROUGH_MINIMUM : 0;
    if (isWrittenOtherwise(record)) return;
    compared++;
    expect([value.type.name, value.size], textOf(record)).toEqual([record.type.name, record.size]);
    expect(toHex(bytesOf(value).subarray(from)), textOf(record)).toBe(toHex(record.value.subarray(from)));
  });
  expect(compared).toBeGreaterThan(90);
});

/** What is refused, by the families and encodings that need a newer server. */
const REFUSED =
  /^(?:the expiry of a hash field|a stream|an array|array|module-|opaque-|a field that expires)/;

const OPTIONS: Partial<ValueEncoderOptions>[] = [{}, { limits: { partBytes: 300, maxHeldString: 100 } }];

const encoders = targets.flatMap((target) =>
  OPTIONS.map((options) => ({
    target,
    types: new TargetTypes(target),
    encoder: new ValueEncoder(target, { makeSpill, ...options }),
  })),
);

/** Dumps that are large take turns at the targets. */
const SHARES = 10;

/** Encodes a value for targets, and holds what comes out against what went in. */
function expectSameMeaning(record: KeyRecord, chosen: typeof encoders): void {
  const source = valueTypeOf(record.type);
  const original = decodeValue(record);
  for (const { target, types, encoder } of chosen) {
    const place = `${textOf(record)} for ${targetName(target)}`;
    try {
      const value = encoder.encode(record, readerOf(record));
      const content = bytesOf(value);
      expect(content.length).toBe(value.size);
      expect(types.has(value.type), place).toBe(true);
      if (source.family === 'opaque') continue;
      expect(faultIn(value.type, content), place).toBeUndefined();
      const read = meaningOf(decoded(value.type, content), value.type, source);
      if (!isDeepStrictEqual(read, meaningOf(original, source, value.type))) {
        expect(read, place).toEqual(meaningOf(original, source, value.type));
      }
    } catch (thrown) {
      if (!(thrown instanceof RdbkitError)) throw thrown;
      if (original.type === 'zset' && original.members.some(({ score }) => Number.isNaN(score))) {
        expect(thrown.message, place).toBe('a score is not a number, which servers refuse');
        continue;
      }
      expect(thrown.code, thrown.describe()).toBe('TARGET_INCOMPATIBLE');
      expect(thrown.message).toMatch(REFUSED);
      expect(thrown.message).toMatch(/needs (?:a )?(?:Redis|Valkey|server)/);
    }
    encoder.close();
  }
}

const dumps = fixtureFiles()
  .filter(({ name }) => !name.includes('dump-l'))
  .map(({ name, file }, i) => ({
    name,
    file,
    chosen: name.startsWith('corpus') ? encoders.filter((_, j) => j % SHARES === i % SHARES) : encoders,
  }));

test.each(dumps)('the values of $name mean the same for other targets', ({ file, chosen }) => {
  forEachKey(file, (record) => expectSameMeaning(record, chosen));
  expect(MemorySpill.open).toBe(0);
});
