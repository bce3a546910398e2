import { ListpackWriter } from '../../encodings/listpack-writer.js';
import type { PackedWriter } from '../../encodings/packed-writer.js';
import { ZiplistWriter } from '../../encodings/ziplist-writer.js';
import { RdbkitError } from '../../errors.js';
import type { Limits } from '../../limits.js';
import type { MakeSpill } from '../../spill.js';
import type { TargetFormat } from '../compat.js';
import type { Family, ValueType } from '../types.js';
import { StringWriter } from './string-writer.js';
import { TargetTypes } from './target-types.js';
import type { EncodingThresholds } from './thresholds.js';
import { ValueBuffer } from './value-buffer.js';

/** What to do with something that the target cannot hold. */
export type LossPolicy = 'refuse' | 'drop';

/** What was left out for the target's sake, where the policy says so. */
export interface Dropped {
  /** Fields that lost their expiry. */
  fieldExpiries: number;
  /** Idempotent producers of streams (Redis 8.6). */
  streamProducers: number;
  /** Pending entries of streams that nobody holds (Redis 8.8). */
  nackedEntries: number;
}

/** RDB version of Redis 2.6, which settled the integer forms of ziplists. */
const SETTLED_ZIPLISTS = 6;

/** What the builders of one encoder share. One value is built at a time. */
export class EncodeContext {
  readonly types: TargetTypes;
  readonly strings: StringWriter;
  readonly listpack: ListpackWriter;
  readonly ziplist = new ZiplistWriter();
  readonly dropped: Dropped = { fieldExpiries: 0, streamProducers: 0, nackedEntries: 0 };
  private readonly buffers: ValueBuffer[] = [];

  constructor(
    readonly target: TargetFormat,
    readonly limits: Limits,
    readonly makeSpill: MakeSpill,
    readonly thresholds: EncodingThresholds,
    compress: boolean,
    readonly fieldExpiries: LossPolicy,
    readonly streamState: LossPolicy,
    readonly streamDetails: LossPolicy,
  ) {
    this.types = new TargetTypes(target);
    this.strings = new StringWriter(compress);
    this.listpack = new ListpackWriter(target.backlen);
  }

  /** A buffer that is emptied and closed with the others of this encoder. */
  buffer(): ValueBuffer {
    const buffer = new ValueBuffer(this.limits.partBytes, this.makeSpill);
    this.buffers.push(buffer);
    return buffer;
  }

  /** Gives back what the value before has left: temporary files. */
  begin(): void {
    for (const buffer of this.buffers) buffer.begin();
  }

  /** The type of a family whose values are one packed blob; undefined when the target has none. */
  packedType(family: Family): ValueType | undefined {
    const listpack = this.types.first(family, 'listpack');
    if (listpack !== undefined || this.target.rdbVersion < SETTLED_ZIPLISTS) return listpack;
    return this.types.first(family, 'ziplist');
  }

  /** The type of that family and encoding, which every target reads. */
  required(family: Family, ...encodings: readonly string[]): ValueType {
    const type = this.types.first(family, ...encodings);
    if (type === undefined) throw this.incompatible(`a ${family}`, 'a newer server');
    return type;
  }

  /** An empty packed blob of the form that a type wants. */
  beginPacked(type: ValueType): PackedWriter {
    const writer =
      type.encoding.startsWith('ziplist') || type.encoding === 'quicklist' ? this.ziplist : this.listpack;
    writer.begin();
    return writer;
  }

  /** Writes a finished blob as an RDB string. */
  putBlob(out: ValueBuffer, blob: { readonly bytes: Uint8Array; readonly size: number }): void {
    this.strings.put(out, blob.bytes, 0, blob.size);
  }

  incompatible(what: string, needed: string): RdbkitError {
    return new RdbkitError('TARGET_INCOMPATIBLE', `${what} needs ${needed}`);
  }

  invalid(message: string): RdbkitError {
    return new RdbkitError('INPUT_CORRUPT', message);
  }
}
