import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { log } from './log-source.js';

/** A log that was written into a file, and where its commands stand. */
export class WrittenLog {
  readonly bytes: Buffer;
  /** Where each line stands, and where the last ends. */
  readonly offsets: readonly number[];

  /** @param lines commands as words with one space between; `#TS:…` stands for itself */
  constructor(
    readonly path: string,
    readonly name: string,
    lines: readonly string[],
  ) {
    const pieces = lines.map((line) => log(line));
    this.bytes = Buffer.concat(pieces);
    const offsets = [0];
    for (const { length } of pieces) offsets.push((offsets.at(-1) as number) + length);
    this.offsets = offsets;
    writeFileSync(join(dirname(path), name), this.bytes);
  }

  /** Position of the nth line, from 0; the number of lines for the end. */
  at(line: number): string {
    return `${this.name}:${this.offsets[line]}`;
  }

  get end(): string {
    return this.at(this.offsets.length - 1);
  }
}

/** Writes a log of a single file. */
export function writeLog(folder: string, lines: readonly string[], name = 'appendonly.aof'): WrittenLog {
  return new WrittenLog(join(folder, name), name, lines);
}

/** Writes a log of increments only, with its manifest, into a folder of its own. */
export function writeParts(folder: string, parts: readonly (readonly string[])[]): WrittenLog[] {
  mkdirSync(folder, { recursive: true });
  const names = parts.map((_, i) => `appendonly.aof.${i + 1}.incr.aof`);
  const rows = names.map((name, i) => `file ${name} seq ${i + 1} type i\n`);
  writeFileSync(join(folder, 'appendonly.aof.manifest'), rows.join(''));
  return parts.map((lines, i) => new WrittenLog(join(folder, names[i] as string), names[i] as string, lines));
}
