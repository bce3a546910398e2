import { randomBytes } from 'node:crypto';
import { HeldPart } from '../aof/held-time.js';
import { latin1Bytes } from '../bytes/ascii.js';
import { putInt32LE } from '../bytes/integer.js';
import { Fingerprint } from '../codec/fingerprint.js';
import { RdbkitError } from '../errors.js';
import { NoteFile } from '../io/note-file.js';
import type { MakeSpill, Spill } from '../spill.js';
import { NOTE_HEAD, NoteReader, SWAP } from './note-reader.js';

/** Expiry in a note that does not know one. */
export const UNTOLD_EXPIRY = -1;

/** What a file of notes begins with. */
const MAGIC = latin1Bytes('rdbkit-held-1\n');

/** Notes of the last keys are told apart from repetitions of them: a power of two. */
const RECENT = 65_536;

/** Notes wait until there are so many bytes of them, or `flush`. */
const BUFFER = 64 * 1024;

/**
 * Names of keys of which expiries are held, outside memory: in a temporary file, or in one that
 * outlives the process. A name may stand there more than once; one that came lately does not.
 */
export class HeldNotes {
  /** Notes of keys. */
  count = 0;
  /** The earliest expiry in a note; `UNTOLD_EXPIRY` where one does not know it, Infinity without any. */
  earliestMs = Number.POSITIVE_INFINITY;
  /** Notes of keys with fields whose expiries are held. */
  fieldCount = 0;
  /** Databases that traded places with others: a key noted in one of them may be in any of them. */
  readonly swapped = new Set<number>();

  private readonly fingerprint: Fingerprint;
  private readonly recent = new Int32Array(4 * RECENT);
  private readonly recentMs = new Float64Array(RECENT).fill(Number.NaN);
  private buffer = new Uint8Array(BUFFER);
  private view = new DataView(this.buffer.buffer);
  private buffered = 0;

  private constructor(
    private store: Spill,
    private readonly makeSpill: MakeSpill | undefined,
  ) {
    const key = randomBytes(16);
    this.fingerprint = new Fingerprint(Int32Array.from({ length: 4 }, (_, i) => key.readInt32LE(4 * i)));
  }

  /** Notes that last as long as the process. */
  static temporary(makeSpill: MakeSpill): HeldNotes {
    return new HeldNotes(makeSpill(), makeSpill);
  }

  /**
   * Notes in a file of this name, with those that it holds already.
   * @throws RdbkitError IO; USAGE when the file is one of something else
   */
  static inFile(path: string): HeldNotes {
    const file = NoteFile.open(path);
    const notes = new HeldNotes(file, undefined);
    try {
      notes.load(file, path);
      return notes;
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }

  /**
   * Notes a key, unless that was done lately.
   * @param parts bits of `HeldPart`
   * @param atMs when it is to expire, or the first of its fields
   */
  add(parts: number, db: number, bytes: Uint8Array, start: number, end: number, atMs: number): void {
    if (this.isRepeated(parts, db, bytes, start, end, atMs)) return;
    this.append(parts, db, atMs, bytes, start, end);
    this.enter(parts, atMs);
  }

  /** Notes that two databases trade places. */
  swap(first: number, second: number): void {
    if (this.swapped.has(first) && this.swapped.has(second)) return;
    this.append(SWAP, first, second, this.buffer, 0, 0);
    this.swapped.add(first).add(second);
  }

  /** The notes in their order. Those that are added meanwhile are not read. */
  read(): NoteReader {
    this.flush();
    return new NoteReader(this.store, this.headSize);
  }

  /** Lets the file outlive a power cut; nothing for temporary notes. */
  sync(): void {
    this.flush();
    if (this.store instanceof NoteFile) this.store.sync();
  }

  /** Empty notes in the same place, to be given to `replaceBy`; those of databases come with them. */
  successor(): HeldNotes {
    const { store, makeSpill } = this;
    const next = new HeldNotes(
      store instanceof NoteFile ? store.next() : (makeSpill as MakeSpill)(),
      makeSpill,
    );
    if (store instanceof NoteFile) next.store.write(MAGIC);
    const [first, ...others] = this.swapped;
    for (const other of others) next.swap(first as number, other);
    return next;
  }

  /** Puts other notes, of `successor`, in place of these. */
  replaceBy(next: HeldNotes): void {
    next.flush();
    this.buffered = 0;
    const { store } = this;
    if (store instanceof NoteFile) this.store = store.replaceBy(next.store as NoteFile);
    else {
      store.close();
      this.store = next.store;
    }
    this.count = next.count;
    this.fieldCount = next.fieldCount;
    this.earliestMs = next.earliestMs;
    this.recentMs.fill(Number.NaN);
  }

  /** Forgets all notes; a file is removed. Nothing can be added any more. */
  remove(): void {
    if (this.store instanceof NoteFile) this.store.remove();
    else this.store.close();
    this.count = 0;
    this.fieldCount = 0;
    this.earliestMs = Number.POSITIVE_INFINITY;
  }

  /** Closes the file, which stays as it is. */
  close(): void {
    this.flush();
    this.store.close();
  }

  private get headSize(): number {
    return this.store instanceof NoteFile ? MAGIC.length : 0;
  }

  /** Reads what a file holds. What a process that was killed has begun to write at its end is cut off. */
  private load(file: NoteFile, path: string): void {
    const magic = new Uint8Array(Math.min(file.size, MAGIC.length));
    file.readAt(0, magic);
    if (!magic.every((byte, i) => byte === MAGIC[i])) {
      throw new RdbkitError('USAGE', 'it is no file of held expiries', {
        subject: path,
        hint: 'name another file, or none that exists',
      });
    }
    if (magic.length < MAGIC.length) {
      file.cut(0);
      file.write(MAGIC);
    }
    const reader = new NoteReader(file, MAGIC.length);
    while (reader.next()) {
      if (reader.kind === SWAP) this.swapped.add(reader.db).add(reader.atMs);
      else this.enter(reader.kind, reader.atMs);
    }
    file.cut(reader.position);
  }

  private enter(parts: number, atMs: number): void {
    this.count++;
    if ((parts & HeldPart.fields) !== 0) this.fieldCount++;
    if (atMs < this.earliestMs) this.earliestMs = atMs;
  }

  /** True when the key was noted lately with this expiry or an earlier one; else it is from now on. */
  private isRepeated(
    parts: number,
    db: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    atMs: number,
  ): boolean {
    const { fingerprint, recent, recentMs } = this;
    fingerprint.of(4 * db + parts, bytes, start, end);
    const { words } = fingerprint;
    const place = (words[0] as number) & (RECENT - 1);
    let isSame = true;
    for (let i = 0; i < 4; i++) {
      if (recent[4 * place + i] === words[i]) continue;
      isSame = false;
      recent[4 * place + i] = words[i] as number;
    }
    if (isSame && (recentMs[place] as number) <= atMs) return true;
    recentMs[place] = atMs;
    return false;
  }

  private append(
    kind: number,
    db: number,
    atMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const size = NOTE_HEAD + end - start;
    if (this.buffered + size > this.buffer.length) {
      this.flush();
      if (size > this.buffer.length) this.grow(size);
    }
    const { buffer, view, buffered: at } = this;
    buffer[at] = kind;
    putInt32LE(buffer, at + 1, db);
    view.setFloat64(at + 5, atMs, true);
    putInt32LE(buffer, at + 13, end - start);
    buffer.set(bytes.subarray(start, end), at + NOTE_HEAD);
    this.buffered += size;
  }

  /** Puts into the store what waits for it. */
  flush(): void {
    if (this.buffered === 0) return;
    this.store.write(this.buffer.subarray(0, this.buffered));
    this.buffered = 0;
  }

  private grow(size: number): void {
    this.buffer = new Uint8Array(size);
    this.view = new DataView(this.buffer.buffer);
  }
}
