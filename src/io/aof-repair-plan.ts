import type { PartPosition } from '../aof/mend-rules.js';
import type { LogPosition } from '../aof/position.js';
import { RdbkitError } from '../errors.js';
import { type AofLayout, type AofPartFile, loadingOrder } from './aof-parts.js';

/** What is done with a line of a manifest, or with a single file. */
export interface PlannedPart {
  readonly name: string;
  /** Undefined where it is lost as a whole. */
  readonly file: AofPartFile | undefined;
  /** Why it is. */
  readonly reason: string;
}

/**
 * The parts of a log in the order in which they are loaded, each once, with those that are lost.
 * @throws RdbkitError INPUT_CORRUPT where the order cannot be known, or the base is not there
 */
export function planParts(layout: AofLayout): PlannedPart[] {
  const { manifest, parts, path } = layout;
  if (manifest === undefined) return parts.map((file) => ({ name: file.name, file, reason: '' }));
  const rows = loadingOrder(manifest.rows);
  const unread = manifest.faults.find(({ isUnread }) => isUnread === true);
  if (unread !== undefined && !rows.some(({ role }) => role === 'base')) {
    throw new RdbkitError(
      'INPUT_CORRUPT',
      `the manifest names no base, and line ${unread.line} cannot be read`,
      {
        subject: manifest.path,
        hint: 'write that line anew: without the base the commands that follow stand for another state',
      },
    );
  }
  const newest = Math.max(...rows.filter(({ role }) => role === 'base').map(({ seq }) => seq));
  const planned = new Map<string, PlannedPart>();
  let lastSeq = 0;
  for (const { name, role, seq } of rows) {
    if (planned.has(name)) continue;
    const file = parts.find((part) => part.name === name);
    const isOldBase = role === 'base' && (seq !== newest || [...planned.values()].some(isBase));
    if (file === undefined) planned.set(name, { name, file, reason: 'it is not there' });
    else if (isOldBase)
      planned.set(name, { name, file: undefined, reason: 'another base is named beside it' });
    else planned.set(name, { name, file, reason: '' });
    if (role === 'base' && file === undefined) {
      throw new RdbkitError('INPUT_CORRUPT', `the base ${name} is not there`, {
        subject: path,
        hint: 'get it from a backup: without it the commands that follow stand for another state',
      });
    }
    if (role !== 'increment') continue;
    if (seq === lastSeq) {
      throw new RdbkitError('INPUT_CORRUPT', `two increments have the number ${seq}`, {
        subject: manifest.path,
        hint: 'write a manifest that says which comes first',
      });
    }
    lastSeq = seq;
  }
  return [...planned.values()];
}

function isBase({ file }: PlannedPart): boolean {
  return file?.role === 'base';
}

/**
 * A position by the name of its part.
 * @param preamble bytes of the dump at the beginning of the first part
 * @throws RdbkitError USAGE where there is no such part or position
 */
export function placeOf(position: LogPosition, plan: readonly PlannedPart[], preamble: number): PartPosition {
  const files = plan.flatMap(({ file }) => (file === undefined ? [] : [file]));
  const [first] = files as [AofPartFile];
  if (position.kind === 'end-of-base') {
    return { part: first.name, offset: first.role === 'base' && preamble === 0 ? first.size : preamble };
  }
  if (position.kind === 'time') throw new RdbkitError('INTERNAL', 'a time is no position in a part');
  const { part, offset } = position;
  const file = files.find(
    ({ name, seq, role }) => name === String(part) || (role === 'increment' && seq === part),
  );
  if (file === undefined) {
    throw new RdbkitError('USAGE', `the log has no part ${part}`, {
      hint: `its parts are ${files.map(({ name }) => name).join(', ')}`,
    });
  }
  const least = file === first ? preamble : 0;
  if (offset > file.size || offset < least) {
    const place = offset < least ? 'within the dump that the part begins with' : 'behind its end';
    throw new RdbkitError('USAGE', `${file.name}:${offset} is ${place}`, {
      hint: `it holds commands from ${least} to ${file.size}`,
    });
  }
  return { part: file.name, offset };
}
