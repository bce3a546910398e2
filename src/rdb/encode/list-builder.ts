import type { PackedWriter } from '../../encodings/packed-writer.js';
import { LONE_ENTRY_END, LONE_ENTRY_FRAME, loneEntryHeader } from '../../encodings/ziplist-writer.js';
import type { ValueType } from '../types.js';
import type { EncodeContext } from './encode-context.js';
import type { EncodedValue } from './encoded-value.js';
import { HeldItems } from './held-items.js';
import { StringTaker } from './string-taker.js';
import type { ValueBuffer } from './value-buffer.js';

/** Tags of the nodes of a `quicklist-2`. */
const PLAIN = 1;
const PACKED = 2;

/** What a listpack entry is estimated to take besides its bytes (SIZE_ESTIMATE_OVERHEAD in quicklist.c). */
const LISTPACK_ENTRY = 8;

/** A ziplist entry of more than this comes in the longest form. */
const LONG_ZIPLIST_ENTRY = 16 * 1024;

/**
 * A list: a quicklist of listpacks (Redis 7.0) or ziplists (3.2), before that one ziplist while it
 * is small, else its elements one by one.
 */
export class ListBuilder extends StringTaker {
  private readonly body: ValueBuffer;
  private readonly items = new HeldItems();
  private type: ValueType;
  private node: PackedWriter;
  /** Elements, or nodes of a quicklist. */
  private count = 0;
  private form: 'nodes' | 'held' | 'plain' = 'plain';
  private readonly plainType: ValueType;
  private readonly packedType: ValueType | undefined;
  private readonly usualType: ValueType;
  private isForced = false;

  constructor(context: EncodeContext) {
    super(context);
    this.body = context.buffer();
    this.plainType = context.required('list', 'linkedlist');
    this.packedType = context.packedType('list');
    this.usualType =
      context.types.first('list', 'quicklist-2', 'quicklist') ?? this.packedType ?? this.plainType;
    this.type = this.usualType;
    this.node = context.listpack;
  }

  /** @param encoding how it shall be stored, where the target and its size allow it */
  begin(encoding?: string): this {
    this.forget();
    const { types } = this.context;
    this.count = 0;
    this.items.clear();
    const wanted = encoding === undefined ? undefined : types.first('list', encoding);
    this.isForced = wanted !== undefined;
    this.type = wanted ?? this.usualType;
    if (this.type.encoding.startsWith('quicklist')) {
      this.form = 'nodes';
      this.node = this.context.beginPacked(this.type);
    } else {
      this.form = this.type === this.packedType ? 'held' : 'plain';
      if (this.form === 'plain') this.type = this.plainType;
    }
    return this;
  }

  end(): EncodedValue {
    const { body } = this;
    if (this.form === 'held') this.packHeld();
    else {
      if (this.form === 'nodes') this.endNode();
      body.lengthInFront(this.count);
    }
    body.type = this.type;
    return body;
  }

  protected take(bytes: Uint8Array, start: number, end: number): void {
    switch (this.form) {
      case 'nodes':
        this.takeToNode(bytes, start, end);
        break;
      case 'held':
        if (this.mayHold(end - start)) this.items.add(bytes, start, end);
        else {
          this.giveUp();
          this.take(bytes, start, end);
        }
        break;
      case 'plain':
        this.context.strings.put(this.body, bytes, start, end);
        this.count++;
    }
  }

  /** Too large to be held: a node of its own, which is not compressed. */
  protected openLong(size: number): ValueBuffer {
    const { body } = this;
    if (this.form === 'held') this.giveUp();
    if (this.form === 'nodes') this.endNode();
    this.count++;
    if (this.type.encoding === 'quicklist') {
      body.length(size + LONE_ENTRY_FRAME);
      body.put(loneEntryHeader(size));
      return body;
    }
    if (this.form === 'nodes') body.length(PLAIN);
    body.length(size);
    return body;
  }

  protected override endLong(out: ValueBuffer): void {
    if (this.type.encoding === 'quicklist') out.put(LONE_ENTRY_END);
  }

  private takeToNode(bytes: Uint8Array, start: number, end: number): void {
    const { listNodeBytes, listPlainBytes } = this.context.thresholds;
    const size = end - start;
    const isListpack = this.type.encoding === 'quicklist-2';
    if (isListpack && size > listPlainBytes) {
      this.endNode();
      this.body.length(PLAIN);
      this.context.strings.put(this.body, bytes, start, end);
      this.count++;
      return;
    }
    // Servers count the end byte of the node, and take every element as a string.
    const grown = this.node.size + 1 + size + (isListpack ? LISTPACK_ENTRY : ziplistEntry(size));
    if (this.node.count > 0 && grown > listNodeBytes) this.endNode();
    this.node.add(bytes, start, end);
  }

  private endNode(): void {
    const { node } = this;
    if (node.count === 0) return;
    node.finish();
    if (this.type.encoding === 'quicklist-2') this.body.length(PACKED);
    this.context.putBlob(this.body, node);
    this.count++;
    node.begin();
  }

  private mayHold(size: number): boolean {
    const { thresholds, limits } = this.context;
    if (this.isForced) return this.items.size + size <= limits.partBytes;
    return this.items.count < thresholds.listEntries && size <= thresholds.listValueBytes;
  }

  private giveUp(): void {
    const { items } = this;
    this.form = 'plain';
    this.type = this.plainType;
    for (let i = 0; i < items.count; i++) this.take(items.bytes, items.startOf(i), items.endOf(i));
  }

  private packHeld(): void {
    const { items, context } = this;
    const packed = context.beginPacked(this.type);
    for (let i = 0; i < items.count; i++) packed.add(items.bytes, items.startOf(i), items.endOf(i));
    packed.finish();
    context.putBlob(this.body, packed);
  }
}

/** What a ziplist entry is estimated to take besides its bytes (quicklist.c before Redis 7.0). */
function ziplistEntry(size: number): number {
  return (size < 254 ? 1 : 5) + (size < 64 ? 1 : size < LONG_ZIPLIST_ENTRY ? 2 : 5);
}
