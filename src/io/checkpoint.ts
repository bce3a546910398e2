import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { utf8Bytes } from '../bytes/ascii.js';
import { Crc64 } from '../codec/crc64.js';
import { RdbkitError } from '../errors.js';
import type { LogPart } from '../record.js';
import type { AofLayout } from './aof-parts.js';
import { logWitness } from './log-witness.js';

/** A place in a log: behind a command, or before the next. */
export interface LogPlace {
  /** Name of the part. */
  readonly part: string;
  /** Bytes from the beginning of the part. */
  readonly offset: number;
  /** What stood before it when it was kept, see `logWitness`; where that is known. */
  readonly witness?: string;
}

/** What a replay is: one checkpoint belongs to one. */
export interface ReplayIdentity {
  /** The log; see `logIdentity`. */
  readonly source: string;
  /** Address of the target, without secrets. */
  readonly target: string;
  /** Selection and changes on the way, as text; empty for none. */
  readonly options: string;
}

/** What a log is called in a checkpoint: another of the same name, of another server, is another log. */
export function logIdentity({ kind, folder, path, prefix }: AofLayout): string {
  const place = kind === 'single' ? path : (folder ?? path);
  return guard(place, () => (kind === 'single' ? realpathSync(place) : join(realpathSync(place), prefix)));
}

/** How far a replay has come. */
export interface ReplayState {
  /** All before was carried out by the target, or left out. */
  readonly acknowledged: LogPlace | undefined;
  /** Nothing behind was ever sent. */
  readonly sent: LogPlace | undefined;
}

/** Each line fills a block of its own, so that a block that tears spoils no other. */
const BLOCK = 4096;
const FORMAT = 'rdbkit replay checkpoint 1';

/** What a checkpoint holds besides the identity. */
interface Kept {
  readonly id: string;
  readonly state: ReplayState;
  readonly sequence: number;
  /** The process of the target that has carried out what the state says, where that is known. */
  readonly server: string | undefined;
}

/**
 * The file that says how far a replay has come, true at any moment, also after kill -9 or a loss of
 * power. Its first block says what is replayed. The two behind it are written in turn, and synced:
 * the one that was being written when all ended has no right checksum, and the other holds.
 */
export class Checkpoint {
  /** Named so, the connection of a run that was killed can be told from others. */
  readonly id: string;
  private state: ReplayState;
  private sequence: number;
  private server: string | undefined;
  private readonly file: number;
  /** Where the parts are. */
  private readonly paths = new Map<string, string>();
  /** Something was acknowledged that is not saved. */
  private hasNews = false;

  private constructor(
    readonly path: string,
    content: Kept,
    /** What the file said when it was opened; undefined for a new one. */
    readonly resumed: ReplayState | undefined,
  ) {
    this.id = content.id;
    this.state = content.state;
    this.sequence = content.sequence;
    this.server = content.server;
    this.file = guard(path, () => openSync(path, 'r+'));
  }

  /**
   * Opens the checkpoint of a replay, or makes it.
   * @throws RdbkitError USAGE when it belongs to another replay, INPUT_CORRUPT when it is none, IO
   */
  static open(path: string, identity: ReplayIdentity): Checkpoint {
    const content = read(path, identity);
    return content === undefined
      ? Checkpoint.create(path, identity)
      : new Checkpoint(path, content, content.state);
  }

  /**
   * What a checkpoint says, without opening it for a replay; undefined where there is none.
   * @throws RdbkitError as `open`
   */
  static read(path: string, identity: ReplayIdentity): ReplayState | undefined {
    return read(path, identity)?.state;
  }

  private static create(path: string, identity: ReplayIdentity): Checkpoint {
    const id = randomBytes(8).toString('hex');
    const state = { acknowledged: undefined, sent: undefined };
    const beside = `${path}.${process.pid}.tmp`;
    let isNew = true;
    guard(
      path,
      () => {
        const file = openSync(beside, 'w', 0o600);
        writeSync(file, block({ format: FORMAT, id, ...shortened(identity) }));
        writeSync(file, block({ sequence: 0, ...state }));
        writeSync(file, block({ sequence: 1, ...state }));
        fsyncSync(file);
        closeSync(file);
        isNew = putInPlace(beside, path);
        const folder = openSync(dirname(path), 'r');
        fsyncSync(folder);
        closeSync(folder);
      },
      () => rmSync(beside, { force: true }),
    );
    return isNew
      ? new Checkpoint(path, { id, state, sequence: 1, server: undefined }, undefined)
      : Checkpoint.open(path, identity);
  }

  /** Where to begin, before anything is sent. */
  begin(place: LogPlace): void {
    this.save({ acknowledged: place, sent: place });
  }

  /** Says which process of the target carries out what comes; true when another did what came before. */
  servedBy(server: string): boolean {
    const before = this.server;
    if (before === server) return false;
    this.server = server;
    this.hasNews = true;
    return before !== undefined;
  }

  /** Where a part is, for what stands in it before the places that are kept. */
  knowPart(part: LogPart): void {
    if ('path' in part) this.paths.set(part.name, String(part.path));
  }

  /** Says, for good, that commands up to there may be sent. */
  willSend(part: LogPart, endOffset: number): void {
    this.knowPart(part);
    this.save({ ...this.state, sent: { part: part.name, offset: endOffset } });
  }

  /** Says that the target has carried out all up to there; it is kept with the next that is saved. */
  acknowledged(part: LogPart, endOffset: number): void {
    this.state = { ...this.state, acknowledged: { part: part.name, offset: endOffset } };
    this.hasNews = true;
  }

  /** Says, for good, that all up to there has come to its end and nothing else was sent. */
  settle(place: LogPlace): void {
    const { acknowledged, sent } = this.state;
    if (!isSame(place, acknowledged) || !isSame(place, sent)) {
      this.save({ acknowledged: place, sent: place });
    }
  }

  /** Saves what was acknowledged, and closes the file. What did nothing leaves it as it is. */
  close(): void {
    if (this.hasNews) this.save(this.state);
    closeSync(this.file);
  }

  private witnessed(place: LogPlace | undefined): LogPlace | undefined {
    const path = place && this.paths.get(place.part);
    if (place === undefined || path === undefined) return place;
    const { part, offset } = place;
    const witness = logWitness(path, offset);
    return { part, offset, ...(witness === undefined ? {} : { witness }) };
  }

  private save(state: ReplayState): void {
    this.state = state;
    this.hasNews = false;
    this.sequence++;
    const { acknowledged, sent } = state;
    const bytes = block({
      sequence: this.sequence,
      server: this.server,
      acknowledged: this.witnessed(acknowledged),
      sent: this.witnessed(sent),
    });
    guard(this.path, () => {
      writeSync(this.file, bytes, 0, BLOCK, BLOCK * (1 + (this.sequence % 2)));
      fdatasyncSync(this.file);
    });
  }
}

/** Undefined where there is no file, or an empty one. */
function read(path: string, identity: ReplayIdentity): Kept | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const [head, ...slots] = blocksOf(bytes).map(contentOf);
  if (head?.['format'] !== FORMAT) {
    throw new RdbkitError('INPUT_CORRUPT', 'this is no checkpoint of a replay', {
      subject: path,
      hint: 'name another file with --checkpoint',
    });
  }
  requireSame(path, head, shortened(identity));
  const newest = slots
    .filter((slot) => slot !== undefined)
    .sort((a, b) => Number(b['sequence']) - Number(a['sequence']))[0];
  if (newest === undefined) {
    throw new RdbkitError('INPUT_CORRUPT', 'the checkpoint does not say how far the replay has come', {
      subject: path,
      hint: 'say with --from where to go on, and name another file',
    });
  }
  const state = {
    acknowledged: newest['acknowledged'] as LogPlace | undefined,
    sent: newest['sent'] as LogPlace | undefined,
  };
  return {
    id: String(head['id']),
    state,
    sequence: Number(newest['sequence']),
    server: newest['server'] as string | undefined,
  };
}

/** How what a checkpoint is of is spoken of. */
const WORDS = { source: 'of', target: 'into', options: 'with' } as const;

function requireSame(path: string, head: Content, identity: ReplayIdentity): void {
  for (const name of ['source', 'target', 'options'] as const) {
    if (head[name] === identity[name]) continue;
    const [was, is] = [String(head[name]), identity[name]].map((text) => text || 'no options');
    throw new RdbkitError(
      'USAGE',
      `the checkpoint belongs to another replay: ${WORDS[name]} ${was}, not ${WORDS[name]} ${is}`,
      { subject: path, hint: 'go on as it was begun, or name another file with --checkpoint' },
    );
  }
}

/** What is longer has no place in a block, and is told apart by its checksum. */
const LONGEST = 500;

function shortened({ source, target, options }: ReplayIdentity): ReplayIdentity {
  return { source: short(source), target: short(target), options: short(options) };
}

function short(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${checksum(utf8Bytes(text))})`;
}

function isSame(place: LogPlace, other: LogPlace | undefined): boolean {
  return place.part === other?.part && place.offset === other.offset;
}

/** Gives a new file its name, unless another process was first, whose file then stays: false. */
function putInPlace(beside: string, path: string): boolean {
  try {
    linkSync(beside, path);
    rmSync(beside);
    return true;
  } catch (thrown) {
    const isThere = (thrown as NodeJS.ErrnoException).code === 'EEXIST';
    // An empty file is filled; and there are file systems without links.
    if (!isThere || statSync(path).size === 0) renameSync(beside, path);
    else rmSync(beside);
    return !isThere;
  }
}

type Content = Readonly<Record<string, unknown>>;

/** A line of JSON with its checksum before it, filled up to a block. */
function block(content: Content): Uint8Array {
  const line = utf8Bytes(JSON.stringify(content));
  if (line.length > BLOCK - 18) {
    throw new RdbkitError('LIMIT_EXCEEDED', 'names of this length have no place in a checkpoint');
  }
  const bytes = new Uint8Array(BLOCK).fill(0x20);
  bytes.set(utf8Bytes(`${checksum(line)} `));
  bytes.set(line, 17);
  bytes[BLOCK - 1] = 0x0a;
  return bytes;
}

function blocksOf(bytes: Uint8Array): Uint8Array[] {
  return [0, 1, 2].map((i) => bytes.subarray(i * BLOCK, (i + 1) * BLOCK));
}

/** What a block says; undefined for one that was not written to its end. */
function contentOf(bytes: Uint8Array): Content | undefined {
  const text = new TextDecoder().decode(bytes);
  const line = text.slice(17).trimEnd();
  if (text.slice(0, 16) !== checksum(utf8Bytes(line))) return undefined;
  return JSON.parse(line) as Content;
}

function checksum(bytes: Uint8Array): string {
  const crc = new Crc64();
  crc.update(bytes);
  return [crc.high, crc.low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioError(path, thrown);
  }
}

function guard<T>(path: string, action: () => T, undo?: () => void): T {
  try {
    return action();
  } catch (thrown) {
    undo?.();
    throw ioError(path, thrown);
  }
}

function ioError(path: string, thrown: unknown): RdbkitError {
  return new RdbkitError('IO', `the checkpoint cannot be kept: ${(thrown as Error).message}`, {
    subject: path,
    hint: 'check the folder, its permissions and the room on the disk',
    cause: thrown,
  });
}
