import type { LogPart } from '../record.js';
import { framed } from '../resp/command-writer.js';
import type { Discarded, LogReplies } from './log-replies.js';
import type { PositionBatch } from './position-batch.js';
import type { SentCommands } from './sent-commands.js';
import type { WriteContext } from './write-context.js';

const MULTI = framed(1, 'MULTI');
const EXEC = framed(1, 'EXEC');
const DISCARD = framed(1, 'DISCARD');

/** Writes what stands around the commands of a log: MULTI, EXEC, DISCARD, SELECT and the position. */
export class TransactionFrame {
  /** MULTI is written and its end is not. */
  isOpen = false;
  /** Position behind what was written last. */
  part: LogPart = { index: 0, name: '' };
  endOffset = 0;
  /** The database outside of the transaction that is open. */
  private home = 0;

  constructor(
    private readonly context: Pick<WriteContext, 'link' | 'databases'>,
    private readonly sent: SentCommands,
    private readonly replies: LogReplies,
    private readonly batch: PositionBatch | undefined,
  ) {}

  open(): void {
    const { link, databases } = this.context;
    link.window.writer.raw(MULTI);
    link.window.expect(this.replies.multi);
    this.isOpen = true;
    this.home = databases.selected;
    this.batch?.opened();
  }

  /**
   * Ends the transaction that is open, in the database where it began: one that is refused never
   * leaves it, and what is written behind it must act in the same.
   */
  commit(part: LogPart, endOffset: number): void {
    const { batch } = this;
    const { link, databases } = this.context;
    const { window } = link;
    const { writer } = window;
    link.holdBack();
    if (batch !== undefined) {
      if (batch.db !== databases.selected) this.select(batch.db);
      this.addOwn();
      batch.writePosition(writer, part, endOffset);
      window.expect(this.replies.queued);
    }
    if (databases.selected !== this.home) this.select(this.home);
    this.sent.add(undefined, part, endOffset, endOffset, -1, -1);
    writer.raw(EXEC);
    window.expect(this.replies.exec);
    this.part = part;
    this.endOffset = endOffset;
    this.isOpen = false;
    batch?.committed();
  }

  /** Gives up the transaction that is open. @param outcome what becomes of its commands */
  discard(outcome: Discarded): void {
    const { link, databases } = this.context;
    const { window } = link;
    link.holdBack();
    this.addOwn();
    window.writer.raw(DISCARD);
    this.replies.willDiscard(outcome);
    window.expect(this.replies.discard);
    databases.wentBack(this.home);
    this.isOpen = false;
    this.batch?.discarded();
  }

  select(db: number): void {
    const { databases } = this.context;
    if (!this.isOpen) {
      databases.select(db);
      return;
    }
    this.addOwn();
    databases.select(db, this.replies.queued);
  }

  /** A command of our own inside of a transaction. */
  private addOwn(): void {
    this.sent.add(undefined, this.part, this.endOffset, this.endOffset, -1, -1);
  }
}
