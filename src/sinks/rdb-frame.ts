import { latin1Text } from '../bytes/ascii.js';
import { putInt32BE, putInt32LE } from '../bytes/integer.js';
import { Crc64 } from '../codec/crc64.js';
import { replaceInCrc } from '../codec/crc64-combine.js';
import { type DumpTarget, magicOf } from '../rdb/dump-target.js';
import { Opcode } from '../rdb/opcodes.js';
import { putLength } from '../rdb/string-header.js';
import type { AuxRecord, KeyHead } from '../record.js';
import type { OutputBuffer } from './output-buffer.js';

/** First version with AUX and RESIZEDB. */
const AUX = 7;

/** RESIZEDB with two counts in the form of 32 bits, which can be filled in later. */
const RESIZE_BYTES = 11;
const LENGTH_32 = 0x80;
const LARGEST_COUNT = 0xffff_ffff;

/**
 * Fields that are as true of a part of the dump as of the whole. What a server was replicating,
 * how much memory it used and which slots it had is not; neither is `aof-base`, for this is none.
 */
const KEPT: ReadonlySet<string> = new Set(['redis-bits', 'ctime']);

/** Fields that say who wrote the values; kept where they are as they were. */
const WRITERS: ReadonlySet<string> = new Set(['redis-ver', 'valkey-ver', 'df-ver']);

/** Source of a script, a field for each. */
const SCRIPT = 'lua';

const NO_COUNTS = { position: -1, keys: 0, expires: 0 };

interface Counts {
  /** Where RESIZEDB stands in the output; -1 where there is none. */
  readonly position: number;
  keys: number;
  expires: number;
}

/**
 * The frame of a dump: what stands before, between and behind its keys. The counts of RESIZEDB,
 * by which servers make room at once, are filled in at the end where the output can be patched,
 * and left out elsewhere; servers do without.
 */
export class RdbFrame {
  private readonly crc = new Crc64();
  private readonly fields = new Map<string, AuxRecord>();
  private isBegun = false;
  private db = -1;
  private counts: Counts = NO_COUNTS;
  private readonly databases = new Map<number, Counts>();
  /** Where RESIZEDB of a database stands that no key was entered for yet. */
  private resizeAt = -1;

  /** @param target asked once the first record is there: it may depend on the source */
  constructor(
    private readonly out: OutputBuffer,
    private readonly target: () => DumpTarget,
  ) {
    out.onFlush = (bytes) => this.crc.update(bytes);
  }

  /** Writes the header, the first time. */
  begin(): void {
    if (this.isBegun) return;
    this.isBegun = true;
    const { out } = this;
    out.ascii(magicOf(this.target()));
    for (const [name, field] of this.fields) {
      if (KEPT.has(name) || this.target().asStored) this.field(field);
    }
  }

  /** Takes a field into the header, if it may be there; false when it is left out. */
  aux(record: AuxRecord): boolean {
    const name = latin1Text(record.name);
    if (name === SCRIPT) {
      this.begin();
      return this.field(record);
    }
    if (this.isBegun || this.fields.has(name) || !(KEPT.has(name) || WRITERS.has(name))) return false;
    this.fields.set(name, record);
    return true;
  }

  /** Writes what must stand before a key of that database. `entered` has to follow. */
  select(db: number): void {
    if (db === this.db) return;
    const { out } = this;
    out.ensure(10 + RESIZE_BYTES);
    out.bytes[out.at] = Opcode.selectDb;
    out.at = putLength(out.bytes, out.at + 1, db);
    if (!out.canPatch || this.target().rdbVersion < AUX || this.databases.has(db)) return;
    this.resizeAt = out.position;
    putResize(out.bytes, out.at, NO_COUNTS);
    out.at += RESIZE_BYTES;
  }

  /** Says that a key was written. */
  entered({ db, expireAtMs }: KeyHead): void {
    if (db !== this.db) this.enterDatabase(db);
    this.counts.keys++;
    if (expireAtMs !== undefined) this.counts.expires++;
  }

  /** Says that what was written since `select` is to be in this database from now on. */
  enterDatabase(db: number): void {
    this.db = db;
    const known = this.databases.get(db);
    this.counts = known ?? { position: this.resizeAt, keys: 0, expires: 0 };
    if (known === undefined) this.databases.set(db, this.counts);
    this.resizeAt = -1;
  }

  /** Writes the end: counts, EOF and checksum. */
  end(): void {
    const { out, crc } = this;
    this.begin();
    out.byte(Opcode.eof);
    out.flush();
    out.onFlush = undefined;
    const zeros = new Uint8Array(RESIZE_BYTES);
    putResize(zeros, 0, NO_COUNTS);
    for (const counts of this.databases.values()) {
      if (counts.position < 0) continue;
      const filled = new Uint8Array(RESIZE_BYTES);
      putResize(filled, 0, counts);
      out.patch(counts.position, filled);
      replaceInCrc(crc, out.base, counts.position, zeros, filled);
    }
    out.ensure(8);
    putInt32LE(out.bytes, out.at, crc.low);
    putInt32LE(out.bytes, out.at + 4, crc.high);
    out.at += 8;
  }

  private field({ name, value }: AuxRecord): boolean {
    if (this.target().rdbVersion < AUX) return false;
    const { out } = this;
    out.byte(Opcode.aux);
    putString(out, name);
    putString(out, value);
    return true;
  }
}

/** Writes bytes as a raw string. */
export function putString(out: OutputBuffer, bytes: Uint8Array): void {
  out.ensure(9);
  out.at = putLength(out.bytes, out.at, bytes.length);
  out.put(bytes);
}

function putResize(target: Uint8Array, at: number, { keys, expires }: Counts): void {
  target[at] = Opcode.resizeDb;
  target[at + 1] = LENGTH_32;
  putInt32BE(target, at + 2, Math.min(keys, LARGEST_COUNT));
  target[at + 6] = LENGTH_32;
  putInt32BE(target, at + 7, Math.min(expires, LARGEST_COUNT));
}
