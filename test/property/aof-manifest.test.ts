import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatManifest,
  isPartName,
  type ManifestRow,
  parseManifest,
  surveyManifest,
} from '../../src/aof/manifest.js';
import { RdbkitError } from '../../src/errors.js';

const name = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  )
  .filter((text) => isPartName(text) && !/\p{Surrogate}/u.test(text));
const offset = fc.option(fc.nat(), { nil: undefined });

const row =
  (role: ManifestRow['role'], seq: number) => (parts: [string, number | undefined, number | undefined]) => ({
    name: parts[0],
    seq,
    role,
    ...(parts[1] === undefined ? {} : { startOffset: parts[1] }),
    ...(parts[2] === undefined ? {} : { endOffset: parts[2] }),
  });

test('rows come back as they were', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, offset, offset), {
        maxLength: 8,
        minLength: 1,
        selector: ([text]) => text,
      }),
      fc.nat(3),
      (parts, history) => {
        const rows = parts.map((part, i) => {
          if (i === 0) return row('base', 9)(part);
          return i <= history ? row('history', i)(part) : row('increment', i)(part);
        });
        expect(parseManifest(formatManifest(rows))).toEqual(rows);
      },
    ),
    { numRuns: 500 },
  );
});

test('arbitrary bytes, and manifests with bytes changed, raise INPUT_CORRUPT only', () => {
  const words = fc.constantFrom(
    'file ',
    'seq ',
    'type ',
    'b',
    'i\n',
    'h',
    ' 1 ',
    '"',
    '\\x',
    "'",
    '\n',
    '#',
    '/',
    ' ',
  );
  const text = fc
    .array(fc.oneof({ weight: 4, arbitrary: words }, { weight: 1, arbitrary: fc.string({ maxLength: 3 }) }), {
      maxLength: 40,
    })
    .map((pieces) => new Uint8Array(Buffer.from(pieces.join(''))));
  const mutated = fc
    .tuple(fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
    .map(([changes]) => {
      const bytes = new Uint8Array(
        Buffer.from('file "a b" seq 2 type b\nfile i seq 1 type i startoffset 3\n'),
      );
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(text, mutated, fc.uint8Array({ maxLength: 3000 })), (bytes) => {
      const { rows, faults } = surveyManifest(bytes);
      for (const row of rows) expect(isPartName(row.name)).toBe(true);
      try {
        expect(parseManifest(bytes)).toEqual(rows);
        expect(faults).toEqual([]);
      } catch (thrown) {
        if (!(thrown instanceof RdbkitError)) throw thrown;
        expect(thrown.code).toBe('INPUT_CORRUPT');
        expect(faults.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 2000 },
  );
});
