import type { CommandRole, CommandSpec, KeyRule } from '../resp/command-spec.js';
import { COMMAND_ROWS } from './command-data.js';
import { MORE_COMMANDS } from './more-commands.js';

/** The first version that knows a command, in the numbering of each family; absent where none does. */
export interface CommandSince {
  readonly redis?: string;
  readonly valkey?: string;
}

interface Table {
  readonly specs: readonly CommandSpec[];
  readonly since: readonly CommandSince[];
}

/** Families of values by the groups of COMMAND DOCS; others work on any value, or on none. */
const FAMILIES: ReadonlyMap<string, string> = new Map([
  ['string', 'string'],
  ['bitmap', 'string'],
  ['hyperloglog', 'string'],
  ['list', 'list'],
  ['set', 'set'],
  ['sorted-set', 'zset'],
  ['geo', 'zset'],
  ['hash', 'hash'],
  ['stream', 'stream'],
  ['array', 'array'],
  ['module', 'module'],
]);

const ROLES: ReadonlyMap<string, CommandRole> = new Map([
  ['SELECT', 'select'],
  ['MULTI', 'multi'],
  ['EXEC', 'exec'],
  ['DISCARD', 'discard'],
]);

/** The rule of a command whose keys are not known. */
export const UNKNOWN_KEYS: readonly KeyRule[] = [
  { begin: { kind: 'unknown' }, find: { kind: 'unknown' }, access: 'write', incomplete: true },
];

const table: Table = readTable();

/** Every command and subcommand that is known, by its `index`: containers before what they hold. */
export function commandTable(): readonly CommandSpec[] {
  return table.specs;
}

/** Since when servers know a command; empty for one that is in no table. */
export function commandSince(spec: CommandSpec): CommandSince {
  return table.specs[spec.index] === spec ? (table.since[spec.index] as CommandSince) : {};
}

function readTable(): Table {
  const lines = COMMAND_ROWS.trim().split('\n');
  const known = new Set(lines.map(nameOf));
  const all = [
    ...lines,
    ...MORE_COMMANDS.trim()
      .split('\n')
      .filter((line) => !known.has(nameOf(line))),
  ];
  const rows = all.map((line) => line.split(' '));
  const held = new Map<string, string[][]>();
  for (const row of rows) {
    const [container, subcommand] = (row[0] as string).split('|');
    if (subcommand !== undefined)
      held.set(container as string, [...(held.get(container as string) ?? []), row]);
  }
  const specs = rows.map((row, index) => specOf(row, index, held.get(row[0] as string) ?? []));
  return { specs, since: rows.map((row) => sinceOf(row[5] as string)) };
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(' '));
}

/** A container stands for its subcommands that are not known: these may do what the others do. */
function specOf(row: readonly string[], index: number, subcommands: readonly string[][]): CommandSpec {
  const [name, group, arity, write, keys] = row as [string, string, string, string, string];
  const hasKeys = subcommands.some((subcommand) => subcommand[4] !== '-');
  return {
    index,
    name: name.replace('|', ' '),
    group,
    family: FAMILIES.get(group),
    isWrite: write === 'w' || subcommands.some((subcommand) => subcommand[3] === 'w'),
    arity: Number(arity),
    keys: hasKeys ? UNKNOWN_KEYS : keys === '-' ? [] : keys.split(';').map(ruleOf),
    role: ROLES.get(name) ?? 'plain',
  };
}

function ruleOf(text: string): KeyRule {
  const [, access, incomplete, begin, find] = /^([rw])(!?):([^/]+)\/(.+)$/.exec(text) as unknown as string[];
  return {
    begin: beginOf(begin as string),
    find: findOf(find as string),
    access: access === 'w' ? 'write' : 'read',
    incomplete: incomplete === '!',
  };
}

function beginOf(text: string): KeyRule['begin'] {
  if (text === '?') return { kind: 'unknown' };
  const [word, from] = text.split('@') as [string, string?];
  return from === undefined
    ? { kind: 'index', index: Number(word) }
    : { kind: 'keyword', word, from: Number(from) };
}

function findOf(text: string): KeyRule['find'] {
  if (text === '?') return { kind: 'unknown' };
  const [a, b, c] = text.replace('#', '').split(',').map(Number) as [number, number, number];
  return text.startsWith('#')
    ? { kind: 'count', count: a, first: b, step: c }
    : { kind: 'range', last: a, step: b, limit: c };
}

/** `5.0.0` for both, else `r8.0.0`, `v9.0.0`, or `r7.4.0,v9.0.0`. */
function sinceOf(text: string): CommandSince {
  if (text === '-') return {};
  const [, both] = /^([\d.]+)$/.exec(text) ?? [];
  if (both !== undefined) return { redis: both, valkey: both };
  const [, redis] = /r([\d.]+)/.exec(text) ?? [];
  const [, valkey] = /v([\d.]+)/.exec(text) ?? [];
  return { ...(redis !== undefined && { redis }), ...(valkey !== undefined && { valkey }) };
}
