import type { Source } from '../pipeline.js';
import type { KeyBegin, KeyEnd, RecordBatch } from '../record.js';
import { Spool } from './spool.js';

/**
 * A source that knows the size of every value in parts when it announces it. The parts are put
 * aside in a temporary file until the end of the value is seen.
 */
export function withSizes(source: Source): Source {
  return {
    name: source.name,
    get size() {
      return source.size;
    },
    get position() {
      return source.position;
    },
    async *read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
      const held = new HeldValue();
      try {
        for await (const batch of source.read(signal)) yield* held.pass(batch);
      } finally {
        held.drop();
      }
    },
  };
}

/** The value whose end has not been seen. Its records are the only ones of their batches. */
class HeldValue {
  private begin: KeyBegin | undefined;
  private spool: Spool | undefined;

  *pass(batch: RecordBatch): Generator<RecordBatch> {
    const last = batch.records.at(-1);
    if (last?.kind === 'key-begin') {
      this.begin = last;
      this.spool = new Spool();
      if (batch.records.length > 1) yield { records: batch.records.slice(0, -1) };
    } else if (last?.kind === 'key-part') {
      this.spool?.write(last.bytes);
    } else if (last?.kind === 'key-end') {
      yield* this.release(last);
    } else {
      yield batch;
    }
  }

  drop(): void {
    this.spool?.close();
    this.spool = undefined;
  }

  private *release(end: KeyEnd): Generator<RecordBatch> {
    const { begin, spool } = this;
    if (begin === undefined || spool === undefined) return;
    begin.size = end.size;
    yield { records: [begin] };
    for (const bytes of spool.read()) yield { records: [{ kind: 'key-part', bytes }] };
    yield { records: [end] };
    this.drop();
  }
}
