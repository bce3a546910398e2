import type { Refusal } from '../account.js';
import type { RdbkitError } from '../errors.js';
import { Spool } from '../io/spool.js';
import { locate } from '../rdb/values/decode.js';
import { SpilledReader } from '../rdb/values/value-reader.js';
import type { KeyBegin } from '../record.js';
import { refusalOfValue } from './outcome.js';
import type { WriteContext } from './write-context.js';

/**
 * A value in parts, in a dry run, of a type that the target does not read: only its content tells
 * whether it can be written in another one. It is put aside and encoded, and that thrown away.
 */
export class TrialValue {
  private readonly spool = new Spool();
  private refusal: Refusal | undefined;

  /** @param look asks for a key of that name once the value is found good */
  constructor(
    private readonly run: WriteContext,
    private readonly head: KeyBegin,
    private readonly look: () => void,
  ) {}

  begin(): void {}

  part(bytes: Uint8Array): undefined {
    this.spool.write(bytes);
  }

  end(): void {
    const { head, run } = this;
    try {
      const value = new SpilledReader(head, this.spool, run.limits);
      run.converter.convert(head, value, () => {})?.close();
    } catch (thrown) {
      const error = locate(thrown, head);
      if (error.code === 'INTERNAL' || error.code === 'IO') throw error;
      this.refusal = refusalOfValue(error);
    }
    this.conclude();
  }

  /** Gives up in the middle of the value; it counts as failed. */
  abort(reason: RdbkitError): void {
    this.refusal = { code: reason.code, cause: reason.message };
    this.conclude();
  }

  private conclude(): void {
    this.spool.close();
    if (this.refusal === undefined) this.look();
    else this.run.account.fail(this.head, 'RESTORE', this.refusal);
  }
}
