import { unsignedInteger } from '../../bytes/integer.js';
import { MAX_NODE_ENTRIES, StreamListpackWriter } from '../../encodings/stream-listpack-writer.js';
import { RdbkitError } from '../../errors.js';
import { compareHalves } from '../stream-id.js';
import type { StreamId } from '../values/value.js';
import type { EncodeContext } from './encode-context.js';
import { HeldItems } from './held-items.js';
import { StringTaker } from './string-taker.js';
import type { ValueBuffer } from './value-buffer.js';

/**
 * Writes the entries of a stream as nodes, beginning a new one where a server would. An entry is
 * held until it is complete, and its node with it.
 */
export class StreamNodes extends StringTaker {
  /** Nodes and entries written. */
  nodes = 0;
  entries = 0;
  /** Ids of the first and the last entry; undefined while there is none. */
  firstId: StreamId | undefined;
  private readonly id = new Int32Array(4);
  private readonly master = new Int32Array(4);
  private readonly node: StreamListpackWriter;
  private readonly masterFields = new HeldItems();
  private readonly entry = new HeldItems();

  constructor(
    context: EncodeContext,
    private readonly body: ValueBuffer,
  ) {
    super(context);
    this.node = new StreamListpackWriter(context.target.backlen);
  }

  begin(): void {
    this.forget();
    this.nodes = 0;
    this.entries = 0;
    this.firstId = undefined;
    this.node.entries = 0;
  }

  get lastId(): StreamId | undefined {
    return this.entries === 0 ? undefined : this.currentId();
  }

  /**
   * Begins an entry; fields and values are added next, in turn.
   * @throws RdbkitError INPUT_CORRUPT when its id does not follow the one before
   */
  beginEntry(msHigh: number, msLow: number, seqHigh: number, seqLow: number): void {
    const { id } = this;
    if (this.entries > 0 && compareHalves(id, 0, msHigh, msLow, seqHigh, seqLow) >= 0) {
      throw this.context.invalid('the id of a stream entry does not follow the one before');
    }
    id[0] = msHigh;
    id[1] = msLow;
    id[2] = seqHigh;
    id[3] = seqLow;
    if (this.entries === 0) this.firstId = this.currentId();
    this.entry.clear();
  }

  /** @throws RdbkitError INPUT_CORRUPT when a field has no value */
  endEntry(): void {
    const { entry, node, thresholds } = this;
    if (entry.count % 2 !== 0) throw this.context.invalid('a field of a stream entry has no value');
    const fields = entry.count / 2;
    const isFull =
      node.size + entry.size >= thresholds.streamNodeBytes ||
      node.entries >= Math.min(MAX_NODE_ENTRIES, thresholds.streamNodeEntries);
    if (node.entries > 0 && isFull) this.endNode();
    if (node.entries === 0) this.beginNode(fields);
    const same = this.hasMasterFields(fields);
    const [msHigh, msLow, seqHigh, seqLow] = this.id as unknown as readonly [number, number, number, number];
    node.beginEntry(msHigh, msLow, seqHigh, seqLow, fields, same);
    for (let i = same ? 1 : 0; i < entry.count; i += same ? 2 : 1) {
      node.items.add(entry.bytes, entry.startOf(i), entry.endOf(i));
    }
    node.endEntry(fields, same);
    this.entries++;
  }

  /** Writes the node that is begun. */
  endNode(): void {
    const { node, master, body } = this;
    if (node.entries === 0) return;
    node.finish();
    body.length(16);
    body.id(master[0] as number, master[1] as number, master[2] as number, master[3] as number);
    this.context.putBlob(body, node.items);
    node.entries = 0;
    this.nodes++;
  }

  protected take(bytes: Uint8Array, start: number, end: number): void {
    if (this.entry.size + end - start > this.context.limits.maxPackedBlob) {
      throw this.tooLarge(this.entry.size + end - start);
    }
    this.entry.add(bytes, start, end);
  }

  protected openLong(size: number): ValueBuffer {
    throw this.tooLarge(size);
  }

  private tooLarge(size: number): RdbkitError {
    return new RdbkitError('LIMIT_EXCEEDED', `a stream entry of ${size} bytes is larger than may be held`);
  }

  private get thresholds() {
    return this.context.thresholds;
  }

  private beginNode(fields: number): void {
    const { node, entry, masterFields, id } = this;
    this.master.set(id);
    node.begin(id[0] as number, id[1] as number, id[2] as number, id[3] as number, fields);
    masterFields.clear();
    for (let i = 0; i < entry.count; i += 2) {
      const [start, end] = [entry.startOf(i), entry.endOf(i)];
      masterFields.add(entry.bytes, start, end);
      node.items.add(entry.bytes, start, end);
    }
    node.endMaster();
  }

  private hasMasterFields(fields: number): boolean {
    const { entry, masterFields } = this;
    if (fields !== masterFields.count) return false;
    for (let i = 0; i < fields; i++) {
      if (!masterFields.equals(i, entry.bytes, entry.startOf(2 * i), entry.endOf(2 * i))) return false;
    }
    return true;
  }

  private currentId(): StreamId {
    const [msHigh = 0, msLow = 0, seqHigh = 0, seqLow = 0] = this.id;
    return { ms: unsignedInteger(msHigh, msLow), seq: unsignedInteger(seqHigh, seqLow) };
  }
}
