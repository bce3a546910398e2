import type { ReportSink, RunContext } from '../pipeline.js';
import type { RecordBatch } from '../record.js';

/** Two reports from one reading. */
export function teeReport<A, B>(first: ReportSink<A>, second: ReportSink<B>): ReportSink<readonly [A, B]> {
  return {
    name: `${first.name} and ${second.name}`,
    async open(context: RunContext) {
      await first.open?.(context);
      await second.open?.(context);
    },
    async write(batch: RecordBatch) {
      await first.write(batch);
      await second.write(batch);
    },
    report: () => [first.report(), second.report()],
    async close() {
      return [await first.close(), await second.close()];
    },
    async abort(reason) {
      await first.abort(reason);
      await second.abort(reason);
    },
  };
}
