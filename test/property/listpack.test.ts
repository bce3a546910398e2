import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDecimalNumber } from '../../src/bytes/ascii.js';
import { backlenWidth, isWidthChanged, ListpackReader } from '../../src/encodings/listpack.js';
import { putBacklen, withBacklenWidth } from '../../src/encodings/listpack-width.js';
import { damage, damaged } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { type Entry, listpack } from '../support/packed.js';
import { entry, faultOf, itemOf, readPacked } from '../support/packed-entries.js';

const RUNS = 250;

/** An entry of 16383 bytes with its header: the first size at which servers differ. */
const CHANGED = 16_378;
const changedString = fc.nat(255).map((byte) => new Uint8Array(CHANGED).fill(byte));
const entries = fc.array(
  fc.oneof({ weight: 12, arbitrary: entry }, { weight: 1, arbitrary: changedString }),
  { maxLength: 20 },
);
const widths = fc.constantFrom('old' as const, 'new' as const);
const number = fc
  .constantFrom('1.5', '-inf', '+3e5', '', '.', 'x', '-', '12', '1e')
  .map((text) => bytes(text));
const scored = fc
  .array(fc.tuple(entry, fc.oneof({ weight: 5, arbitrary: number }, entry)), { maxLength: 8 })
  .map((pairs) => pairs.flat());

/** What `pass` should say, by the way of `next`. */
function faultByNext(reader: ListpackReader, areScores: boolean): string | undefined {
  let noNumber: string | undefined;
  const fault = faultOf(() => {
    while (noNumber === undefined && reader.next()) {
      if (!areScores || reader.count % 2 === 1 || reader.isInteger) continue;
      if (isDecimalNumber(reader.bytes, reader.start, reader.end)) continue;
      noNumber = `is a score but no number (in listpack entry ${reader.count})`;
    }
  });
  return noNumber ?? fault;
}

describe('ListpackReader.pass', () => {
  test.each([false, true])('agrees with next on any blob, damaged or not; scores: %s', (areScores) => {
    const reader = new ListpackReader();
    const passing = new ListpackReader();
    fc.assert(
      fc.property(fc.oneof(entries, scored), widths, fc.option(damage), (list, width, change) => {
        const whole = listpack(list, { widths: width });
        const blob = change === null ? whole : damaged(whole, change);
        if (faultOf(() => reader.open(blob, 0, blob.length)) !== undefined) return;
        const expected = faultByNext(reader, areScores);
        passing.open(blob, 0, blob.length);
        expect(faultOf(() => passing.pass(areScores))).toBe(expected);
        if (expected === undefined) expect(passing.count).toBe(reader.count);
      }),
      { numRuns: 4 * RUNS },
    );
  });

  test.each(['', 'x', '.', '1e', ' 1', 'nan'])('knows that the string "%s" is no score', (score) => {
    const reader = new ListpackReader();
    const blob = listpack([bytes('member'), bytes(score)]);
    reader.open(blob, 0, blob.length);
    expect(faultOf(() => reader.pass(true))).toContain('is a score but no number (in listpack entry 2)');
  });

  test('goes on behind the entries that next has read', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 12 }), fc.nat(), (list, count) => {
        const blob = listpack(list);
        const reader = new ListpackReader();
        reader.open(blob, 0, blob.length);
        for (let i = 0; i < count % list.length; i++) reader.next();
        reader.pass(false);
        expect([reader.count, reader.at, reader.next()]).toEqual([list.length, blob.length - 1, false]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('back lengths that servers disagree on', () => {
  test('entries of either width are counted, by next and by pass', () => {
    fc.assert(
      fc.property(entries, widths, (list, width) => {
        const blob = listpack(list, { widths: width });
        const changed = list.filter((item) => item instanceof Uint8Array && item.length === CHANGED).length;
        const expected = width === 'old' ? [changed, 0] : [0, changed];
        const [reader, passing] = [new ListpackReader(), new ListpackReader()];
        readPacked(reader, blob);
        passing.open(blob, 0, blob.length);
        passing.pass(false);
        expect([reader.oldWidths, reader.newWidths]).toEqual(expected);
        expect([passing.oldWidths, passing.newWidths]).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  test('withBacklenWidth writes the blob that the other servers would have written', () => {
    fc.assert(
      fc.property(entries, widths, widths, (list, from, to) => {
        const [blob, wanted] = [listpack(list, { widths: from }), listpack(list, { widths: to })];
        const junk = bytes(0, 1, 2);
        const changed = withBacklenWidth(bytes(junk, blob, junk), 3, 3 + blob.length, to);
        if (Buffer.compare(blob, wanted) === 0) expect(changed).toBeUndefined();
        else expect(Buffer.compare(changed as Uint8Array, wanted)).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });

  test('withBacklenWidth leaves the blob alone where all entries have the width, and brings mixed ones to it', () => {
    const both: Entry[] = [new Uint8Array(CHANGED).fill(1), 7, new Uint8Array(CHANGED).fill(2)];
    const [old, recent] = [listpack(both, { widths: 'old' }), listpack(both)];
    const half = 6 + 16_383 + 3;
    const mixed = bytes(old.subarray(0, half), recent.subarray(half - 1));
    new DataView(mixed.buffer).setUint32(0, mixed.length, true);
    expect(readPacked(new ListpackReader(), mixed).items).toEqual(both.map(itemOf));
    expect(Buffer.compare(withBacklenWidth(mixed, 0, mixed.length, 'old') as Uint8Array, old)).toBe(0);
    expect(Buffer.compare(withBacklenWidth(mixed, 0, mixed.length, 'new') as Uint8Array, recent)).toBe(0);
  });

  test('an entry of two megabytes', () => {
    const list = [new Uint8Array(2_097_146).fill(0x78), 'end'];
    const [old, recent] = [listpack(list, { widths: 'old' }), listpack(list)];
    expect(old.length).toBe(recent.length + 1);
    expect(Buffer.compare(withBacklenWidth(recent, 0, recent.length, 'old') as Uint8Array, old)).toBe(0);
    expect(Buffer.compare(withBacklenWidth(old, 0, old.length, 'new') as Uint8Array, recent)).toBe(0);
  });

  // Size and back length, as the servers write it since the change and before.
  test.each([
    [127, [0x7f], false],
    [128, [0x01, 0x80], false],
    [16_382, [0x7f, 0xfe], false],
    [16_383, [0x7f, 0xff], true],
    [16_384, [0x01, 0x80, 0x80], false],
    [2_097_151, [0x7f, 0xff, 0xff], true],
    [268_435_455, [0x7f, 0xff, 0xff, 0xff], true],
    [268_435_456, [0x01, 0x80, 0x80, 0x80, 0x80], false],
  ])('the back length of %i bytes', (size, expected, isChanged) => {
    const target = new Uint8Array(8);
    const end = putBacklen(target, 0, size, backlenWidth(size));
    expect([...target.subarray(0, end)]).toEqual(expected);
    expect(isWidthChanged(size)).toBe(isChanged);
    const old = putBacklen(target, 0, size, backlenWidth(size) + 1);
    expect([...target.subarray(0, old)]).toEqual([0, (expected[0] as number) | 0x80, ...expected.slice(1)]);
  });
});
