import type { Redis } from 'ioredis';

// What servers say of their commands: asked, kept in fixtures/commands, and made into
// src/aof/command-data.ts. `npm run commands` does all of it; a test the last step only.

/** `[flags, beginning, finding]` as the server has them: `['RW access', 'index 1', 'range 0 1 0']`. */
type KeySpec = readonly [flags: string, begin: string, find: string];

/** Name as the server has it (`xgroup|create`), arity, flags, key specs; group and since of its documentation. */
type CommandEntry = readonly [
  name: string,
  arity: number,
  flags: string,
  keys: readonly KeySpec[],
  group: string,
  since: string,
];

/** The commands of one server, sorted by name. */
export interface ServerCommands {
  readonly server: 'redis' | 'valkey';
  readonly version: string;
  readonly modules: readonly string[];
  readonly commands: readonly CommandEntry[];
}

type Reply = string | number | readonly Reply[];

/** Asks a server for all it knows. */
export async function askCommands(
  client: Redis,
  server: ServerCommands['server'],
  version: string,
): Promise<ServerCommands> {
  const docs = new Map<string, { group: string; since: string }>();
  addDocs(docs, (await client.call('COMMAND', 'DOCS')) as Reply);
  const commands: CommandEntry[] = [];
  for (const reply of (await client.call('COMMAND')) as Reply[]) addCommand(commands, docs, reply);
  const modules = ((await client.call('MODULE', 'LIST')) as Reply[]).map((reply) => {
    const fields = mapOf(reply);
    return `${fields.get('name')} ${fields.get('ver')}`;
  });
  return { server, version, modules: modules.sort(), commands: commands.sort((a, b) => compare(a[0], b[0])) };
}

/** The text of a fixture: one line a command. */
export function fixtureText({ server, version, modules, commands }: ServerCommands): string {
  const lines = commands.map((command) => `    ${JSON.stringify(command)}`);
  return [
    '{',
    `  "server": ${JSON.stringify(server)},`,
    `  "version": ${JSON.stringify(version)},`,
    `  "modules": ${JSON.stringify(modules)},`,
    '  "commands": [',
    lines.join(',\n'),
    '  ]',
    '}',
    '',
  ].join('\n');
}

/** The text of src/aof/command-data.ts from those of the fixtures. */
export function commandDataText(fixtures: readonly string[]): string {
  const servers = fixtures
    .map((text) => JSON.parse(text) as ServerCommands)
    .sort((a, b) => compareVersions(a.version, b.version) || compare(a.server, b.server));
  const merged = new Map<string, Merged>();
  servers.forEach((server, number) => {
    for (const entry of server.commands) merge(merged, entry, server.server, number);
  });
  const rows = [...merged].sort(([a], [b]) => compare(a, b)).map(([name, row]) => rowText(name, row));
  return [
    '// Made by `npm run commands` from fixtures/commands; not to be changed by hand.',
    '',
    '/** The servers whose COMMAND output the rows are from, the oldest first. */',
    'export const COMMAND_SERVERS: readonly string[] = [',
    ...servers.map(({ server, version }) => `  '${server} ${version}',`),
    '];',
    '',
    '/**',
    ' * One line a command: name, group, arity, `w` for a write, key rules, version since when, and which',
    ' * of the servers know it (hexadecimal, a bit each). `command-row.ts` reads them.',
    ' */',
    'export const COMMAND_ROWS = `',
    ...rows,
    '`;',
    '',
  ].join('\n');
}

interface Merged {
  group: string;
  arity: number;
  isWrite: boolean;
  keys: string;
  readonly since: Map<string, string>;
  servers: number;
}

/** Takes a command of a server newer than those before: its key rules win, the wider arity stays. */
function merge(merged: Map<string, Merged>, entry: CommandEntry, family: string, server: number): void {
  const [name, arity, flags, keys, group, since] = entry;
  const names = flags.split(' ');
  // A module tells its keys by first, last and step only, which servers take for keys it writes.
  const onlyReads = names.includes('module') && names.includes('readonly');
  const rules = keys.filter(([flags]) => !flags.split(' ').includes('not_key'));
  const known = merged.get(name.toUpperCase());
  const row: Merged = {
    group,
    arity: known === undefined ? arity : widerArity(known.arity, arity),
    isWrite: names.includes('write') || rules.some(([flags]) => !onlyReads && isWritten(flags)),
    keys: rules.map((rule) => ruleText(rule, onlyReads)).join(';') || '-',
    since: known?.since ?? new Map(),
    servers: (known?.servers ?? 0) | (1 << server),
  };
  row.isWrite ||= known?.isWrite ?? false;
  if (since !== '') row.since.set(family, since);
  merged.set(name.toUpperCase(), row);
}

/** The arity that allows what either does. */
function widerArity(a: number, b: number): number {
  return a === b ? a : -Math.min(Math.abs(a), Math.abs(b));
}

function isWritten(flags: string): boolean {
  return /\b(RW|OW|RM)\b/.test(flags);
}

/** `w:1/0,1,0`: access, beginning, finding; `!` behind the access for a rule that may be short of keys. */
function ruleText([flags, begin, find]: KeySpec, onlyReads: boolean): string {
  const access = !onlyReads && isWritten(flags) ? 'w' : 'r';
  const incomplete = flags.split(' ').includes('incomplete') ? '!' : '';
  return `${access}${incomplete}:${beginText(begin)}/${findText(find)}`;
}

function beginText(begin: string): string {
  const [kind, a, b] = begin.split(' ');
  if (kind === 'index') return `${a}`;
  if (kind === 'keyword') return `${a?.toUpperCase()}@${b}`;
  return '?';
}

function findText(find: string): string {
  const [kind, ...numbers] = find.split(' ');
  if (kind === 'range') return numbers.join(',');
  if (kind === 'keynum') return `#${numbers.join(',')}`;
  return '?';
}

function rowText(name: string, { group, arity, isWrite, keys, since, servers }: Merged): string {
  const redis = since.get('redis');
  const valkey = since.get('valkey');
  const versions =
    redis === valkey && redis !== undefined
      ? redis
      : [redis && `r${redis}`, valkey && `v${valkey}`].filter(Boolean).join(',') || '-';
  return `${name} ${group} ${arity} ${isWrite ? 'w' : '-'} ${keys} ${versions} ${servers.toString(16)}`;
}

function addCommand(
  commands: CommandEntry[],
  docs: ReadonlyMap<string, { group: string; since: string }>,
  reply: Reply,
): void {
  const [name, arity, flags, , , , , , keys, subcommands] = reply as Reply[];
  const doc = docs.get(String(name).toLowerCase());
  commands.push([
    String(name),
    Number(arity),
    (flags as Reply[]).map(String).sort().join(' '),
    (keys as Reply[]).map(keySpec),
    doc?.group ?? ((flags as Reply[]).includes('module') ? 'module' : ''),
    doc?.since ?? '',
  ]);
  for (const subcommand of subcommands as Reply[]) addCommand(commands, docs, subcommand);
}

function keySpec(reply: Reply): KeySpec {
  const fields = mapOf(reply);
  return [
    (fields.get('flags') as Reply[]).map(String).join(' '),
    stepText(fields.get('begin_search') as Reply),
    stepText(fields.get('find_keys') as Reply),
  ];
}

/** `index 1`, `keyword STREAMS 4`, `range 0 1 0`, `keynum 0 1 1`, `unknown`. */
function stepText(reply: Reply): string {
  const fields = mapOf(reply);
  return [fields.get('type'), ...mapOf(fields.get('spec') as Reply).values()].join(' ');
}

function addDocs(docs: Map<string, { group: string; since: string }>, reply: Reply): void {
  for (const [name, doc] of mapOf(reply)) {
    const fields = mapOf(doc);
    docs.set(name.toLowerCase(), {
      group: String(fields.get('group') ?? ''),
      since: String(fields.get('since') ?? ''),
    });
    const subcommands = fields.get('subcommands');
    if (subcommands !== undefined) addDocs(docs, subcommands);
  }
}

/** A map as RESP2 has it: names and values in turn. */
function mapOf(reply: Reply): Map<string, Reply> {
  const items = reply as Reply[];
  const map = new Map<string, Reply>();
  for (let i = 0; i + 1 < items.length; i += 2) map.set(String(items[i]), items[i + 1] as Reply);
  return map;
}

function compareVersions(a: string, b: string): number {
  const numbers = b.split('.').map(Number);
  for (const [i, number] of a.split('.').map(Number).entries()) {
    if (number !== numbers[i]) return number - (numbers[i] ?? 0);
  }
  return 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
