import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Scratch } from './scratch.js';

// The command line as a user runs it, in a process of its own.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface RunOptions {
  /** Standard input; empty when left out. */
  readonly input?: Uint8Array;
  /** Leave standard input open behind `input`, as a source that has stalled. */
  readonly leaveOpen?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Finished {
  /** Exit code; null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The account that `--report` and `--json` write. */
export interface AccountReport {
  readonly read: number;
  readonly bytes: number;
  readonly written: number;
  readonly skipped: number;
  readonly failed: number;
  readonly skippedBy: Readonly<Record<string, number>>;
  readonly failedBy: Readonly<Record<string, number>>;
  readonly besides: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, Sums>>;
  readonly dbs: Readonly<Record<string, Sums>>;
  readonly notes: Readonly<Record<string, number>>;
  readonly rejects: readonly RejectLine[];
  readonly seconds: number;
  readonly dryRun?: boolean;
  readonly target?: { readonly address: string; readonly server: string; readonly version: string };
  readonly error?: { readonly code: string; readonly message: string };
}

export type Sums = Pick<AccountReport, 'read' | 'written' | 'skipped' | 'failed'>;

/** A line of `--rejects`. */
export interface RejectLine {
  readonly db: number;
  readonly key: string;
  readonly bytes?: 'latin1';
  readonly command?: string;
  readonly code: string;
  readonly cause: string;
}

export interface Imported extends Finished {
  /** Undefined when the run ended before it had one to write. */
  readonly report: AccountReport | undefined;
  /** Undefined when the file was not made. */
  readonly rejects: readonly RejectLine[] | undefined;
  /** Everything the run put out: standard output and error, report and rejects. */
  readonly everything: string;
}

/** Runs `rdbkit` to its end. */
export async function rdbkit(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return (await startRdbkit(args, options)).finished;
}

/** Starts `rdbkit`. */
export async function startRdbkit(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly child: ChildProcess; readonly finished: Promise<Finished> }> {
  await ensureBuilt();
  const { RDBKIT_PASSWORD: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(ROOT, 'bin/rdbkit.js'), ...args], {
    env: { ...inherited, ...options.env },
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  // A run that ends early leaves its input unread.
  child.stdin.on('error', () => {});
  child.stdin.write(options.input ?? new Uint8Array(0));
  if (options.leaveOpen !== true) child.stdin.end();
  const killWithUs = () => child.kill('SIGKILL');
  process.on('exit', killWithUs);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', killWithUs);
      resolve({ code, stdout, stderr });
    });
  });
  return { child, finished };
}

/** Imports into the server behind a URL, and reads what the run has written into its files. */
export async function importInto(
  url: string,
  sources: readonly string[],
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Imported> {
  return (await startImport(url, sources, args, options)).finished;
}

/** Starts an import; see `importInto`. */
export async function startImport(
  url: string,
  sources: readonly string[],
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<{ readonly child: ChildProcess; readonly finished: Promise<Imported> }> {
  const scratch = new Scratch();
  const files = ['--report', scratch.path('report.json'), '--rejects', scratch.path('rejects.jsonl')];
  const { child, finished } = await startRdbkit(
    ['import', ...sources, '--to', url, ...files, ...args],
    options,
  );
  return { child, finished: finished.then((ended) => collect(ended, scratch)) };
}

function collect(ended: Finished, scratch: Scratch): Imported {
  const report = readIfThere(scratch.path('report.json'));
  const rejects = readIfThere(scratch.path('rejects.jsonl'));
  scratch.remove();
  return {
    ...ended,
    report: report === undefined ? undefined : (JSON.parse(report) as AccountReport),
    rejects: rejects
      ?.split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RejectLine),
    everything: [ended.stdout, ended.stderr, report, rejects].join('\n'),
  };
}

/** The report of a run that has one. */
export function reportOf({ report, stderr }: Imported): AccountReport {
  if (report === undefined) throw new Error(`the run has written no report; it said: ${stderr}`);
  return report;
}

/** The bytes of a reject's key, as Latin-1 text. */
export function rejectedKey({ key, bytes }: RejectLine): string {
  return bytes === 'latin1' ? key : Buffer.from(key).toString('latin1');
}

/** What is read from a dump and is no key: it stands among the types only. */
const NO_KEYS = ['function', 'module-aux', 'command'];

/** What does not add up in an account; empty when it balances. */
export function imbalances(report: AccountReport): string[] {
  const faults: string[] = [];
  const expectEqual = (what: string, a: number, b: number) => {
    if (a !== b) faults.push(`${what}: ${a} is not ${b}`);
  };
  for (const [name, sums] of [
    ['all', report],
    ...Object.entries(report.types),
    ...Object.entries(report.dbs),
  ] as [string, Sums][]) {
    expectEqual(`read of ${name}`, sums.read, sums.written + sums.skipped + sums.failed);
  }
  const ofKeys = Object.entries(report.types).filter(([type]) => !NO_KEYS.includes(type));
  for (const field of ['read', 'written', 'skipped', 'failed'] as const) {
    expectEqual(`${field} by type`, sum(ofKeys.map(([, sums]) => sums[field])), report[field]);
    expectEqual(
      `${field} by database`,
      sum(Object.values(report.dbs).map((sums) => sums[field])),
      report[field],
    );
  }
  expectEqual('reasons', sum(Object.values(report.skippedBy)), report.skipped);
  expectEqual('causes', sum(Object.values(report.failedBy)), report.failed);
  return faults;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** How long something may take that is waited for. */
const WAIT_MS = 20_000;

/** How old the lock of a build may be that is still under way. */
const BUILD_MS = 120_000;

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await setTimeout(1);
  }
}

/** Builds dist/ when it is missing; several processes may ask for it at once. */
async function ensureBuilt(): Promise<void> {
  const isBuilt = () => existsSync(join(ROOT, 'dist/bundle/main.js'));
  const lock = join(tmpdir(), `rdbkit-build-${createHash('sha1').update(ROOT).digest('hex')}`);
  while (!isBuilt()) {
    try {
      mkdirSync(lock);
    } catch {
      if (ageOf(lock) > BUILD_MS) rmdirSync(lock);
      await setTimeout(200);
      continue;
    }
    try {
      if (!isBuilt()) execFileSync(process.execPath, [join(ROOT, 'scripts/build.js')], { cwd: ROOT });
    } finally {
      rmdirSync(lock);
    }
  }
}

function ageOf(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}
