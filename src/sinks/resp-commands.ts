import type { LogBegin, LogCommand, LogHead } from '../record.js';
import { framed } from '../resp/command-writer.js';
import type { OutputBuffer } from './output-buffer.js';
import type { CommandFormat } from './record-format.js';

const MULTI = framed(1, 'MULTI');
const EXEC = framed(1, 'EXEC');

/**
 * Commands of a log as they stand in it, byte for byte, with SELECT where the database changes. A
 * transaction of which nothing is left is left out.
 */
export class RespCommands implements CommandFormat {
  /** The database of a MULTI that waits for the first command that is left of its transaction. */
  private pendingDb: number | undefined;
  private isOpen = false;

  /** @param select writes SELECT where another database is selected */
  constructor(private readonly select: (db: number, out: OutputBuffer) => void) {}

  command(record: LogCommand, out: OutputBuffer): void {
    switch (record.spec.role) {
      case 'select':
        return;
      case 'multi':
        this.pendingDb = record.db;
        return;
      case 'exec':
      case 'discard':
        if (this.isOpen) out.put(EXEC);
        this.pendingDb = undefined;
        this.isOpen = false;
        return;
      default:
        this.open(record, out);
        out.put(record.bytes, record.start, record.end);
    }
  }

  begin(record: LogBegin, out: OutputBuffer): void {
    this.open(record, out);
    out.put(record.bytes, record.start, record.end);
  }

  bytes(bytes: Uint8Array, out: OutputBuffer): void {
    out.put(bytes);
  }

  end(): void {}

  private open({ db }: LogHead, out: OutputBuffer): void {
    if (this.pendingDb !== undefined) {
      this.select(this.pendingDb, out);
      out.put(MULTI);
      this.pendingDb = undefined;
      this.isOpen = true;
    }
    this.select(db, out);
  }
}
