import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Integer } from '../../src/bytes/integer.js';
import { RdbkitError } from '../../src/errors.js';
import { ValueEncoder } from '../../src/rdb/encode/value-encoder.js';
import { FieldExpiries, hashOfPayload, mayHaveFieldExpiries } from '../../src/rdb/field-expiries.js';
import { dumpPayload } from '../../src/rdb/payload.js';
import { allTypes, type ValueType } from '../../src/rdb/types.js';
import { decodeValue } from '../../src/rdb/values/decode.js';
import type { HashField } from '../../src/rdb/values/value.js';
import type { KeyRecord } from '../../src/record.js';
import { bytesOf, recordOf, targetOf } from '../support/encoding.js';
import { logCommand } from '../support/log-commands.js';
import { makeSpill } from '../support/memory-output.js';

const targets = [targetOf('redis', 12), targetOf('valkey', 80)];
const types = allTypes().filter(mayHaveFieldExpiries);

const content = fc.uint8Array({ maxLength: 90 });
const atMs = fc.option(fc.integer({ min: 1, max: 2 ** 46 - 1 }), { nil: undefined });
const hash = fc.uniqueArray(fc.tuple(content, content, atMs), {
  minLength: 1,
  maxLength: 40,
  selector: ([field]) => Buffer.from(field).toString('latin1'),
});

/** A hash as servers of either family store it. */
function recordOfHash(
  fields: readonly (readonly [Uint8Array, Uint8Array, number | undefined])[],
  at: number,
): KeyRecord {
  const builder = new ValueEncoder(targets[at] as never, { makeSpill }).hash().begin();
  for (const [field, value, expireAtMs] of fields) builder.addField(field, value, expireAtMs);
  const encoded = builder.end();
  return recordOf(encoded.type as ValueType, bytesOf(encoded).slice());
}

function fieldsOf(record: KeyRecord): Map<string, readonly [string, Integer | undefined]> {
  const decoded = decodeValue(record);
  if (decoded.type !== 'hash') throw new Error(decoded.type);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  return new Map(
    decoded.fields.map(({ field, value, expireAtMs }: HashField) => [text(field), [text(value), expireAtMs]]),
  );
}

test('other expiries are the only thing that changes', () => {
  const expiries = new FieldExpiries();
  fc.assert(
    fc.property(
      hash,
      fc.constantFrom(0, 1),
      fc.integer({ min: 1, max: 2 ** 46 - 1 }),
      (fields, at, until) => {
        const record = recordOfHash(fields, at);
        const before = record.value.slice();
        const wanted = fieldsOf(record);
        const change = (expireAtMs: Integer) =>
          expireAtMs < until ? 2 ** 46 - Number(expireAtMs) : expireAtMs;
        let changes = 0;
        for (const [field, [value, expireAtMs]] of wanted) {
          if (expireAtMs === undefined || change(expireAtMs) === expireAtMs) continue;
          wanted.set(field, [value, change(expireAtMs)]);
          changes++;
        }
        expiries.change(record, change);
        expect(fieldsOf(record)).toEqual(wanted);
        if (changes === 0) expect(record.value).toEqual(before);
      },
    ),
    { numRuns: 200 },
  );
});

test('bytes that are no value raise typed errors only', () => {
  const expiries = new FieldExpiries();
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
      try {
        expiries.change(recordOf(type, bytes), (expireAtMs) => (expireAtMs < 2 ** 40 ? 2 ** 41 : expireAtMs));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RdbkitError);
        expect((thrown as RdbkitError).code).toMatch(/^INPUT_|^LIMIT_EXCEEDED$/);
      }
    }),
    { numRuns: 1000 },
  );
  expect(types.length).toBe(5);
});

test('the hash of a RESTORE is found where its checksum is right or left out', () => {
  const fields = [[Buffer.from('f'), Buffer.from('v'), 5]] as const;
  for (const [at, version] of [
    [0, 12],
    [1, 80],
  ] as const) {
    const { type, value } = recordOfHash(fields, at);
    const payload = dumpPayload(type.code, value, version);
    const found = (bytes: Uint8Array) => hashOfPayload(logCommand(['RESTORE', 'key', '0', bytes]));
    expect(found(payload)?.version).toBe(version);
    expect(fieldsOf(found(payload)?.record as KeyRecord)).toEqual(new Map([['f', ['v', 5]]]));
    for (let i = 0; i < payload.length; i++) {
      const damaged = payload.slice();
      damaged[i] = (damaged[i] as number) ^ 1;
      expect(found(damaged)).toBeUndefined();
      expect(found(payload.subarray(0, i))).toBeUndefined();
    }
    const unchecked = payload.slice().fill(0, payload.length - 8);
    expect(found(unchecked)?.version).toBe(version);
    expect(found(dumpPayload(0, Buffer.from('\x01v'), version))).toBeUndefined();
  }
});
