// `npm run bench [scan|check|import|export|aof|replay|memory] [--runs N] [--keep]`: each case beside the tool that
// users have today, in one run. Prints the tables of RESULTS.md.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  dataset,
  hugeHash,
  logFile,
  logNames,
  longDump,
  names,
  removeData,
  replayNames,
} from './datasets.js';
import { compare, measure } from './measure.js';
import { restoreCommands } from './restore-commands.js';
import { startServer } from './server.js';

const argv = process.argv.slice(2);
const cases = argv.filter((word) => /^[a-z]+$/.test(word));
const runs = argv.includes('--runs') ? Number(argv[argv.indexOf('--runs') + 1]) : 7;
const wanted = (name) => cases.length === 0 || cases.includes(name);
const rdbkit = [process.execPath, fileURLToPath(new URL('../bin/rdbkit.js', import.meta.url))];

const MB = 1e6;
const fixed = (number, digits = 2) => number.toFixed(digits);

function table(head, rows) {
  console.log(`| ${head.join(' | ')} |\n|${head.map(() => '---').join('|')}|`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log();
}

async function reading(command, title) {
  const rows = [];
  for (const name of names) {
    const dump = await dataset(name);
    const { ours, theirs, cpuRatio } = await compare(
      () => measure([...rdbkit, command, dump]),
      () => measure(['redis-check-rdb', dump]),
      { runs },
    );
    const size = statSync(dump).size / MB;
    rows.push([
      name,
      fixed(size, 0),
      fixed(ours.cpu),
      fixed(theirs.cpu),
      `${fixed(cpuRatio)} ×`,
      fixed(size / ours.cpu, 0),
      fixed(ours.peak, 0),
    ]);
  }
  console.log(`### ${title}\n`);
  table(
    [
      'file',
      'MB',
      `rdbkit ${command}, CPU s`,
      'redis-check-rdb, CPU s',
      'times as fast',
      'MB/CPU s',
      'peak MiB',
    ],
    rows,
  );
}

async function importing() {
  const server = await startServer();
  const version = 10;
  const rows = [];
  try {
    for (const name of names) {
      const dump = await dataset(name);
      const commands = await restoreCommands(dump, version);
      const { ours, theirs, wallRatio } = await compare(
        () => measure([...rdbkit, 'import', dump, '--to', server.url, '--quiet']),
        () => measure(['redis-cli', '-p', String(server.port), '--pipe'], { input: commands }),
        { runs, before: async () => server.command('FLUSHALL') },
      );
      rows.push([
        name,
        fixed(ours.wall),
        fixed(theirs.wall),
        `${fixed(wallRatio, 3)} ×`,
        fixed(ours.cpu),
        fixed(theirs.cpu),
        fixed(ours.peak, 0),
      ]);
    }
  } finally {
    await server.stop();
  }
  console.log('### Import into redis-server, against redis-cli --pipe fed with ready-made RESTOREs\n');
  table(
    [
      'file',
      'rdbkit import, s',
      'redis-cli --pipe, s',
      'wall, of theirs',
      'rdbkit CPU s',
      'redis-cli CPU s',
      'peak MiB',
    ],
    rows,
  );
}

/** Exports to /dev/null: CPU seconds of the whole process, for each MB of dump. */
async function exporting() {
  const rows = [];
  for (const name of names) {
    const dump = await dataset(name);
    const size = statSync(dump).size / MB;
    for (const args of [['jsonl'], ['json'], ['csv'], ['resp'], ['resp', '--restore'], ['rdb']]) {
      const { ours, theirs } = await compare(
        () => measure([...rdbkit, 'export', dump, '-o', '/dev/null', '--quiet', '--format', ...args]),
        () => measure(['redis-check-rdb', dump]),
        { runs: Math.min(runs, 5) },
      );
      rows.push([
        name,
        args.join(' '),
        fixed(ours.cpu),
        fixed(size / ours.cpu, 0),
        fixed(theirs.cpu),
        fixed(ours.peak, 0),
      ]);
    }
  }
  console.log('### Export, with what redis-check-rdb takes to read the same file\n');
  table(['file', 'format', 'CPU s', 'MB of dump a CPU second', 'redis-check-rdb, CPU s', 'peak MiB'], rows);
}

/** Reads logs: `aofSource` alone, and the commands that read all of one. */
async function logs() {
  const readLog = [process.execPath, fileURLToPath(new URL('read-log.js', import.meta.url))];
  const rows = [];
  for (const name of logNames) {
    const file = logFile(name);
    const size = statSync(file).size / MB;
    for (const [label, command] of [
      ['read', readLog],
      ['info', [...rdbkit, 'info']],
      ['check', [...rdbkit, 'check']],
    ]) {
      const { ours, theirs, cpuRatio } = await compare(
        () => measure([...command, file]),
        () => measure(['redis-check-aof', file]),
        { runs: Math.min(runs, 5) },
      );
      rows.push([
        name,
        fixed(size, 0),
        label,
        fixed(ours.cpu),
        fixed(theirs.cpu),
        `${fixed(cpuRatio)} ×`,
        fixed(size / ours.cpu, 0),
        fixed(ours.peak, 0),
      ]);
    }
  }
  console.log('### Append-only logs, against redis-check-aof\n');
  table(
    ['file', 'MB', 'what', 'CPU s', 'redis-check-aof, CPU s', 'times as fast', 'MB/CPU s', 'peak MiB'],
    rows,
  );
}

/** Sends the commands of logs to a server, beside redis-cli fed with the same. */
async function replaying() {
  const server = await startServer();
  const rows = [];
  try {
    for (const name of replayNames) {
      const log = logFile(name);
      const { ours, theirs, wallRatio } = await compare(
        () => measure([...rdbkit, 'replay', log, '--to', server.url, '--quiet']),
        () => measure(['redis-cli', '-p', String(server.port), '--pipe'], { input: log }),
        { runs, before: async () => server.command('FLUSHALL') },
      );
      rows.push([
        name,
        fixed(statSync(log).size / MB, 0),
        fixed(ours.wall),
        fixed(theirs.wall),
        `${fixed(wallRatio, 3)} ×`,
        fixed(ours.cpu),
        fixed(theirs.cpu),
        fixed(ours.peak, 0),
      ]);
    }
  } finally {
    await server.stop();
  }
  console.log('### Replay of a million commands into redis-server, against redis-cli --pipe\n');
  table(
    [
      'log',
      'MB',
      'rdbkit replay, s',
      'redis-cli --pipe, s',
      'wall, of theirs',
      'rdbkit CPU s',
      'redis-cli CPU s',
      'peak MiB',
    ],
    rows,
  );
}

async function memory() {
  const rows = [];
  const one = async (label, ...command) => {
    const { peak, cpu, code } = await measure([...rdbkit, ...command]);
    rows.push([label, command[0], fixed(peak, 0), fixed(cpu, 1), String(code)]);
  };
  const files = [
    ['one hash of 1 GiB', await hugeHash(2 ** 30), []],
    ['4 GB, 45 million keys', await longDump(4e9), ['--conflict', 'replace']],
  ];
  const server = await startServer();
  try {
    for (const [label, file, args] of files) {
      for (const command of ['info', 'check']) await one(label, command, file);
      for (const format of ['jsonl', 'resp', 'rdb'])
        await one(`${label}, to ${format}`, 'export', file, '-o', '/dev/null', '--quiet', '--format', format);
      await one(label, 'import', file, '--to', server.url, '--quiet', ...args);
      await server.command('FLUSHALL');
    }
  } finally {
    await server.stop();
  }
  console.log('### Peak memory\n');
  table(['file', 'command', 'peak MiB', 'CPU s', 'exit code'], rows);
}

const version = (command) =>
  spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(0, 40);
console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.version}; ${version('redis-server')}; medians of ${runs} runs in turn\n`,
);
if (wanted('scan')) await reading('info', 'Scan: `info` reads all, checksum included, and counts');
if (wanted('check')) await reading('check', 'Check: the inside of every value, too');
if (wanted('import')) await importing();
if (wanted('export')) await exporting();
if (wanted('aof')) await logs();
if (wanted('replay')) await replaying();
if (wanted('memory')) await memory();
if (!argv.includes('--keep')) removeData();
