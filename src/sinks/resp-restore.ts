import type { Integer } from '../bytes/integer.js';
import { Crc64Seals } from '../codec/crc64.js';
import { type Limits, withLimits } from '../limits.js';
import { valueWithBacklens } from '../rdb/backlen.js';
import { type Passage, passageOf, type TargetFormat } from '../rdb/compat.js';
import { FOOTER_BYTES, PayloadFooter } from '../rdb/payload.js';
import { PLAIN_HASH, plainHash } from '../rdb/plain-hash.js';
import { valueTypeOf } from '../rdb/values/decode.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead, KeyRecord, RecordType } from '../record.js';
import { framed } from '../resp/command-writer.js';
import { BulkWriter, type FixedBytes, fixedBytes } from './bulk-writer.js';
import type { OutputBuffer } from './output-buffer.js';
import {
  BULK,
  beginBulk,
  endBulk,
  FRAME_BYTES,
  framedName,
  putBulk,
  putBulkInteger,
  putBulkText,
  putCommand,
  putHeader,
  putPieces,
} from './resp-framing.js';
import { type CommandTarget, hasStreams } from './resp-target.js';

/** RESTORE with key, ttl and payload, by the number of options behind them. */
const BEGINNINGS = [0, 1, 2, 3, 4].map((options) => fixedBytes(framed(4 + options, 'RESTORE')));
const NO_TTL = fixedBytes(framedName('0'));

/** Payloads up to this size are built in one piece, and get their checksums many at once. */
const CONTIGUOUS = 64 * 1024;

const CR = 0x0d;
const LF = 0x0a;
/** Behind a payload: the end of its bulk string, and what copying may touch. */
const SLACK = 8;
const CHECKSUM_BYTES = 8;

/** RDB version of the oldest server with RESTORE, Redis 2.6. */
const FIRST_RESTORE = 6;
/** RDB version of the oldest server that takes key metadata, Redis 8.6. */
const KEY_METADATA = 13;

export interface RestoreOptions {
  /** RESTORE … REPLACE */
  readonly replace: boolean;
  /** Without a target, a payload claims the lowest RDB version whose servers know its type. */
  readonly target: CommandTarget;
  readonly limits?: Partial<Limits> | undefined;
}

/** How the values of a type go. */
interface Plan {
  /** The version that payloads claim. */
  readonly rdbVersion: number;
  readonly passage: Passage;
}

/** Writes values as RESTORE commands. */
export class RestoreCommands {
  private readonly limits: Limits;
  private readonly footers = new Map<number, PayloadFooter>();
  private readonly bulks = new BulkWriter();
  /** The payloads in the buffer that have no checksum yet. */
  private readonly seals = new Crc64Seals();
  private out: OutputBuffer | undefined;
  private readonly scratch = new Uint8Array(FOOTER_BYTES);
  /** How keys without metadata go, by type; and that of the key before. */
  private readonly plans = new Map<RecordType, Plan>();
  private lastType: RecordType | undefined;
  private lastPlan: Plan = { rdbVersion: 0, passage: 'as-is' };

  constructor(private readonly options: RestoreOptions) {
    this.limits = withLimits(options.limits);
  }

  /** Why no value of that type can be restored, or none of a key that carries what this one does. */
  refusal(head: KeyHead): string | undefined {
    const { passage } = this.planOf(head);
    return typeof passage === 'object' ? passage.refused : undefined;
  }

  /**
   * False for a value in parts that can only be built by commands: it holds listpacks that the
   * target would misread, or names its fields by a record of the file.
   */
  canWrite(head: KeyHead, value: ValueReader): boolean {
    if (head.kind === 'key') return true;
    return this.planOf(head).passage === 'as-is' && !this.isMisread(value);
  }

  /** Writes one value, of a type that has no `refusal`. */
  write(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { rdbVersion, passage } = this.planOf(head);
    if (head.kind !== 'key') {
      this.pieces(head, head.type.code, value.pieces(), value.size, rdbVersion, out);
      return;
    }
    const record = head as KeyRecord;
    const changed = this.changed(record, passage);
    const code = passage === 'plain-hash' ? PLAIN_HASH : head.type.code;
    if (changed !== undefined) this.whole(head, code, changed, 0, changed.length, rdbVersion, out);
    else this.whole(head, code, record.valueBytes, record.valueStart, record.valueEnd, rdbVersion, out);
  }

  private planOf(head: KeyHead): Plan {
    const { type, metadata } = head;
    if (metadata !== undefined) return this.plan(head);
    if (type === this.lastType) return this.lastPlan;
    let plan = this.plans.get(type);
    if (plan === undefined) {
      plan = this.plan(head);
      this.plans.set(type, plan);
    }
    this.lastType = type;
    this.lastPlan = plan;
    return plan;
  }

  private plan(head: KeyHead): Plan {
    const target = this.options.target ?? naturalTarget(head);
    return { rdbVersion: target.rdbVersion, passage: passageOf(head, target) };
  }

  /** The value as the target reads it, where that is not as it is. */
  private changed(record: KeyRecord, passage: Passage): Uint8Array | undefined {
    if (passage === 'plain-hash') return plainHash(record, this.limits);
    const { target } = this.options;
    return target === undefined ? undefined : valueWithBacklens(record, target.backlen, this.limits);
  }

  /** Whether a value holds listpack entries whose back lengths the target reads in another width. */
  private isMisread(value: ValueReader): boolean {
    const { target } = this.options;
    if (target === undefined) return false;
    const { cursor } = value;
    const wrong = (): number =>
      target.backlen === 'new'
        ? cursor.listpack.oldWidths + cursor.streamNode.items.oldWidths
        : cursor.listpack.newWidths + cursor.streamNode.items.newWidths;
    const before = wrong();
    value.open();
    while (value.next() !== Token.end);
    return wrong() > before;
  }

  private whole(
    head: KeyHead,
    code: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    rdbVersion: number,
    out: OutputBuffer,
  ): void {
    const size = payloadBytes(head, end - start);
    if (size > CONTIGUOUS) {
      this.pieces(head, code, [bytes.subarray(start, end)], end - start, rdbVersion, out);
      return;
    }
    if (out !== this.out) this.sealInto(out);
    this.begin(head, out);
    out.ensure(FRAME_BYTES + size + SLACK);
    const from = putHeader(out.bytes, out.at, BULK, size);
    out.at = from;
    if (head.metadata !== undefined) out.put(head.metadata);
    out.bytes[out.at++] = code;
    this.bulks.putPiece(out, bytes, start, end);
    const target = out.bytes;
    target[out.at] = rdbVersion;
    target[out.at + 1] = rdbVersion >>> 8;
    target[from + size] = CR;
    target[from + size + 1] = LF;
    out.at = from + size + 2;
    const { seals } = this;
    seals.add(from, size - CHECKSUM_BYTES);
    if (!seals.hasRoom) seals.seal(target);
    this.end(head, out);
  }

  /** Checksums are put into what is in the buffer just before it is handed on. */
  private sealInto(out: OutputBuffer): void {
    this.out = out;
    out.onFlush = (bytes) => this.seals.seal(bytes);
  }

  private pieces(
    head: KeyHead,
    code: number,
    pieces: Iterable<Uint8Array>,
    valueBytes: number,
    rdbVersion: number,
    out: OutputBuffer,
  ): void {
    this.begin(head, out);
    beginBulk(out, payloadBytes(head, valueBytes));
    const footer = this.footer(rdbVersion);
    const put = (bytes: Uint8Array, end = bytes.length): void => {
      footer.update(bytes, 0, end);
      putPieces(out, bytes, 0, end);
    };
    if (head.metadata !== undefined) put(head.metadata);
    this.scratch[0] = code;
    put(this.scratch, 1);
    for (const piece of pieces) put(piece);
    footer.put(this.scratch, 0);
    out.put(this.scratch);
    endBulk(out);
    this.end(head, out);
  }

  private footer(version: number): PayloadFooter {
    let footer = this.footers.get(version);
    if (footer === undefined) {
      footer = new PayloadFooter(version);
      this.footers.set(version, footer);
    }
    footer.reset();
    return footer;
  }

  /** The command up to its payload. */
  private begin(head: KeyHead, out: OutputBuffer): void {
    const { bulks } = this;
    bulks.putFixed(out, BEGINNINGS[this.optionCount(head)] as FixedBytes);
    bulks.put(out, head.keyBytes, head.keyStart, head.keyEnd);
    if (head.expireAtMs === undefined || !this.hasAbsoluteTtl) bulks.putFixed(out, NO_TTL);
    else putBulkInteger(out, pastTime(head.expireAtMs));
  }

  /** What stands behind the payload. */
  private end(head: KeyHead, out: OutputBuffer): void {
    if (this.options.replace) putBulkText(out, 'REPLACE');
    if (!this.hasAbsoluteTtl) {
      if (head.expireAtMs !== undefined) putExpiry(head, head.expireAtMs, out);
      return;
    }
    if (head.expireAtMs !== undefined) putBulkText(out, 'ABSTTL');
    if (head.idleSeconds !== undefined) {
      putBulkText(out, 'IDLETIME');
      putBulkInteger(out, head.idleSeconds);
    } else if (head.frequency !== undefined) {
      putBulkText(out, 'FREQ');
      putBulkInteger(out, head.frequency);
    }
  }

  private optionCount(head: KeyHead): number {
    const replace = this.options.replace ? 1 : 0;
    if (!this.hasAbsoluteTtl) return replace;
    const expiry = head.expireAtMs === undefined ? 0 : 1;
    return replace + expiry + (head.idleSeconds !== undefined || head.frequency !== undefined ? 2 : 0);
  }

  /** ABSTTL came with Redis 5.0, as did IDLETIME and FREQ. */
  private get hasAbsoluteTtl(): boolean {
    return hasStreams(this.options.target);
  }
}

/** Sets the expiry of a key that was written without. */
export function putExpiry(head: KeyHead, expireAtMs: Integer, out: OutputBuffer): void {
  putCommand(out, 3);
  out.put(PEXPIREAT);
  putBulk(out, head.keyBytes, head.keyStart, head.keyEnd);
  putBulkInteger(out, pastTime(expireAtMs));
}

const PEXPIREAT = framedName('PEXPIREAT');

/** Servers take 0 and what is below for no expiry, or refuse it; both are long past. */
function pastTime(expireAtMs: Integer): Integer {
  return expireAtMs > 0 ? expireAtMs : 1;
}

function payloadBytes(head: KeyHead, valueBytes: number): number {
  return (head.metadata?.length ?? 0) + 1 + valueBytes + FOOTER_BYTES;
}

/** The oldest server that reads the value of a key. */
function naturalTarget(head: KeyHead): TargetFormat {
  const { redis, valkey } = valueTypeOf(head.type);
  if (redis === undefined && valkey !== undefined) {
    return { dialect: 'valkey', rdbVersion: valkey, backlen: 'old' };
  }
  const least = head.metadata === undefined ? FIRST_RESTORE : KEY_METADATA;
  return { dialect: 'redis', rdbVersion: Math.max(least, redis ?? 0), backlen: 'old' };
}
