import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { ValueDecoder } from '../../src/rdb/values/decode.js';
import { bytes } from '../support/bytes.js';
import { fixtureFiles } from '../support/fixture-files.js';
import { forEachKey, readAll, readText } from '../support/read.js';

/** Files up to this size are cut at every byte; of larger ones each record is, on its own. */
const SMALL = 6000;

/** Of a long record the first and last so many cuts are made, and every so-manieth between. */
const EDGE = 200;
const STEP = 211;

function* cuts(size: number): Generator<number> {
  for (
    let cut = 0;
    cut < size;
    cut += cut < EDGE || cut >= size - EDGE ? 1 : Math.min(STEP, size - EDGE - cut)
  )
    yield cut;
}

const files = fixtureFiles();

describe.each(files.filter(({ file }) => file.length <= SMALL))('$name, cut at every byte', ({ file }) => {
  test('is told to be truncated, with the records before the cut', () => {
    const lines = readText(readAll(file, { decode: true })).split('\n');
    const hasTrailer = readAll(file).checksum !== 'absent' || file.length > 8;
    for (let cut = 0; cut < file.length; cut++) {
      const read = readAll(file.subarray(0, cut), { decode: true });
      expect(read.error?.code, `cut at ${cut}`).toBe('INPUT_TRUNCATED');
      expect(lines.slice(0, read.records.length), `cut at ${cut}`).toEqual(
        readText(read).split('\n').slice(0, -3),
      );
    }
    expect(hasTrailer).toBe(true);
  });
});

describe.each(files.filter(({ file }) => file.length > SMALL))('$name, every record cut', ({ file }) => {
  const header = file.subarray(0, 9);

  test('the frame is told to be truncated', () => {
    for (const { start, end } of recordsOf(file)) {
      const record = bytes(header, file.subarray(start, end));
      for (const cut of cuts(record.length)) {
        const read = readAll(record.subarray(0, cut));
        if (read.error?.code !== 'INPUT_TRUNCATED' || read.records.length > 0) {
          expect.fail(`record at ${start} cut at ${cut}: ${read.error?.describe()}`);
        }
      }
    }
  });

  test('the value is told to be corrupt when it is decoded', () => {
    const decoder = new ValueDecoder();
    forEachKey(file, (record) => {
      const { valueStart, valueEnd } = record;
      for (const cut of cuts(valueEnd - valueStart)) {
        record.valueEnd = valueStart + cut;
        expect(codeOf(() => decoder.decode(record))).toMatch(/^INPUT_(CORRUPT|TRUNCATED)$/);
      }
    });
  });
});

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'no error';
  } catch (thrown) {
    return thrown instanceof RdbkitError ? thrown.code : String(thrown);
  }
}

/** From the end of the record before, attributes included, to the end of the value. */
function recordsOf(file: Uint8Array): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  let start = -1;
  forEachKey(file, ({ offset, valueOffset, size }) => {
    // What stands before the first key and between databases is left out.
    ranges.push({ start: start < 0 || offset - start > 64 ? offset : start, end: valueOffset + size });
    start = valueOffset + size;
  });
  return ranges;
}
