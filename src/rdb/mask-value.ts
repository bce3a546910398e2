import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { KeyHead, KeyRecord } from '../record.js';
import type { MakeSpill } from '../spill.js';
import type { TargetFormat } from './compat.js';
import { OLDEST_WRITTEN, targetOfVersion } from './dump-target.js';
import { takeString } from './encode/encode-tokens.js';
import type { EncodedValue } from './encode/encoded-value.js';
import { ValueEncoder } from './encode/value-encoder.js';
import { Role } from './grammar.js';
import type { KeyedHash } from './mask-method.js';
import { MaskReader, type ValueMask } from './mask-reader.js';
import type { ValueType } from './types.js';
import { valueTypeOf } from './values/decode.js';
import { Token } from './values/token.js';
import type { ValueReader } from './values/value-reader.js';

/** Masks values and encodes what comes of them. */
export class ValueMasker {
  private readonly encoders = new Map<number, ValueEncoder>();
  private readonly encoder: ValueEncoder | undefined;
  private readonly reader: MaskReader;

  /** @param target what values are encoded for; without, what reads the original reads them as well */
  constructor(
    hash: KeyedHash,
    private readonly makeSpill: MakeSpill,
    private readonly limits: Limits,
    target: TargetFormat | undefined,
  ) {
    this.reader = new MaskReader(hash, limits);
    this.encoder = target === undefined ? undefined : this.makeEncoder(target);
  }

  /**
   * The masked value, borrowed until the next; undefined when there is nothing in it to mask.
   * @throws RdbkitError INPUT_UNSUPPORTED for what cannot be looked into, INPUT_CORRUPT,
   *   LIMIT_EXCEEDED, TARGET_INCOMPATIBLE
   */
  mask(head: KeyHead, value: ValueReader, mask: ValueMask): EncodedValue | undefined {
    const type = valueTypeOf(head.type);
    const { family } = type;
    if (family === 'module' || family === 'opaque') {
      throw new RdbkitError('INPUT_UNSUPPORTED', `a value of type ${type.name} cannot be masked`);
    }
    const hasFields = family === 'hash' || family === 'stream';
    const { element } = mask;
    if (!hasFields && (element === undefined || element.kind === 'keep')) return undefined;
    if (head.metadata !== undefined) {
      throw new RdbkitError(
        'INPUT_UNSUPPORTED',
        'the key carries metadata of a module, which cannot be masked',
      );
    }
    const reader = this.reader.use(value, family, mask);
    const encoder = this.encoder ?? this.encoderOf(type, family === 'stream' && hasNewWidths(head, value));
    const encoded = family === 'array' ? encodeArray(encoder, reader) : encoder.encode(head, reader);
    return reader.replaced === 0 ? undefined : encoded;
  }

  close(): void {
    this.encoder?.close();
    for (const encoder of this.encoders.values()) encoder.close();
  }

  private encoderOf({ redis, valkey }: ValueType, hasNewWidths: boolean): ValueEncoder {
    const version = Math.max(OLDEST_WRITTEN, redis ?? valkey ?? OLDEST_WRITTEN);
    const name = hasNewWidths ? -version : version;
    let encoder = this.encoders.get(name);
    if (encoder === undefined) {
      const target = targetOfVersion(version);
      encoder = this.makeEncoder(hasNewWidths ? { ...target, backlen: 'new' } : target);
      this.encoders.set(name, encoder);
    }
    return encoder;
  }

  private makeEncoder(target: TargetFormat): ValueEncoder {
    return new ValueEncoder(target, {
      limits: this.limits,
      makeSpill: this.makeSpill,
      compress: false,
      thresholds: { listPlainBytes: LIST_PLAIN_BYTES },
    });
  }
}

/**
 * Elements above this are no entries of a listpack, so that of all values only streams can have
 * entries of a size whose width servers disagree on.
 */
const LIST_PLAIN_BYTES = 8 * 1024;

/** Smallest string that can be such an entry. */
const SMALLEST_DISPUTED = 0x3fff;

/** Whether a stream comes from a server since Redis 8.8 or Valkey 9.1, as far as it makes a difference. */
function hasNewWidths(head: KeyHead, value: ValueReader): boolean {
  if (head.kind === 'key' && (head as KeyRecord).largestString < SMALLEST_DISPUTED) return false;
  const { items } = value.cursor.streamNode;
  const before = items.newWidths;
  value.open();
  while (value.next() !== Token.end);
  return items.newWidths > before;
}

/** The encoder passes arrays on as they are stored; here every item has become a string. */
function encodeArray(encoder: ValueEncoder, value: ValueReader): EncodedValue {
  const builder = encoder.array();
  const { cursor } = value;
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (cursor.role === Role.arrayInsertIndex) builder.insertIndex(cursor.integer as Integer);
    else if (cursor.role === Role.arrayIndex) builder.index(cursor.integer as Integer);
    else takeString(token, cursor, builder);
  }
  return builder.end();
}
