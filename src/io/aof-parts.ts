import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isPartName, type ManifestFault, type ManifestRow, surveyManifest } from '../aof/manifest.js';
import { RdbkitError } from '../errors.js';
import type { LogPart } from '../record.js';
import { looksLikeManifest, readManifest } from './manifest-file.js';
import { readError } from './read-error.js';
import { readHead } from './read-head.js';

/** One file of a log. */
export interface AofPartFile extends LogPart {
  readonly path: string;
  readonly role: 'base' | 'increment' | 'single';
  /** As the manifest has it; 0 for a single file. */
  readonly seq: number;
  readonly startOffset?: number;
  readonly endOffset?: number;
  /** Bytes when it was looked at. */
  readonly size: number;
}

/** A manifest that was read, whatever is wrong with it. */
export interface AofManifestFile {
  readonly path: string;
  readonly rows: readonly ManifestRow[];
  readonly faults: readonly ManifestFault[];
}

/** What a log is made of. */
export interface AofLayout {
  /** `multi` for a folder with a manifest. */
  readonly kind: 'single' | 'multi';
  /** Where it was found, as it was named. */
  readonly path: string;
  /** The folder of the manifest. */
  readonly folder?: string;
  /** What the names of its parts begin with: `appendonly.aof`. */
  readonly prefix: string;
  readonly manifest?: AofManifestFile;
  /** In the order in which they are loaded: the base, then the increments. */
  readonly parts: readonly AofPartFile[];
  /** Files of the folder that are named like parts, and no line of the manifest names. */
  readonly orphans: readonly string[];
  /** Lines of the manifest, history left out, whose file is not there. */
  readonly missing: readonly ManifestRow[];
}

const MANIFEST = '.manifest';
/** Bytes that tell a manifest under another name. */
const MANIFEST_HEAD = 4096;

const TEMPORARY = 'temp-';

/** No such file, and a link that leads to itself. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP']);

/**
 * Finds the parts of a log from the path of a folder, of the data folder above it, of a manifest,
 * or of a single file. A file that a manifest beside it names is read alone, too.
 * @throws RdbkitError INPUT_CORRUPT for a manifest that a server would refuse, or one whose files are
 *   not all there; IO where there is no log
 */
export function aofLayout(path: string): AofLayout {
  const layout = surveyAof(path);
  const [fault] = layout.manifest?.faults ?? [];
  if (fault !== undefined) {
    throw new RdbkitError('INPUT_CORRUPT', fault.message, {
      subject: layout.manifest?.path,
      offset: fault.offset,
      where: fault.line === 0 ? undefined : `line ${fault.line}`,
      hint: 'see rdbkit check for all that is wrong, and rdbkit repair for a new manifest',
    });
  }
  const [missing] = layout.missing;
  if (missing !== undefined) {
    throw new RdbkitError('INPUT_CORRUPT', `the manifest names ${missing.name}, which is not there`, {
      subject: layout.manifest?.path,
      hint: 'get the whole folder, copied while no rewrite ran',
    });
  }
  return layout;
}

/**
 * As `aofLayout`, but whatever is wrong with the manifest is told, not thrown.
 * @throws RdbkitError IO where there is no log; LIMIT_EXCEEDED for a manifest of more than 16 MiB
 */
export function surveyAof(path: string): AofLayout {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return multi(path, manifestIn(path));
    return isManifestFile(path, stat) ? multi(path, path) : single(path, stat.size);
  } catch (thrown) {
    throw readError(thrown, path);
  }
}

/** The manifest of a folder, or of the only folder in it that has one. */
function manifestIn(folder: string): string {
  const own = manifestsOf(folder);
  if (own.length > 0) return only(folder, own);
  const below = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .flatMap(({ name }) => manifestsOf(join(folder, name)));
  return only(folder, below);
}

function only(folder: string, manifests: readonly string[]): string {
  const [first, ...others] = manifests;
  if (first !== undefined && others.length === 0) return first;
  throw new RdbkitError(
    'IO',
    first === undefined
      ? 'the folder holds no append-only log: there is no manifest in it or right below it'
      : `the folder holds several append-only logs: ${manifests.map((path) => basename(path)).join(', ')}`,
    {
      subject: folder,
      hint:
        first === undefined ? 'name the folder that holds *.manifest, or a single file' : 'name one manifest',
    },
  );
}

function manifestsOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(MANIFEST) && !name.startsWith(TEMPORARY))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    // No folder, or not for us.
    return [];
  }
}

/** By its name, or because it begins as manifests do. */
function isManifestFile(path: string, stat: Stats): boolean {
  if (!stat.isFile()) return false;
  return basename(path).endsWith(MANIFEST) || looksLikeManifest(readHead(path, MANIFEST_HEAD));
}

function single(path: string, size: number): AofLayout {
  const name = basename(path);
  return {
    kind: 'single',
    path,
    prefix: name,
    parts: [{ index: 0, name, path, role: 'single', seq: 0, size }],
    orphans: [],
    missing: [],
  };
}

function multi(path: string, manifestPath: string): AofLayout {
  const folder = dirname(manifestPath);
  const prefix = basename(manifestPath).slice(0, -MANIFEST.length);
  const { rows, faults } = surveyManifest(readManifest(manifestPath));
  const parts: AofPartFile[] = [];
  const missing: ManifestRow[] = [];
  for (const row of loadingOrder(rows)) {
    const file = join(folder, row.name);
    const size = sizeOf(file);
    if (size === undefined) {
      missing.push(row);
      continue;
    }
    const { name, seq, startOffset, endOffset } = row;
    parts.push({
      index: parts.length,
      name,
      path: file,
      role: row.role === 'base' ? 'base' : 'increment',
      seq,
      ...(startOffset === undefined ? {} : { startOffset }),
      ...(endOffset === undefined ? {} : { endOffset }),
      size,
    });
  }
  const manifest = { path: manifestPath, rows, faults };
  return {
    kind: 'multi',
    path,
    folder,
    prefix,
    manifest,
    parts,
    orphans: orphansOf(folder, prefix, rows),
    missing,
  };
}

/** The rows that are loaded, as servers order them. */
export function loadingOrder(rows: readonly ManifestRow[]): ManifestRow[] {
  return [
    ...rows.filter(({ role }) => role === 'base'),
    ...rows.filter(({ role }) => role === 'increment').sort((a, b) => a.seq - b.seq),
  ];
}

function orphansOf(folder: string, prefix: string, rows: readonly ManifestRow[]): string[] {
  const named = new Set(rows.map(({ name }) => name));
  return readdirSync(folder)
    .filter((name) => !named.has(name) && !name.startsWith(TEMPORARY) && isPartName(name))
    .filter((name) => name.startsWith(`${prefix}.`) && /\.\d+\.(?:base\.(?:rdb|aof)|incr\.aof)$/.test(name))
    .sort();
}

/** Size of a file; undefined where there is none. A part that is no file cannot be read as one. */
function sizeOf(path: string): number | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() ? stat.size : undefined;
  } catch (thrown) {
    if (ABSENT.has((thrown as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw thrown;
  }
}
