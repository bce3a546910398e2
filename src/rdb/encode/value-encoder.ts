import { RdbkitError } from '../../errors.js';
import { type Limits, withLimits } from '../../limits.js';
import type { KeyHead } from '../../record.js';
import type { MakeSpill } from '../../spill.js';
import { type TargetFormat, typeRefused } from '../compat.js';
import type { ValueType } from '../types.js';
import { valueTypeOf } from '../values/decode.js';
import type { ValueReader } from '../values/value-reader.js';
import { ArrayBuilder } from './array-builder.js';
import { type Dropped, EncodeContext, type LossPolicy } from './encode-context.js';
import { StreamTranscoder } from './encode-stream.js';
import { encodeFields, encodeMembers, encodeStrings } from './encode-tokens.js';
import type { EncodedValue } from './encoded-value.js';
import { HashBuilder } from './hash-builder.js';
import { ListBuilder } from './list-builder.js';
import { SetBuilder } from './set-builder.js';
import { StreamBuilder } from './stream-builder.js';
import { StringBuilder } from './string-builder.js';
import { defaultThresholds, type EncodingThresholds } from './thresholds.js';
import { ZsetBuilder } from './zset-builder.js';

export interface ValueEncoderOptions {
  readonly limits?: Partial<Limits>;
  /** Opens a place for what is too large for memory. */
  readonly makeSpill: MakeSpill;
  /** Whether strings above 20 bytes are compressed by LZF; true by default. */
  readonly compress?: boolean;
  readonly thresholds?: Partial<EncodingThresholds>;
  /** What to do with expiries of hash fields that the target does not know; `refuse` by default. */
  readonly fieldExpiries?: LossPolicy;
  /** The same for idempotent producers and nacked entries of streams. */
  readonly streamState?: LossPolicy;
  /**
   * The same for what layouts of streams before Redis 7.0 (counters) and 7.2 (active times of
   * consumers) have no room for; `drop` by default, as those servers do without.
   */
  readonly streamDetails?: LossPolicy;
}

/**
 * Serializes values in the encoding that a server of the target's version would choose. Either
 * `encode` takes the tokens of a value that was read, or a builder takes its elements; one value at
 * a time. A value stays as it is until the next is begun: memory and builders are used again.
 */
export class ValueEncoder {
  /** What was left out so far. */
  readonly dropped: Dropped;
  private readonly context: EncodeContext;
  private readonly builders: Builders = {};
  private transcoder: StreamTranscoder | undefined;

  constructor(target: TargetFormat, options: ValueEncoderOptions) {
    this.context = new EncodeContext(
      target,
      withLimits(options.limits),
      options.makeSpill,
      { ...defaultThresholds(target), ...options.thresholds },
      options.compress ?? true,
      options.fieldExpiries ?? 'refuse',
      options.streamState ?? 'refuse',
      options.streamDetails ?? 'drop',
    );
    this.dropped = this.context.dropped;
  }

  /**
   * Encodes a value that was read. Modules, arrays and what cannot be looked into go as they are.
   * @throws RdbkitError TARGET_INCOMPATIBLE naming what the value needs, INPUT_CORRUPT or
   *   LIMIT_EXCEEDED for the value itself
   */
  encode(head: KeyHead, value: ValueReader): EncodedValue {
    const type = valueTypeOf(head.type);
    switch (type.family) {
      case 'string': {
        const builder = this.string();
        encodeStrings(value, builder);
        return builder.end();
      }
      case 'list': {
        const builder = this.list();
        encodeStrings(value, builder);
        return builder.end();
      }
      case 'set': {
        const builder = this.set();
        encodeStrings(value, builder);
        return builder.end();
      }
      case 'zset': {
        const builder = this.zset();
        encodeMembers(value, builder);
        return builder.end();
      }
      case 'hash': {
        const builder = this.hash();
        encodeFields(value, builder);
        return builder.end();
      }
      case 'stream': {
        const builder = this.stream();
        this.transcoder ??= new StreamTranscoder(builder);
        this.transcoder.encode(type, value);
        return builder.end();
      }
      default:
        return this.asIs(type, value);
    }
  }

  string(): StringBuilder {
    this.context.begin();
    this.builders.string ??= new StringBuilder(this.context);
    this.builders.string.begin();
    return this.builders.string;
  }

  /**
   * Every builder of a collection takes a name of an encoding of the registry, as a record tells
   * it, to be used instead of the one a server would choose where target and value allow it.
   */
  list(encoding?: string): ListBuilder {
    this.context.begin();
    this.builders.list ??= new ListBuilder(this.context);
    return this.builders.list.begin(encoding);
  }

  set(encoding?: string): SetBuilder {
    this.context.begin();
    this.builders.set ??= new SetBuilder(this.context);
    return this.builders.set.begin(encoding);
  }

  zset(encoding?: string): ZsetBuilder {
    this.context.begin();
    this.builders.zset ??= new ZsetBuilder(this.context);
    return this.builders.zset.begin(encoding);
  }

  hash(encoding?: string): HashBuilder {
    this.context.begin();
    this.builders.hash ??= new HashBuilder(this.context);
    return this.builders.hash.begin(encoding);
  }

  /** @throws RdbkitError TARGET_INCOMPATIBLE when the target has no streams */
  stream(encoding?: string): StreamBuilder {
    this.context.begin();
    this.builders.stream ??= new StreamBuilder(this.context);
    return this.builders.stream.begin(encoding);
  }

  /** @throws RdbkitError TARGET_INCOMPATIBLE when the target has no arrays */
  array(): ArrayBuilder {
    this.context.begin();
    this.builders.array ??= new ArrayBuilder(this.context);
    return this.builders.array.begin();
  }

  /** Gives back temporary files of a value that was not closed, or not ended. */
  close(): void {
    this.context.begin();
  }

  private asIs(type: ValueType, value: ValueReader): EncodedValue {
    if (!this.context.types.has(type)) {
      throw new RdbkitError('TARGET_INCOMPATIBLE', typeRefused(type));
    }
    return { type, size: value.size, pieces: () => value.pieces(), close: () => {} };
  }
}

interface Builders {
  string?: StringBuilder;
  list?: ListBuilder;
  set?: SetBuilder;
  zset?: ZsetBuilder;
  hash?: HashBuilder;
  stream?: StreamBuilder;
  array?: ArrayBuilder;
}
