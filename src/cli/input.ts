import type { Readable } from 'node:stream';
import {
  type AnySource,
  type AnySourceOptions,
  type AofSource,
  type AofSourceOptions,
  anyFile,
  anyStream,
  aofSource,
  aofStream,
  detectInput,
  detectStream,
  type InputKind,
  RdbkitError,
} from '../index.js';
import { requireName } from './own-files.js';

/** Standard input once `isLog` has looked at it; the process has only one. */
let looked: Readable | undefined;

/** Standard input, with what was looked at of it. */
export function standardInput(): Readable {
  return looked ?? process.stdin;
}

/** A source of the command line: `-` is standard input, anything else a path. */
export function openSource(name: string, options: AnySourceOptions = {}): AnySource {
  requireName(name, 'a source');
  return name === '-' ? anyStream(standardInput(), 'stdin', options) : anyFile(name, options);
}

/** The same of an append-only log. */
export function openLog(name: string, options: AofSourceOptions = {}): AofSource {
  return name === '-' ? aofStream(standardInput(), 'stdin', options) : aofSource(name, options);
}

/** Whether an input is an append-only log, by its content. */
export async function isLog(name: string): Promise<boolean> {
  requireName(name, 'a source');
  const kind = name === '-' ? await lookAtInput() : await detectInput(name);
  return kind === 'aof' || kind === 'aof-folder' || kind === 'manifest';
}

/**
 * Makes sure that inputs are dumps, for what looks at keys and their values.
 * @throws RdbkitError USAGE for an append-only log; reading the base only would be half of it
 */
export async function requireDumps(names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!(await isLog(name))) continue;
    throw new RdbkitError('USAGE', 'this is an append-only log: its keys come about as its commands run', {
      subject: name,
      hint: "rdbkit export --key 'user:1' shows what happened to a key; for values, import the log into a server and take a dump of that",
    });
  }
}

async function lookAtInput(): Promise<InputKind> {
  const { kind, stream } = await detectStream(standardInput());
  looked = stream;
  return kind;
}
