import { utf8Bytes } from '../bytes/ascii.js';
import { printable } from '../bytes/escape.js';
import { RdbkitError } from '../errors.js';
import { splitArguments } from './manifest-words.js';

/** `b`, `i` or `h` in the file; history is what a rewrite has made needless, and is never loaded. */
export type ManifestRole = 'base' | 'increment' | 'history';

/** One line of a manifest. */
export interface ManifestRow {
  readonly name: string;
  readonly seq: number;
  readonly role: ManifestRole;
  /** Replication offset at which the file begins, where it is told (Redis 8). */
  readonly startOffset?: number;
  /** Replication offset at which it ends, where it is told. */
  readonly endOffset?: number;
}

/** What is wrong with a manifest, and where. */
export interface ManifestFault {
  /** Number of the line, from 1; 0 for the file as a whole. */
  readonly line: number;
  /** Position of the line in the file. */
  readonly offset: number;
  readonly message: string;
  /** The line may have named a file, and no row came of it. */
  readonly isUnread?: boolean;
}

export interface Manifest {
  /** In the order of the file. */
  readonly rows: readonly ManifestRow[];
  readonly faults: readonly ManifestFault[];
}

/** Bytes of a line that servers read at once, its line end included (`MANIFEST_MAX_LINE` in aof.c). */
const LONGEST_LINE = 1024;

/** Lines of which more are no manifest of a server. */
const MOST_LINES = 100_000;

const EMPTY = 'an empty line';

const HASH = 0x23;
const LF = 0x0a;

const ROLES: Readonly<Record<string, ManifestRole>> = { b: 'base', i: 'increment', h: 'history' };
const LETTERS: Readonly<Record<ManifestRole, string>> = { base: 'b', increment: 'i', history: 'h' };

/**
 * The rows of a manifest that a server would load.
 * @throws RdbkitError INPUT_CORRUPT for the first fault, with its line and position
 */
export function parseManifest(bytes: Uint8Array): ManifestRow[] {
  const { rows, faults } = surveyManifest(bytes);
  const [fault] = faults;
  if (fault === undefined) return [...rows];
  throw new RdbkitError('INPUT_CORRUPT', fault.message, {
    offset: fault.offset,
    where: fault.line === 0 ? 'manifest' : `line ${fault.line}`,
  });
}

/**
 * Reads a manifest to its end whatever it holds: the rows that can be understood and name a file of
 * the folder, and everything for which a server would refuse it.
 */
export function surveyManifest(bytes: Uint8Array): Manifest {
  const rows: ManifestRow[] = [];
  const faults: ManifestFault[] = [];
  const names = new Map<string, number>();
  let baseLine = 0;
  let lastSeq = 0;
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    line++;
    const offset = start;
    const fail = (message: string) => void faults.push({ line, offset, message });
    const end = lineEnd(bytes, start);
    const text = bytes.subarray(start, end);
    start = end;
    if (line > MOST_LINES) {
      faults.push({ line, offset, message: 'more lines than any server writes', isUnread: true });
      break;
    }
    if (text[0] === HASH) continue;
    const row = readRow(text, fail);
    if (row === undefined) {
      const last = faults.at(-1);
      if (last?.line === line && last.message !== EMPTY)
        faults[faults.length - 1] = { ...last, isUnread: true };
      continue;
    }
    rows.push(row);
    const before = names.get(row.name);
    if (before !== undefined) fail(`names ${quoted(row.name)} again, which line ${before} names`);
    else names.set(row.name, line);
    if (row.role === 'base') {
      if (baseLine > 0) fail(`a second base, line ${baseLine} names the first`);
      baseLine ||= line;
    } else if (row.role === 'increment') {
      if (row.seq <= lastSeq) fail(`increment ${row.seq} stands behind increment ${lastSeq}`);
      lastSeq = Math.max(lastSeq, row.seq);
    }
  }
  if (line === 0) faults.push({ line: 0, offset: 0, message: 'the manifest is empty' });
  return { rows, faults };
}

/** The manifest as servers write it: base, history, increments. */
export function formatManifest(rows: readonly ManifestRow[]): Uint8Array {
  const order: readonly ManifestRole[] = ['base', 'history', 'increment'];
  const sorted = order.flatMap((role) => rows.filter((row) => row.role === role));
  return utf8Bytes(sorted.map(formatRow).join(''));
}

/** Whether servers take it for the name of a file in the folder, and it is one. */
export function isPartName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}

function formatRow({ name, seq, role, startOffset, endOffset }: ManifestRow): string {
  const start = startOffset === undefined ? '' : ` startoffset ${startOffset}`;
  const end = endOffset === undefined ? '' : ` endoffset ${endOffset}`;
  return `file ${wordOf(name)} seq ${seq} type ${LETTERS[role]}${start}${end}\n`;
}

/** Quoted where servers would quote it, and where they could not read it back else. */
function wordOf(name: string): string {
  return /^[\x21\x24-\x26\x28-\x5b\x5d-\x7e]+$/.test(name) ? name : quoted(name);
}

function quoted(name: string): string {
  return printable(utf8Bytes(name), Number.POSITIVE_INFINITY);
}

/** Where servers end the line that begins at `start`: they read at most 1024 bytes as one. */
function lineEnd(bytes: Uint8Array, start: number): number {
  const most = Math.min(bytes.length, start + LONGEST_LINE);
  const at = bytes.subarray(start, most).indexOf(LF);
  return at < 0 ? most : start + at + 1;
}

/** @param fail told what a server would refuse; a row can come all the same */
function readRow(text: Uint8Array, fail: (message: string) => void): ManifestRow | undefined {
  if (text[text.length - 1] !== LF) {
    fail(text.length < LONGEST_LINE ? 'the last line has no line end' : 'a line is longer than 1024 bytes');
    if (text.length === LONGEST_LINE) return undefined;
  }
  if (text.includes(0)) {
    fail('a line holds a zero byte');
    return undefined;
  }
  const words = splitArguments(text);
  if (words === undefined) {
    fail('quotes are not closed, or something follows them at once');
    return undefined;
  }
  if (words.length < 6 || words.length % 2 !== 0) {
    fail(words.length === 0 ? EMPTY : 'a line is not made of at least three names with a value each');
    return undefined;
  }
  const values = new Map<string, Uint8Array>();
  for (let i = 0; i < words.length; i += 2) {
    values.set(latin(words[i] as Uint8Array).toLowerCase(), words[i + 1] as Uint8Array);
  }
  return rowOf(values, fail);
}

function rowOf(
  values: ReadonlyMap<string, Uint8Array>,
  fail: (message: string) => void,
): ManifestRow | undefined {
  const nameBytes = values.get('file');
  const seq = numberOf(values.get('seq'));
  const letter = latin(values.get('type') ?? new Uint8Array(0)).slice(0, 1);
  const role = Object.hasOwn(ROLES, letter) ? ROLES[letter] : undefined;
  const name = nameBytes === undefined ? undefined : nameOf(nameBytes);
  if (nameBytes === undefined) fail('a line names no file');
  else if (name === undefined) fail(`${printable(nameBytes)} is not the name of a file in this folder`);
  if (seq === undefined || seq < 1) fail('a line has no sequence number above 0');
  if (role === undefined) fail(`a line is of no known type: ${printable(values.get('type') ?? NONE)}`);
  if (name === undefined || seq === undefined || seq < 1 || role === undefined) return undefined;
  const startOffset = numberOf(values.get('startoffset'));
  const endOffset = numberOf(values.get('endoffset'));
  return {
    name,
    seq,
    role,
    ...(startOffset === undefined ? {} : { startOffset }),
    ...(endOffset === undefined ? {} : { endOffset }),
  };
}

function nameOf(bytes: Uint8Array): string | undefined {
  let name: string;
  try {
    name = strict.decode(bytes);
  } catch {
    return undefined;
  }
  return isPartName(name) ? name : undefined;
}

/** A whole number of at most 2^53 - 1; undefined for anything else. */
function numberOf(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined || !/^\+?\d{1,16}$/.test(latin(bytes))) return undefined;
  const value = Number(latin(bytes));
  return Number.isSafeInteger(value) ? value : undefined;
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

const NONE = new Uint8Array(0);
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
