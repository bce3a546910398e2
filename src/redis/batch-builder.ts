import type { ValueCursor } from '../rdb/values/cursor.js';
import type { HeldText } from '../rdb/values/held-text.js';
import { Token } from '../rdb/values/token.js';
import { ArgumentBatch } from './argument-batch.js';
import { type BuildContext, type Builder, requireBulk, Unbuildable } from './build-context.js';

const FILLER = new Uint8Array(64 * 1024);

/** What builders of element-wise values share: arguments in batches, long ones streamed. */
export abstract class BatchBuilder implements Builder {
  protected readonly batch = new ArgumentBatch();
  /** A command with a streamed argument is open, which so many bytes are still missing of. */
  isOpen = false;
  private missing = 0;

  constructor(
    protected readonly context: BuildContext,
    protected readonly command: string,
  ) {}

  abstract take(token: Token, cursor: ValueCursor): void;

  finish(): void {
    this.flush();
  }

  protected flush(): void {
    const { context, batch } = this;
    if (batch.count === 0) return;
    context.begin(this.command, batch.count);
    batch.write(context.link.window.writer);
    context.end();
  }

  protected add(cursor: ValueCursor): void {
    if (cursor.isInteger) cursor.formatInteger();
    requireBulk(this.context, cursor.textEnd - cursor.textStart);
    this.batch.add(cursor.text, cursor.textStart, cursor.textEnd);
  }

  /** Takes a member or field, or a fragment of one, that is held back as what follows it goes first. */
  protected hold(held: HeldText, token: Token, cursor: ValueCursor): void {
    const { maxHeldString } = this.context.limits;
    const size = token === Token.fragment ? cursor.total : cursor.textEnd - cursor.textStart;
    if (size > maxHeldString && !cursor.isInteger) {
      throw new Unbuildable(`a member or field of more than ${maxHeldString} bytes`);
    }
    held.add(token, cursor);
  }

  /** Writes a fragment of an argument into the open command; true when it was the last. */
  protected stream(cursor: ValueCursor): boolean {
    const { writer } = this.context.link.window;
    if (cursor.isFirst) {
      writer.beginBytes(cursor.total);
      this.missing = cursor.total;
    }
    writer.piece(cursor.text, cursor.textStart, cursor.textEnd);
    this.missing -= cursor.textEnd - cursor.textStart;
    if (cursor.isLast) writer.endBytes();
    return cursor.isLast;
  }

  /** Begins a command whose last argument is the string that comes in fragments. */
  protected open(argumentCount: number, cursor: ValueCursor): void {
    requireBulk(this.context, cursor.total);
    this.flush();
    this.context.begin(this.command, argumentCount);
    this.isOpen = true;
  }

  abandon(): void {
    const { writer } = this.context.link.window;
    const size = Math.min(this.missing, FILLER.length);
    writer.piece(FILLER, 0, size);
    this.missing -= size;
    if (this.missing > 0) return;
    writer.endBytes();
    this.close();
  }

  protected close(): void {
    this.context.end();
    this.isOpen = false;
  }
}
