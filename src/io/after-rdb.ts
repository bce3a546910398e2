import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { CommandLookup } from '../aof/command-lookup.js';
import { newLogState } from '../aof/log-state.js';
import { PartDecoder } from '../aof/part-decoder.js';
import { type LogPosition, timeText } from '../aof/position.js';
import { SNAPSHOT_DOUBT, SnapshotMoment } from '../aof/snapshot-moment.js';
import { latin1Text } from '../bytes/ascii.js';
import { RdbkitError } from '../errors.js';
import type { AofLayout, AofPartFile } from './aof-parts.js';
import { logError } from './log-error.js';
import { PartFile, pending } from './part-file.js';
import { rdbFile } from './rdb-source.js';
import { readError } from './read-error.js';
import { Spool } from './spool.js';

const CHUNK = 1 << 20;

/** Fields of a dump's header that tell when it was taken. */
interface SnapshotHeader {
  readonly ctime: number | undefined;
  readonly replOffset: number | undefined;
}

/**
 * The position in a log that matches a dump of the same server, if it can be known:
 *
 * - the dump is the log's own base, byte for byte: behind the base;
 * - the dump's replication offset is the one at which an increment starts (Redis 8), and is more
 *   than a server begins with: the beginning of that increment;
 * - the time in the dump's header: commands stand before it, and none in it or in the 60 seconds
 *   before, in which the snapshot may have been taken.
 *
 * @throws RdbkitError USAGE that says why it cannot be known, with positions to choose from; and as
 *   reading does
 */
export async function afterRdb(
  layout: AofLayout,
  rdbPath: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<LogPosition> {
  const [first] = layout.parts;
  if (first === undefined) throw unknown(layout, rdbPath, 'the log has no parts', []);
  if (first.role !== 'increment' && isSameDump(first, rdbPath)) return { kind: 'end-of-base' };
  const header = await headerOf(rdbPath, signal);
  const start = incrementAt(layout, header.replOffset);
  if (start !== undefined) return { kind: 'part-offset', part: start.name, offset: 0 };
  return byTime(layout, rdbPath, header, signal);
}

/** Whether the part begins with the dump, byte for byte. */
function isSameDump(part: AofPartFile, rdbPath: string): boolean {
  try {
    const dump = statSync(rdbPath, { bigint: true });
    const base = statSync(part.path, { bigint: true });
    if (dump.ino === base.ino && dump.dev === base.dev) return part.role === 'base';
    if (dump.size === 0n || dump.size > base.size || !dump.isFile()) return false;
    if (part.role === 'base' && dump.size !== base.size) return false;
    return haveSameBytes(rdbPath, part.path, Number(dump.size));
  } catch (thrown) {
    throw readError(thrown, rdbPath);
  }
}

function haveSameBytes(one: string, other: string, size: number): boolean {
  const files = [one, other].map((path) => openSync(path, 'r')) as [number, number];
  const chunks = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)] as const;
  try {
    for (let at = 0; at < size; ) {
      const want = Math.min(CHUNK, size - at);
      const [a, b] = [0, 1].map((i) =>
        readSync(files[i] as number, chunks[i] as Uint8Array, 0, want, at),
      ) as [number, number];
      const count = Math.min(a, b);
      if (count === 0 || Buffer.compare(chunks[0].subarray(0, count), chunks[1].subarray(0, count)) !== 0) {
        return false;
      }
      at += count;
    }
    return true;
  } finally {
    for (const file of files) closeSync(file);
  }
}

async function headerOf(rdbPath: string, signal: AbortSignal): Promise<SnapshotHeader> {
  const numbers = new Map<string, number>();
  for await (const { records } of rdbFile(rdbPath, { checksum: 'ignore' }).read(signal)) {
    for (const record of records) {
      if (record.kind === 'aux') numbers.set(latin1Text(record.name), numberOf(record.value));
    }
    if (records.some(({ kind }) => kind !== 'aux')) break;
  }
  const known = (name: string) => {
    const value = numbers.get(name);
    return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
  };
  return { ctime: known('ctime'), replOffset: known('repl-offset') };
}

function numberOf(value: Uint8Array): number {
  const text = latin1Text(value);
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** 0 and 1 are where every server begins, so they tell nothing. */
function incrementAt({ parts }: AofLayout, replOffset: number | undefined): AofPartFile | undefined {
  if (replOffset === undefined || replOffset <= 1) return undefined;
  return parts.findLast(({ role, startOffset }) => role === 'increment' && startOffset === replOffset);
}

async function byTime(
  layout: AofLayout,
  rdbPath: string,
  { ctime, replOffset }: SnapshotHeader,
  signal: AbortSignal,
): Promise<LogPosition> {
  const inside = replOffset === undefined ? '' : insideOf(layout, replOffset);
  if (ctime === undefined) throw unknown(layout, rdbPath, `its header has no time${inside}`, []);
  const moment = new SnapshotMoment(ctime);
  const scan = await scanLog(layout, moment, signal);
  const when = timeText(ctime);
  const candidates = moment.places.map(
    ({ part, offset, timeSeconds }) =>
      `${part.name}:${offset}${timeSeconds < 0 ? '' : ` (${timeText(timeSeconds)})`}`,
  );
  if (!scan.hasTimes) throw unknown(layout, rdbPath, `the log has no times${inside}`, candidates);
  if (scan.backwards > 0) {
    throw unknown(layout, rdbPath, `the clock went back while the log was written${inside}`, candidates);
  }
  if (moment.doubtful > 0) {
    const why = `it was taken at ${when} or up to ${SNAPSHOT_DOUBT} s earlier, and ${moment.doubtful} commands stand in that time${inside}`;
    throw unknown(layout, rdbPath, why, candidates);
  }
  const isBehindBase = scan.baseTime !== undefined && ctime - SNAPSHOT_DOUBT > scan.baseTime;
  if (!moment.hasBefore && !isBehindBase) {
    const why = `it was taken at ${when}, and nothing shows that the log reaches back to then${inside}`;
    throw unknown(layout, rdbPath, why, candidates);
  }
  const { part, offset } = moment.after ?? scan.end;
  return { kind: 'part-offset', part: part.name, offset };
}

function insideOf({ parts }: AofLayout, replOffset: number): string {
  const before = parts.findLast(({ startOffset }) => startOffset !== undefined && startOffset < replOffset);
  if (before === undefined) return '';
  return `; its replication offset ${replOffset} lies within ${before.name}, where offsets say nothing of bytes`;
}

interface LogScan {
  readonly hasTimes: boolean;
  readonly backwards: number;
  /** `ctime` of the base, where that is a dump. */
  readonly baseTime: number | undefined;
  readonly end: { readonly part: AofPartFile; readonly offset: number };
}

/** Shows the commands behind the base to `moment`, until it is settled. */
async function scanLog(layout: AofLayout, moment: SnapshotMoment, signal: AbortSignal): Promise<LogScan> {
  const state = newLogState();
  const lookup = new CommandLookup();
  const [first] = layout.parts as [AofPartFile];
  const baseTime = await dumpTime(first, signal);
  let end = { part: first, offset: 0 };
  for (const part of layout.parts.filter(({ role }) => role !== 'base')) {
    const file = new PartFile(part);
    const decoder = new PartDecoder(part, state, lookup, () => new Spool(), {
      checksum: 'ignore',
      inputBytes: file.freeze(),
    });
    try {
      for await (const batch of file.batches(decoder, signal)) {
        if (!decoder.isInDump) moment.take(batch);
        if (moment.isSettled) break;
      }
      if (!moment.isSettled) {
        decoder.end();
        for await (const batch of pending(decoder, signal)) if (!decoder.isInDump) moment.take(batch);
      }
      end = { part, offset: state.open?.offset ?? decoder.offset };
    } catch (thrown) {
      throw logError(thrown, part.path);
    } finally {
      decoder.close();
      file.close();
    }
    if (moment.isSettled) break;
  }
  return { hasTimes: state.times.first >= 0, backwards: state.times.backwards, baseTime, end };
}

/** The time in the header of the dump that a part begins with. */
async function dumpTime(part: AofPartFile, signal: AbortSignal): Promise<number | undefined> {
  if (part.role === 'increment') return undefined;
  try {
    return (await headerOf(part.path, signal)).ctime;
  } catch {
    // It begins with commands, or reading it for good says better what is wrong.
    return undefined;
  }
}

function unknown(
  { path }: AofLayout,
  rdbPath: string,
  why: string,
  candidates: readonly string[],
): RdbkitError {
  const choice = candidates.length === 0 ? 'PART:OFFSET, a time, or end-of-base' : candidates.join(', ');
  return new RdbkitError('USAGE', `where in ${path} the dump was taken cannot be known: ${why}`, {
    subject: rdbPath,
    hint: `choose a position with --from: ${choice}`,
  });
}
