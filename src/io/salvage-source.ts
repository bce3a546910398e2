import { setImmediate } from 'node:timers/promises';
import type { Limits } from '../limits.js';
import { withLimits } from '../limits.js';
import type { Source } from '../pipeline.js';
import { targetOfMagic } from '../rdb/dump-target.js';
import { ValueEncoder } from '../rdb/encode/value-encoder.js';
import { RdbDecoder } from '../rdb/reader.js';
import type { RandomAccess } from '../rdb/salvage/file-view.js';
import { ItemWalker } from '../rdb/salvage/item-walker.js';
import { PartialValue } from '../rdb/salvage/partial.js';
import type { SalvagePlan, Segment } from '../rdb/salvage/plan.js';
import { HashTemplates } from '../rdb/templates.js';
import { KeyBegin, type KeyHead, KeyRecord, type RecordBatch } from '../record.js';
import { Spool } from './spool.js';

const CHUNK = 1 << 20;

/** A value of which only the first elements are kept. */
export interface PartialKey {
  readonly db: number;
  readonly key: Uint8Array;
  readonly type: string;
  readonly elements: number;
  readonly offset: number;
}

export interface SalvageSourceOptions {
  readonly limits?: Partial<Limits>;
  /** Whether the whole elements of a value that is cut off by the end of the input come, too. */
  readonly partial?: boolean;
}

/** Reads the records of a plan, in order. */
export class SalvageSource implements Source {
  readonly size: number;
  position = 0;
  /** The value that was cut off, once it was read. */
  partial: PartialKey | undefined;
  /** Keys read. */
  keys = 0;
  private readonly limits: Limits;
  private readonly templates: HashTemplates;

  constructor(
    readonly name: string,
    private readonly input: RandomAccess,
    private readonly plan: SalvagePlan,
    private readonly options: SalvageSourceOptions = {},
  ) {
    this.size = input.size;
    this.limits = withLimits(options.limits);
    this.templates = new HashTemplates(this.limits.maxTemplateBytes);
  }

  async *read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    for (const segment of this.plan.segments) {
      yield* this.segment(segment, signal);
    }
    if (this.options.partial === true) yield* this.cutValue();
  }

  private async *segment({ from, to, db }: Segment, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const { magic, dialect } = this.plan;
    const { templates, limits, keys } = this;
    const resume = { magic, dialect, offset: from, db, keys, templates };
    const decoder = new RdbDecoder({ limits, checksum: 'ignore', inputBytes: to, resume });
    for (let at = from; at < to; ) {
      const wanted = Math.min(CHUNK, to - at);
      const size = this.input.readAt(at, decoder.space(wanted).subarray(0, wanted));
      decoder.commit(size);
      at += size;
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
      this.position = at;
      await setImmediate();
      signal.throwIfAborted();
    }
    this.keys = decoder.keys;
  }

  private *cutValue(): Generator<RecordBatch> {
    const { cut, magic, dialect } = this.plan;
    if (cut === undefined) return;
    const walker = new ItemWalker(this.input, this.limits);
    walker.use(dialect, magic.version);
    walker.read(cut.offset, this.templates);
    if (!walker.hasKey) return;
    const head = this.headOf(walker, cut.db, new KeyRecord());
    const value = new PartialValue(this.input, head, this.input.size, this.limits);
    if (value.elements === 0) return;
    const encoder = new ValueEncoder(targetOfMagic(magic), {
      makeSpill: () => new Spool(),
      limits: this.limits,
      fieldExpiries: 'drop',
      streamState: 'drop',
    });
    try {
      const encoded = encoder.encode(head, value);
      this.keys++;
      this.partial = {
        db: head.db,
        key: head.key.slice(),
        type: head.type.family,
        elements: value.elements,
        offset: cut.offset,
      };
      const begin = this.headOf(walker, cut.db, new KeyBegin());
      begin.type = encoded.type;
      yield { records: [begin] };
      for (const bytes of encoded.pieces()) yield { records: [{ kind: 'key-part', bytes }] };
      yield { records: [{ kind: 'key-end', size: encoded.size }] };
    } finally {
      encoder.close();
    }
  }

  private headOf<T extends KeyHead>(walker: ItemWalker, db: number, head: T): T {
    head.db = db;
    head.type = walker.type;
    head.rename(walker.key.slice());
    head.expireAtMs = walker.expireAtMs;
    head.idleSeconds = walker.idleSeconds;
    head.frequency = walker.frequency;
    head.metadata = walker.metadata;
    head.index = this.keys + 1;
    head.offset = walker.typeAt;
    head.valueOffset = walker.valueAt;
    head.templates = this.templates;
    return head;
  }
}
