import type { Refusal } from '../account.js';
import type { ExpiryRewriter } from '../aof/expiry-rewriter.js';
import { fieldTimes, HeldPart, keyTimes } from '../aof/held-time.js';
import { RdbkitError } from '../errors.js';
import type { Emit } from '../pipeline.js';
import { FieldExpiries, hashOfPayload, mayHaveFieldExpiries } from '../rdb/field-expiries.js';
import { dumpPayload } from '../rdb/payload.js';
import type { KeyBegin, KeyRecord, LogCommand } from '../record.js';
import { type HeldKeyNotes, HoldNote } from './held-keys.js';
import { earliest, type HoldWindow, OUT_OF_RANGE, Verdict } from './hold-window.js';

/** Holds the expiries of keys of a dump, and of the fields of hashes that come as serialized values. */
export class HoldValues {
  private readonly fieldExpiries = new FieldExpiries();

  /** @param holdsFields false for a target without expiries of fields, which refuses them, or writes the hash without */
  constructor(
    private readonly held: HeldKeyNotes,
    private readonly window: HoldWindow,
    private readonly rewriter: ExpiryRewriter,
    private readonly holdsFields: boolean,
  ) {}

  /** Why a key cannot be handed on, if so. */
  key(head: KeyRecord | KeyBegin, emit: Emit): Refusal | undefined {
    if (this.holdsFields && mayHaveFieldExpiries(head.type)) {
      const refusal = head.kind === 'key' ? this.fields(head) : undefined;
      if (refusal !== undefined) return refusal;
      if (head.kind === 'key-begin') emit.note(HoldNote.largeHash);
    }
    const { expireAtMs } = head;
    if (expireAtMs === undefined) return undefined;
    const verdict = this.window.judge(expireAtMs, keyTimes, this.window.nowMs());
    if (verdict === Verdict.outOfRange) return OUT_OF_RANGE;
    if (verdict === Verdict.leave) return undefined;
    const atMs = earliest(expireAtMs);
    this.held.add(HeldPart.key, head.db, head.keyBytes, head.keyStart, head.keyEnd, atMs);
    head.expireAtMs = keyTimes.hold(atMs);
    return undefined;
  }

  /** Holds the expiries of a hash's fields, of which the key is noted; why that cannot be, if so. */
  private fields(record: KeyRecord): Refusal | undefined {
    const now = this.window.nowMs();
    let firstMs = Number.POSITIVE_INFINITY;
    let isOutOfRange = false;
    try {
      this.fieldExpiries.change(record, (at) => {
        const verdict = this.window.judge(at, fieldTimes, now);
        if (verdict === Verdict.outOfRange) isOutOfRange = true;
        if (verdict !== Verdict.hold) return at;
        firstMs = Math.min(firstMs, earliest(at));
        return fieldTimes.hold(earliest(at));
      });
    } catch (thrown) {
      const { code, message } = RdbkitError.from(thrown);
      if (!code.startsWith('INPUT_') && code !== 'LIMIT_EXCEEDED') throw thrown;
      return { code, cause: message };
    }
    if (isOutOfRange) return OUT_OF_RANGE;
    if (firstMs < Number.POSITIVE_INFINITY) {
      this.held.add(HeldPart.fields, record.db, record.keyBytes, record.keyStart, record.keyEnd, firstMs);
    }
    return undefined;
  }

  /** Holds the expiries of fields in the payload of RESTORE; false for one that could not be told. */
  payload(command: LogCommand, emit: Emit): boolean {
    if (!this.holdsFields || !command.spec.name.startsWith('RESTORE') || command.argumentCount < 4)
      return true;
    const hash = hashOfPayload(command);
    if (hash === undefined) return true;
    const { record, version } = hash;
    const { valueBytes } = record;
    const refusal = this.fields(record);
    if (refusal === OUT_OF_RANGE) return false;
    // What cannot be read the target refuses.
    if (refusal !== undefined) emit.note(HoldNote.unreadable);
    else if (record.valueBytes !== valueBytes) {
      this.rewriter.setArgument(command, 3, dumpPayload(record.type.code, record.value, version));
    }
    return true;
  }
}
