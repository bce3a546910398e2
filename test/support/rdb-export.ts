import { Account, type Reject } from '../../src/account.js';
import type { Limits } from '../../src/limits.js';
import { run, type Stage } from '../../src/pipeline.js';
import { type DumpTarget, targetOfMagic } from '../../src/rdb/dump-target.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import { type RdbFormatOptions, rdbFormat, rdbFormats } from '../../src/sinks/rdb.js';
import { SplitSink, type SplitSinkOptions } from '../../src/sinks/split.js';
import type { SplitRule } from '../../src/sinks/split-rules.js';
import { DumpSource } from './dump-source.js';
import { MemoryOutput, makeSpill } from './memory-output.js';

// Dumps to dumps, all in memory.

/** What the dumps of a test are written for. */
export interface ExportOptions extends Pick<RdbFormatOptions, 'unsupported'> {
  /** The source's own format by default. */
  readonly target?: DumpTarget;
  readonly limits?: Partial<Limits>;
  readonly stages?: readonly Stage[];
  readonly output?: 'file' | 'pipe';
  readonly onReject?: (reject: Reject) => void;
}

export interface Exported {
  readonly bytes: Uint8Array;
  readonly account: Account;
}

/** Writes a dump anew. */
export async function exportRdb(input: Uint8Array, options: ExportOptions = {}): Promise<Exported> {
  const source = new DumpSource(input, options.limits);
  const output = new MemoryOutput(options.output);
  const limits = options.limits ?? {};
  const sink = new ExportSink(rdbFormat(formatOptions(source, options)), output, makeSpill, { limits });
  const account = new Account();
  account.onReject = options.onReject;
  await run(source, options.stages ?? [], sink, { account });
  return { bytes: output.bytes, account };
}

export interface Split {
  /** By label, in the order in which they were begun. */
  readonly outputs: ReadonlyMap<string, MemoryOutput>;
  readonly account: Account;
  readonly sink: SplitSink;
  readonly parts: readonly { readonly label: string; readonly keys: number; readonly bytes: number }[];
}

/** Splits a dump. */
export async function splitRdb(
  input: Uint8Array,
  rule: SplitRule,
  options: ExportOptions & Partial<Pick<SplitSinkOptions, 'open' | 'maxOutputs'>> = {},
): Promise<Split> {
  const source = new DumpSource(input, options.limits);
  const outputs = new Map<string, MemoryOutput>();
  const sink = new SplitSink(rule, {
    open: ({ label }) => {
      const output = new MemoryOutput();
      outputs.set(label, output);
      return output;
    },
    format: rdbFormats(formatOptions(source, options)),
    makeSpill,
    ...options,
  });
  const account = new Account();
  const { parts } = await run(source, options.stages ?? [], sink, { account });
  return { outputs, account, sink, parts };
}

function formatOptions({ decoder }: DumpSource, options: ExportOptions): RdbFormatOptions {
  return {
    target: options.target ?? (() => targetOfMagic(decoder.magic as NonNullable<typeof decoder.magic>)),
    makeSpill,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.unsupported === undefined ? {} : { unsupported: options.unsupported }),
  };
}
