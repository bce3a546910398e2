import { ByteWriter } from '../../bytes/writer.js';
import { RdbkitError } from '../../errors.js';
import type { Spill } from '../../spill.js';
import type { EncodeContext } from './encode-context.js';
import type { ValueBuffer } from './value-buffer.js';

/** What is held is there twice, and a third time while it is compressed. */
const MAX_HELD = 4 * 1024 * 1024;

/**
 * Takes the strings of a value, each whole or in fragments. A string in fragments is held up to
 * 4 MiB, so that it can be compressed, and then written raw as it comes; without a total it goes to
 * a temporary file first, because its size stands in front of it.
 */
export abstract class StringTaker {
  private readonly held = new ByteWriter();
  private total: number | undefined;
  private received = 0;
  private direct: ValueBuffer | undefined;
  private aside: Spill | undefined;

  /** Bytes of a string in fragments that are held. */
  private readonly most: number;

  constructor(protected readonly context: EncodeContext) {
    this.most = Math.min(MAX_HELD, context.limits.maxHeldString);
  }

  /** Adds the next string, `bytes[start, end)`. */
  add(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.take(bytes, start, end);
  }

  /** Begins a string that comes in fragments. @param total its size, where that is known */
  beginString(total?: number): void {
    this.held.size = 0;
    this.received = 0;
    this.total = total;
    if (total !== undefined && total > this.most) this.direct = this.openLong(total);
  }

  append(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.received += end - start;
    if (this.direct !== undefined) {
      this.direct.put(bytes, start, end);
    } else if (this.aside === undefined && this.received <= this.most) {
      this.held.put(bytes, start, end);
    } else {
      this.aside ??= this.setAside();
      this.aside.write(bytes.subarray(start, end));
    }
  }

  /** @throws RdbkitError INTERNAL when the fragments are not as long together as was said */
  endString(): void {
    const { aside, held, received, total } = this;
    if (total !== undefined && total !== received) {
      throw new RdbkitError('INTERNAL', `a string of ${total} bytes came as ${received}`);
    }
    if (this.direct !== undefined) {
      this.endLong(this.direct);
    } else if (aside !== undefined) {
      const out = this.openLong(received);
      for (const piece of aside.read()) out.put(piece);
      this.endLong(out);
    } else {
      this.take(held.reserve(0), 0, held.size);
    }
    this.forget();
  }

  /** Gives back what an unfinished string holds. */
  protected forget(): void {
    this.direct = undefined;
    this.aside?.close();
    this.aside = undefined;
  }

  /** Takes a whole string. */
  protected abstract take(bytes: Uint8Array, start: number, end: number): void;

  /** Takes a string of that size which is put to the buffer returned; its header is written. */
  protected abstract openLong(size: number): ValueBuffer;

  protected endLong(_out: ValueBuffer): void {}

  private setAside(): Spill {
    const spill = this.context.makeSpill();
    spill.write(this.held.bytes);
    this.held.size = 0;
    return spill;
  }
}
