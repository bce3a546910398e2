import type { LogPart } from '../record.js';
import type { CommandWriter } from '../resp/command-writer.js';
import type { TransactionalOptions } from './replay-hooks.js';

/** The batches of `transactional`: each one transaction, which also sets the position reached. */
export class PositionBatch {
  /** EXEC and DISCARD up to the last EXEC before the last MULTI: what a batch has to wait for. */
  endsBefore = 0;
  private ends = 0;
  private endsToExec = 0;
  private commands = 0;
  private bytes = 0;

  constructor(private readonly options: TransactionalOptions) {}

  /** Database of the key that holds the position. */
  get db(): number {
    return this.options.db;
  }

  /** Whether no further command should come into the batch. */
  get isFull(): boolean {
    const { maxCommands = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = this.options;
    return this.commands >= maxCommands || this.bytes >= maxBytes;
  }

  /** A command of so many bytes is written into the batch. */
  add(bytes: number): void {
    this.commands++;
    this.bytes += bytes;
  }

  /** MULTI is written. */
  opened(): void {
    this.endsBefore = this.endsToExec;
    this.commands = 0;
    this.bytes = 0;
  }

  /** EXEC is written. */
  committed(): void {
    this.ends++;
    this.endsToExec = this.ends;
  }

  /** DISCARD is written. */
  discarded(): void {
    this.ends++;
  }

  /** Writes the command that sets the position; in the database `db`. */
  writePosition(writer: CommandWriter, part: LogPart, endOffset: number): void {
    const { options } = this;
    writer.begin(3);
    writer.text('SET');
    writer.bytes(options.key);
    writer.text(options.positionOf(part, endOffset));
  }
}
