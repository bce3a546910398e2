import type { Refusal } from '../account.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import type { Emit, Stage } from '../pipeline.js';
import type { TargetFormat } from '../rdb/compat.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import type { KeyedHash } from '../rdb/mask-method.js';
import type { ValueMask } from '../rdb/mask-reader.js';
import { ValueMasker } from '../rdb/mask-value.js';
import { locate, valueTypeOf } from '../rdb/values/decode.js';
import { InlineReader, SpilledReader, type ValueReader } from '../rdb/values/value-reader.js';
import { type DumpRecord, KeyBegin, type KeyHead, KeyRecord } from '../record.js';
import type { MakeSpill, Spill } from '../spill.js';
import { refuseCommands } from './mask-commands.js';
import type { MaskRules } from './mask-rules.js';

export interface MaskValuesOptions {
  readonly limits?: Partial<Limits>;
  /** What masked values are encoded for; without, what reads the original reads them as well. */
  readonly target?: TargetFormat;
}

/**
 * Masks the values of keys. What no rule touches passes as it is. What a rule touches but cannot
 * be looked into (values of modules, key metadata) is refused, so that nothing comes through
 * unmasked; data that modules keep outside keys is left out where all values are masked.
 */
export function maskValues(
  rules: MaskRules,
  hash: KeyedHash,
  makeSpill: MakeSpill,
  options: MaskValuesOptions = {},
): Stage {
  return new MaskValues(rules, hash, makeSpill, options);
}

/** A value in parts, put aside until its end. */
interface Held {
  readonly head: KeyBegin;
  readonly spill: Spill;
}

class MaskValues implements Stage {
  readonly name = 'mask';
  private readonly limits: Limits;
  private readonly masker: ValueMasker;
  private readonly inline: InlineReader;
  private held: Held | undefined;
  /** Of a value that is in memory and large. */
  private large = new Uint8Array(0);
  private readonly masksAll: boolean;

  constructor(
    private readonly rules: MaskRules,
    hash: KeyedHash,
    private readonly makeSpill: MakeSpill,
    { limits, target }: MaskValuesOptions,
  ) {
    this.limits = withLimits(limits);
    this.masker = new ValueMasker(hash, makeSpill, this.limits, target);
    this.inline = new InlineReader(this.limits);
    this.masksAll = rules.rules.some(
      ({ target: masked, keys, method }) =>
        masked === 'values' && keys.length === 1 && keys[0] === STAR && method.kind !== 'keep',
    );
  }

  write(record: DumpRecord, emit: Emit): void {
    switch (record.kind) {
      case 'key': {
        const mask = this.rules.ofValue(record);
        if (mask === undefined) emit(record);
        else this.mask(record, this.inline.use(record), mask, undefined, emit);
        break;
      }
      case 'key-begin':
        if (this.rules.ofValue(record) === undefined) {
          emit(record);
          break;
        }
        emit.hold(record);
        this.held = { head: record, spill: this.makeSpill() };
        break;
      case 'key-part':
        if (this.held === undefined) emit(record);
        else this.held.spill.write(record.bytes);
        break;
      case 'key-end':
        if (this.held === undefined) emit(record);
        else this.end(this.held, emit);
        break;
      case 'command':
      case 'log-command':
      case 'log-begin':
        refuseCommands(record);
        break;
      case 'module-aux':
        if (!this.masksAll) emit(record);
        break;
      default:
        emit(record);
    }
  }

  close(): void {
    this.held?.spill.close();
    this.masker.close();
  }

  private end({ head, spill }: Held, emit: Emit): void {
    const mask = this.rules.ofValue(head);
    this.held = undefined;
    if (mask === undefined) throw new RdbkitError('INTERNAL', 'a value was held that no rule masks');
    this.mask(head, new SpilledReader(head, spill, this.limits), mask, spill, emit);
  }

  /** Passes the masked value on, or fails it. The spill of a value in parts is closed in the end. */
  private mask(
    head: KeyRecord | KeyBegin,
    value: ValueReader,
    mask: ValueMask,
    spill: Spill | undefined,
    emit: Emit,
  ): void {
    let masked: EncodedValue | undefined;
    try {
      masked = this.masker.mask(head, value, mask);
    } catch (thrown) {
      spill?.close();
      emit.fail(head, refusalOf(thrown, head));
      return;
    }
    if (masked === undefined && head.kind === 'key') {
      emit(head);
    } else if (masked === undefined || masked.size > this.limits.maxInlineValue) {
      emit.hold(head);
      emit.pour(inParts(head, masked ?? asItWas(head, value), spill, this.limits));
    } else {
      const isLarge = masked.size > this.limits.partBytes;
      const bytes = isLarge ? this.roomFor(masked.size) : new Uint8Array(masked.size);
      const record = wholeRecord(head, masked, bytes);
      masked.close();
      spill?.close();
      if (!isLarge) emit(record);
      else {
        // What is poured is a batch of its own, behind which its memory can be used again.
        emit.hold(head);
        emit.pour([record].values());
      }
    }
  }

  private roomFor(size: number): Uint8Array {
    if (this.large.length < size) this.large = new Uint8Array(size);
    return this.large;
  }
}

/** A value in which there was nothing to mask. */
function asItWas(head: KeyHead, value: ValueReader): EncodedValue {
  return { type: valueTypeOf(head.type), size: value.size, pieces: () => value.pieces(), close: () => {} };
}

const STAR = 0x2a;

/** What is damaged is named with its place; what cannot be masked is the same for many keys. */
function refusalOf(thrown: unknown, head: KeyHead): Refusal {
  const error = RdbkitError.from(thrown);
  const { code } = error;
  if (code === 'INTERNAL' || code === 'IO') throw error;
  if (code === 'INPUT_CORRUPT' || code === 'LIMIT_EXCEEDED') {
    return { code, cause: locate(error, head).describe() };
  }
  return {
    code,
    cause: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`,
  };
}

/** The key with its new value, in the memory given. */
function wholeRecord(head: KeyHead, value: EncodedValue, bytes: Uint8Array): KeyRecord {
  const record = copyHead(head, new KeyRecord());
  let at = 0;
  for (const piece of value.pieces()) {
    bytes.set(piece, at);
    at += piece.length;
  }
  record.type = value.type;
  record.valueBytes = bytes;
  record.valueEnd = at;
  // Nothing of it is compressed.
  record.largestString = at;
  return record;
}

/** The key with its new value in parts. */
function* inParts(
  head: KeyHead,
  value: EncodedValue,
  spill: Spill | undefined,
  { partBytes }: Limits,
): Generator<DumpRecord> {
  try {
    const begin = copyHead(head, new KeyBegin());
    begin.type = value.type;
    begin.size = value.size;
    yield begin;
    for (const piece of value.pieces()) {
      for (let at = 0; at < piece.length; at += partBytes) {
        yield { kind: 'key-part', bytes: piece.subarray(at, Math.min(piece.length, at + partBytes)) };
      }
    }
    yield { kind: 'key-end', size: value.size };
  } finally {
    value.close();
    spill?.close();
  }
}

function copyHead<T extends KeyHead>(from: KeyHead, to: T): T {
  to.db = from.db;
  to.keyBytes = from.keyBytes;
  to.keyStart = from.keyStart;
  to.keyEnd = from.keyEnd;
  to.expireAtMs = from.expireAtMs;
  to.idleSeconds = from.idleSeconds;
  to.frequency = from.frequency;
  to.metadata = from.metadata;
  to.index = from.index;
  to.offset = from.offset;
  to.valueOffset = from.valueOffset;
  to.templates = from.templates;
  to.tally = from.tally;
  return to;
}
