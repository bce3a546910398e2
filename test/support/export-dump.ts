import { Account, type Reject } from '../../src/account.js';
import { Spool } from '../../src/io/spool.js';
import type { Limits } from '../../src/limits.js';
import { run } from '../../src/pipeline.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import type { RecordFormat } from '../../src/sinks/record-format.js';
import { DumpSource } from './dump-source.js';
import { MemoryOutput } from './memory-output.js';

/** Where a value comes in parts, of few bytes, and every string of some length in fragments. */
export const IN_PARTS: Partial<Limits> = { maxInlineValue: 40, partBytes: 16, fragmentBytes: 24 };

export interface ExportedDump {
  readonly bytes: Uint8Array;
  /** As UTF-8. */
  readonly text: string;
  readonly account: Account;
  readonly rejects: readonly Reject[];
}

/** What a format makes of a dump, all in memory. */
export async function exportDump(
  dump: Uint8Array,
  format: RecordFormat,
  limits: Partial<Limits> = {},
): Promise<ExportedDump> {
  const output = new MemoryOutput('pipe');
  const account = new Account();
  const rejects: Reject[] = [];
  account.onReject = (reject) => rejects.push(reject);
  const sink = new ExportSink(format, output, () => new Spool(), { limits });
  await run(new DumpSource(dump, limits), [], sink, { account });
  const { bytes, text } = output;
  return { bytes, text, account, rejects };
}
