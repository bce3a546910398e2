import type { LogHead, LogPart, RecordBatch } from '../record.js';

/** What is wrong with how transactions follow one another. */
export interface TransactionFault {
  readonly kind: 'nested' | 'no-multi' | 'no-exec';
  readonly part: LogPart;
  /** Position of the MULTI or EXEC in the part. */
  readonly offset: number;
}

/**
 * Follows MULTI and EXEC through a log that is read with `looseTransactions`: what a server refuses
 * or leaves out, as `redis-check-aof` does. Damage can have swallowed either of them; what that
 * makes of the other is no fault of its own.
 */
export class TransactionWatch {
  /** The MULTI whose EXEC has not come. */
  private open: TransactionFault | undefined;
  private hasGap = false;

  /** @param onFault told of each fault as it comes */
  constructor(private readonly onFault: (fault: TransactionFault) => void) {}

  take({ records }: RecordBatch): void {
    for (let i = 0; i < records.length; i++) {
      const record = records[i];
      if (record?.kind === 'log-command' && record.spec.role !== 'plain') this.boundary(record);
    }
  }

  /** Says that bytes of the log could not be read here. */
  gap(): void {
    this.hasGap = true;
  }

  /** Says that a part ends; returns the place of the MULTI that is open there, if any. */
  endPart(): TransactionFault | undefined {
    const { open } = this;
    this.open = undefined;
    this.hasGap = false;
    return open;
  }

  private boundary({ spec, part, offset }: LogHead): void {
    switch (spec.role) {
      case 'multi':
        if (this.open !== undefined) {
          this.onFault(this.hasGap ? this.open : { kind: 'nested', part, offset });
        }
        this.open = { kind: 'no-exec', part, offset };
        this.hasGap = false;
        break;
      case 'exec':
      case 'discard':
        if (this.open === undefined && !this.hasGap) this.onFault({ kind: 'no-multi', part, offset });
        this.open = undefined;
        this.hasGap = false;
    }
  }
}
