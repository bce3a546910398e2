import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HeldPart } from '../../src/aof/held-time.js';
import { readUint32LE } from '../../src/bytes/integer.js';
import { Spool } from '../../src/io/spool.js';
import { HeldNotes } from '../../src/redis/held-notes.js';
import { SWAP } from '../../src/redis/note-reader.js';
import { Scratch } from '../support/scratch.js';

let scratch: Scratch;

beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

type Note = readonly [db: number, key: Uint8Array, atMs: number];

function add(notes: HeldNotes, ...all: readonly Note[]): void {
  for (const [db, key, atMs] of all) {
    const bytes = Buffer.concat([Buffer.from('before'), key, Buffer.from('behind')]);
    notes.add(HeldPart.key, db, bytes, 6, 6 + key.length, atMs);
  }
}

function read(notes: HeldNotes): Note[] {
  const found: Note[] = [];
  const reader = notes.read();
  while (reader.next()) {
    if (reader.kind === SWAP) continue;
    found.push([reader.db, reader.bytes.slice(reader.keyStart, reader.keyEnd), reader.atMs]);
  }
  return found;
}

const note = (db: number, key: string, atMs: number): Note => [db, new Uint8Array(Buffer.from(key)), atMs];
const kinds = [
  ['temporary notes', () => HeldNotes.temporary(() => new Spool())],
  ['notes in a file', () => HeldNotes.inFile(scratch.path('held'))],
] as const;

describe.each(kinds)('%s', (_, make) => {
  test('are read as they were added', () => {
    const size = fc.oneof(
      { weight: 9, arbitrary: fc.nat(60) },
      fc.constantFrom(65_519, 65_520, 262_127, 300_000),
    );
    const entry = fc.tuple(
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      size,
      fc.integer({ min: -1, max: 2 ** 42 }),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (all) => {
        const notes = make();
        const added = all.map(([db, length, atMs], i): Note => {
          const key = new Uint8Array(length + 1).fill(length);
          key[0] = i;
          return [db, key, atMs];
        });
        add(notes, ...added);
        const found = read(notes);
        expect(found.map(([db, , atMs]) => [db, atMs])).toEqual(all.map(([db, , atMs]) => [db, atMs]));
        expect(found.every(([, key], i) => Buffer.compare(key, (added[i] as Note)[1]) === 0)).toBe(true);
        expect(notes.count).toBe(all.length);
        expect(notes.earliestMs).toBe(Math.min(...all.map(([, , atMs]) => atMs)));
        notes.remove();
      }),
      { numRuns: 30 },
    );
  });

  test('leave out what was noted lately, unless it expires earlier', () => {
    const notes = make();
    add(
      notes,
      note(0, 'a', 10),
      note(0, 'a', 10),
      note(0, 'a', 12),
      note(1, 'a', 12),
      note(0, 'a', 9),
      note(0, 'a', -1),
      note(0, 'a', 5),
    );
    expect(read(notes)).toEqual([note(0, 'a', 10), note(1, 'a', 12), note(0, 'a', 9), note(0, 'a', -1)]);
    notes.add(HeldPart.fields, 0, Buffer.from('a'), 0, 1, 7);
    expect([notes.count, notes.fieldCount]).toEqual([5, 1]);
    notes.remove();
  });

  test('are replaced by others', () => {
    const notes = make();
    add(notes, note(0, 'a', 1), note(0, 'b', 2), note(0, 'c', 3));
    notes.swap(4, 5);
    notes.swap(7, 5);
    for (let round = 0; round < 2; round++) {
      const next = notes.successor();
      add(next, note(0, 'b', 2));
      notes.replaceBy(next);
    }
    expect(read(notes)).toEqual([note(0, 'b', 2)]);
    expect([notes.count, notes.earliestMs]).toEqual([1, 2]);
    expect([...notes.swapped].sort()).toEqual([4, 5, 7]);
    add(notes, note(0, 'a', 1));
    expect(read(notes)).toEqual([note(0, 'b', 2), note(0, 'a', 1)]);
    notes.remove();
  });

  test('are many, in little memory', () => {
    const notes = make();
    const key = Buffer.alloc(12);
    for (let i = 0; i < 100_000; i++) {
      key.writeUInt32LE(i, 4);
      notes.add(HeldPart.key, 0, key, 0, 12, 1 + (i % 1000));
    }
    expect(notes.count).toBe(100_000);
    const reader = notes.read();
    let i = 0;
    for (; reader.next(); i++) {
      if (readUint32LE(reader.bytes, reader.keyStart + 4) !== i) throw new Error(`note ${i}`);
    }
    expect(i).toBe(100_000);
    notes.remove();
  });
});

describe('a file of notes', () => {
  test('holds every note that was flushed', () => {
    const path = scratch.path('held');
    const notes = HeldNotes.inFile(path);
    const all = [note(0, 'a', 1), note(7, '', 2), note(3, 'c\r\n', -1)];
    for (const [i, one] of all.entries()) {
      add(notes, one);
      notes.flush();
      writeFileSync(`${path}-copy`, readFileSync(path));
      const copy = HeldNotes.inFile(`${path}-copy`);
      expect(read(copy)).toEqual(all.slice(0, i + 1));
      expect(copy.count).toBe(i + 1);
      copy.close();
    }
    notes.swap(3, 9);
    notes.close();
    const again = HeldNotes.inFile(path);
    expect([...again.swapped]).toEqual([3, 9]);
    expect(again.earliestMs).toBe(-1);
    add(again, note(5, 'd', 4));
    expect(read(again)).toEqual([...all, note(5, 'd', 4)]);
    again.remove();
    expect(existsSync(path)).toBe(false);
  });

  test('that ends within a note is cut off before it, at any byte', () => {
    const path = scratch.path('held');
    const notes = HeldNotes.inFile(path);
    const ends = [readFileSync(path).length];
    for (const one of [note(0, 'abc', 1), note(7, 'defgh', 2)]) {
      add(notes, one);
      notes.flush();
      ends.push(readFileSync(path).length);
    }
    notes.close();
    const whole = readFileSync(path);
    for (let size = 0; size <= whole.length; size++) {
      writeFileSync(path, whole);
      truncateSync(path, size);
      const cut = HeldNotes.inFile(path);
      expect(cut.count).toBe(ends.slice(1).filter((end) => end <= size).length);
      add(cut, note(1, 'x', 3));
      expect(read(cut).at(-1)).toEqual(note(1, 'x', 3));
      cut.close();
      expect(HeldNotes.inFile(path).count).toBe(cut.count);
    }
  });

  test('of something else is refused and stays as it is', () => {
    const path = scratch.file('held', 'REDIS0011 and so on');
    expect(() => HeldNotes.inFile(path)).toThrow(/no file of held expiries/);
    expect(readFileSync(path, 'latin1')).toBe('REDIS0011 and so on');
    appendFileSync(path, 'x');
    expect(() => HeldNotes.inFile(scratch.path('no/such/folder'))).toThrow(
      expect.objectContaining({ code: 'IO' }),
    );
  });
});
