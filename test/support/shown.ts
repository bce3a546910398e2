import { Account } from '../../src/account.js';
import { type RdbSource, rdbFile } from '../../src/io/rdb-source.js';
import { Spool } from '../../src/io/spool.js';
import type { Limits } from '../../src/limits.js';
import { run, type Source, type Stage } from '../../src/pipeline.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import type { RecordFormat } from '../../src/sinks/record-format.js';
import { MemoryOutput } from './memory-output.js';

/** What a format makes of a source, and the account of it. */
export async function exported(
  source: Source,
  format: RecordFormat,
  { stages = [], limits = {} }: { stages?: readonly Stage[]; limits?: Partial<Limits> } = {},
): Promise<{ text: string; bytes: Uint8Array; account: Account }> {
  const output = new MemoryOutput('pipe');
  const account = new Account();
  await run(source, stages, new ExportSink(format, output, () => new Spool(), { limits }), { account });
  return { text: output.text, bytes: output.bytes, account };
}

/** A dump as a source, its values in parts where `limits` say so. */
export function dumpSource(path: string, limits: Partial<Limits> = {}): RdbSource {
  return rdbFile(path, { limits });
}
