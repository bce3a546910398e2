import { Account } from '../../src/account.js';
import type { Limits } from '../../src/limits.js';
import { run } from '../../src/pipeline.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import { jsonLinesFormat } from '../../src/sinks/jsonl.js';
import { DumpSource } from './dump-source.js';
import { MemoryOutput, makeSpill } from './memory-output.js';

// Dumps to JSON Lines, all in memory.

/** A line as `JSON.parse` has it: numbers beyond 2^53 are rounded there. */
export interface JsonRecord {
  readonly db: number;
  readonly key: string;
  readonly type: string;
  readonly expireAt?: number;
  readonly encoding: string;
  readonly bytes?: 'latin1';
  readonly value?: unknown;
  readonly payload?: string;
  readonly fieldExpireAt?: Readonly<Record<string, number>>;
  readonly [field: string]: unknown;
}

/** Where a value comes in parts, of few bytes, and every string of some length in fragments. */
export const IN_PARTS: Partial<Limits> = { maxInlineValue: 20, partBytes: 16, fragmentBytes: 50 };

export interface JsonLines {
  /** As written. */
  readonly text: string;
  readonly account: Account;
}

export async function exportJsonLines(
  input: Uint8Array,
  limits: Partial<Limits> = {},
  chunks: readonly number[] = [65_536],
): Promise<JsonLines> {
  const output = new MemoryOutput('pipe');
  const sink = new ExportSink(jsonLinesFormat({ limits }), output, makeSpill, { limits });
  const account = new Account();
  await run(new DumpSource(input, limits, chunks), [], sink, { account });
  // What is no UTF-8 must not pass as U+FFFD.
  return { text: new TextDecoder('utf-8', { fatal: true }).decode(output.bytes), account };
}

/** The lines, each read by a strict parser. */
export function linesOf({ text }: JsonLines): JsonRecord[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as JsonRecord);
}
