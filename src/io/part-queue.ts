import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type ManifestRow, parseManifest } from '../aof/manifest.js';
import { RdbkitError } from '../errors.js';
import type { AofLayout, AofPartFile } from './aof-parts.js';
import { logError } from './log-error.js';
import { readManifest } from './manifest-file.js';
import { PartFile } from './part-file.js';

/** A name in a manifest can be gone before it is opened: a newer manifest says why then. */
const OPEN_TRIES = 5;

const HOW_TO_GO_ON =
  'what was written in between is in no file any more: import the log anew, or go on from a position that you choose';

/**
 * The parts of a log that are still to be read, in order, with those that the server adds. Each is
 * opened as soon as the manifest names it.
 */
export class PartQueue {
  private readonly files: PartFile[] = [];
  /** Why what comes next cannot be had; said once what can be read was read. */
  private gone: string | undefined;
  private failure: unknown;
  private isClosed = false;
  private manifestStamp = '';
  private lastSeq: number;
  private lastIndex: number;
  private endOffset: number | undefined;
  /** The manifest has named no increment to write to. */
  private wasOff = false;
  private baseName: string | undefined;

  constructor(
    private readonly layout: AofLayout,
    firstPart: number,
    private readonly note: (text: string) => void,
  ) {
    const { parts } = layout;
    this.lastSeq = parts.findLast(({ role }) => role === 'increment')?.seq ?? 0;
    this.lastIndex = parts.length - 1;
    this.baseName = parts.find(({ role }) => role === 'base')?.name;
    try {
      for (const part of parts.slice(firstPart)) this.open(part);
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }

  get current(): PartFile | undefined {
    return this.files[0];
  }

  /** Whether another part follows the one that is read, or never can. */
  look(): boolean {
    this.hold();
    if (this.failure !== undefined) throw this.failure;
    if (this.files.length > 1 || this.gone !== undefined) return true;
    const { current } = this;
    if (current === undefined || isSameFile(current)) return false;
    // The manifest can have changed between the two looks.
    this.manifestStamp = '';
    this.hold();
    if (this.files.length > 1 || this.gone !== undefined || this.wasOff) return this.files.length > 1;
    this.gone =
      this.layout.kind === 'single'
        ? 'the server has written the file anew, and where in the new one reading would go on cannot be known'
        : 'the file was replaced';
    return true;
  }

  /**
   * Opens what the manifest has come to name. Called while a part is read, too: rewrites may remove
   * what a slow reader has not come to. A fault is thrown by the next `look`.
   */
  hold(): void {
    const { manifest, folder } = this.layout;
    if (manifest === undefined || folder === undefined) return;
    if (this.gone !== undefined || this.failure !== undefined || this.isClosed) return;
    try {
      this.openNamed(manifest.path, folder);
    } catch (thrown) {
      this.failure = thrown;
    }
  }

  private openNamed(manifest: string, folder: string): void {
    for (let tries = 1; ; tries++) {
      const rows = this.changedRows(manifest);
      if (rows === undefined || this.openNew(rows, folder)) return;
      this.manifestStamp = '';
      if (tries === OPEN_TRIES) {
        this.gone = 'a part was removed before it was read';
        return;
      }
    }
  }

  /** Leaves the part that was read; the next, where there is one. */
  advance(): PartFile | undefined {
    const left = this.files.shift();
    left?.close();
    if (this.files.length > 0 || left === undefined) return this.files[0];
    throw this.lostIn(left, this.gone ?? 'no part follows', left.position);
  }

  /** The error for a log that does not go on behind `offset` of the part that is read. */
  lost(why: string, offset: number): RdbkitError {
    return this.lostIn(this.files[0], why, offset);
  }

  /** Bytes behind `offset` of the part that is read. */
  bytesBehind(offset: number): number {
    return Math.max(0, this.files.reduce((sum, { size }) => sum + size, 0) - offset);
  }

  close(): void {
    this.isClosed = true;
    for (const file of this.files.splice(0)) file.close();
  }

  private lostIn(file: PartFile | undefined, why: string, offset: number): RdbkitError {
    const name = file?.part.name ?? this.layout.prefix;
    return new RdbkitError('IO', `${why}; all was read up to ${name}:${offset}`, {
      subject: file?.part.path ?? this.layout.path,
      hint: HOW_TO_GO_ON,
    });
  }

  private open(part: AofPartFile): void {
    try {
      this.files.push(new PartFile(part));
    } catch (thrown) {
      throw logError(thrown, part.path);
    }
  }

  /** The rows of the manifest, if it is another than at the last look. */
  private changedRows(path: string): ManifestRow[] | undefined {
    try {
      const { ino, size, mtimeNs } = statSync(path, { bigint: true });
      const stamp = `${ino} ${size} ${mtimeNs}`;
      if (stamp === this.manifestStamp) return undefined;
      const rows = parseManifest(readManifest(path));
      this.manifestStamp = stamp;
      return rows;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw logError(thrown, path);
      this.gone = 'the manifest is gone';
      return undefined;
    }
  }

  /** Opens the increments behind the last; false when one is not there. */
  private openNew(rows: readonly ManifestRow[], folder: string): boolean {
    const increments = rows
      .filter(({ role, name }) => role === 'increment' || (role === 'history' && /\.incr\./.test(name)))
      .sort((a, b) => a.seq - b.seq);
    const base = rows.find(({ role }) => role === 'base')?.name;
    for (const row of increments) {
      if (row.seq <= this.lastSeq) continue;
      this.gone = this.gapBefore(row, increments);
      if (this.gone !== undefined) return true;
      try {
        const path = join(folder, row.name);
        const { name, seq, startOffset } = row;
        this.files.push(
          new PartFile({
            index: this.lastIndex + 1,
            name,
            path,
            role: 'increment',
            seq,
            ...(startOffset === undefined ? {} : { startOffset }),
            size: 0,
          }),
        );
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw logError(thrown, folder);
        return false;
      }
      this.lastIndex++;
      this.noteUnseen(row, base, increments);
      this.lastSeq = row.seq;
      this.endOffset = undefined;
    }
    const last = increments.find(({ seq }) => seq === this.lastSeq);
    if (last !== undefined) this.endOffset = last.endOffset;
    this.wasOff ||=
      this.lastSeq > 0 && !increments.some(({ role, seq }) => role === 'increment' && seq === this.lastSeq);
    this.baseName = base;
    return true;
  }

  /** Why commands are missing between the last increment and this one, if they are. */
  private gapBefore(row: ManifestRow, increments: readonly ManifestRow[]): string | undefined {
    const last = increments.find(({ seq }) => seq === this.lastSeq);
    const isNext = row.seq === this.lastSeq + 1 || last !== undefined || this.lastSeq === 0;
    if (!isNext) return `increment ${this.lastSeq + 1} was removed before it was read`;
    // Servers enter an end when they stop writing, and take it out again when they go on with the file.
    const end = last === undefined ? this.endOffset : last.endOffset;
    return this.wasOff || end !== undefined
      ? 'the server wrote no log for a while: appendonly was switched off and on'
      : undefined;
  }

  /**
   * A rewrite names the new increment first, and the new base when that is done. Where both are
   * seen at once they may also come from appendonly being switched off and on.
   */
  private noteUnseen(row: ManifestRow, base: string | undefined, increments: readonly ManifestRow[]): void {
    if (base === this.baseName || row.startOffset !== undefined) return;
    if (increments.some(({ role, seq }) => role === 'increment' && seq === this.lastSeq)) return;
    this.note(
      `increment ${row.seq} appeared together with its base: if appendonly was switched off and on then, or a replica synchronised anew, what changed in between is in no increment`,
    );
  }
}

/** Whether the path still names the file that was opened. */
function isSameFile(file: PartFile): boolean {
  try {
    const { dev, ino } = statSync(file.part.path, { bigint: true });
    return `${dev}:${ino}` === file.identity;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw logError(thrown, file.part.path);
  }
}
