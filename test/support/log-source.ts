import { CommandLookup } from '../../src/aof/command-lookup.js';
import { LogDecoder, type TornTail } from '../../src/aof/decoder.js';
import { newLogState } from '../../src/aof/log-state.js';
import type { Limits } from '../../src/limits.js';
import type { Source } from '../../src/pipeline.js';
import type { LogPart, RecordBatch } from '../../src/record.js';
import { makeSpill } from './memory-output.js';

// Logs in memory, as sources.

const PART: LogPart = { index: 0, name: 'appendonly.aof' };

/** A command as a RESP array of bulk strings; strings are Latin-1. */
export function command(...args: readonly (string | Uint8Array)[]): Buffer {
  const pieces = args.map((arg) => {
    const bytes = typeof arg === 'string' ? Buffer.from(arg, 'latin1') : Buffer.from(arg);
    return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
  });
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...pieces]);
}

/** Commands given as words with one space between. */
export function log(...lines: readonly string[]): Buffer {
  return Buffer.concat(
    lines.map((line) => (line.startsWith('#') ? Buffer.from(`${line}\r\n`) : command(...line.split(' ')))),
  );
}

/** One part, in chunks of some size. */
export class LogSource implements Source {
  readonly name = PART.name;
  readonly size: number;
  position = 0;
  torn: TornTail | undefined;

  constructor(
    private readonly input: Uint8Array,
    private readonly limits: Partial<Limits> = {},
    private readonly chunk = 65_536,
  ) {
    this.size = input.length;
  }

  async *read(): AsyncGenerator<RecordBatch> {
    const { input, limits, chunk } = this;
    const decoder = new LogDecoder(PART, newLogState(0), new CommandLookup(), makeSpill, { limits });
    try {
      for (let at = 0; at <= input.length; at += chunk) {
        if (at < input.length) decoder.push(input.subarray(at, at + chunk));
        if (at + chunk >= input.length) decoder.end();
        for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
        this.position = Math.min(input.length, at + chunk);
        if (decoder.done) break;
      }
      this.torn = decoder.torn;
    } finally {
      decoder.close();
    }
  }
}
