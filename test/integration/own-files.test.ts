import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytes, length, string } from '../support/bytes.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';

// What a run writes beside its output, and input that cannot be read twice.

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

const list = (...texts: string[]) => bytes(length(texts.length), ...texts.map((text) => string(text)));
const twice = new RdbBuilder()
  .selectDb(0)
  .key(1, 'l', list('a'))
  .selectDb(1)
  .key(1, 'l', list('b'))
  .key(0, 's', string('x'))
  .build();

const keysOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.includes('"key"'))
    .map((line) => JSON.parse(line))
    .map(({ key, value }) => `${key} ${value}`);

describe('files of a run', () => {
  test.each(['--rejects', '--report'])('%s is no file that is read or written', async (flag) => {
    const dump = scratch.file('dump.rdb', twice);
    const keys = scratch.file('keys', Buffer.from('s\n'));
    const out = scratch.path('out');
    const commands = [
      [dump, dump, '-o', out],
      [keys, dump, '--keys-from', keys, '-o', out],
      [out, dump, '-o', out],
    ] as const;
    for (const [file, ...args] of commands) {
      const run = await rdbkit(['export', ...args, flag, file]);
      expect([run.code, run.stdout]).toEqual([64, '']);
    }
    expect(Buffer.compare(readFileSync(dump), twice)).toBe(0);
    expect(readFileSync(keys, 'utf8')).toBe('s\n');
    const imported = await rdbkit(['import', dump, '--to', 'redis://127.0.0.1:1', flag, dump]);
    expect(imported.code).toBe(64);
    expect(Buffer.compare(readFileSync(dump), twice)).toBe(0);
  });

  test('a report does not take the place of what is no plain file, and leaves nothing where it fails', async () => {
    const dump = scratch.file('dump.rdb', twice);
    const pipe = scratch.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = execFileSync('sh', [
      '-c',
      '"$0" "$1" export "$2" -o "$3" --quiet --report "$4" & cat "$4"; wait',
      process.execPath,
      new URL('../../bin/rdbkit.js', import.meta.url).pathname,
      dump,
      scratch.path('out'),
      pipe,
    ]);
    expect(JSON.parse(reader.toString())).toMatchObject({ read: 3, written: 3 });
    expect(statSync(pipe).isFIFO()).toBe(true);
    const folder = scratch.path('.');
    const run = await rdbkit(['export', dump, '-o', scratch.path('other'), '--report', folder]);
    expect(run.code).toBe(2);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('names of files', () => {
  test.each([
    [['export', '-o', ''], /the name given for -o is empty; name a file\n$/],
    [['export', '--rejects', ''], /the name given for --rejects is empty/],
    [['export', '--report', ''], /the name given for --report is empty/],
    [['export', '--keys-from', ''], /the name given for --keys-from is empty/],
    [['split', '--shards', '2', '-o', ''], /the name given for -o is empty/],
    [['import', '--to', ''], /the address of the server is empty/],
    [['info', ''], /the name given for a source is empty/],
  ])('%j is wrong usage', async (args, message) => {
    const run = await rdbkit([...args, scratch.file('dump.rdb', twice)]);
    expect([run.code, run.stdout]).toEqual([64, '']);
    expect(run.stderr).toMatch(message);
  });

  test('a list of rejects that was not written whole is an error', async () => {
    const lines = scratch.file('lines.jsonl', '{}\n'.repeat(100));
    await rdbkit(['--version']);
    const script = 'ulimit -f 1; exec "$0" "$1" export "$2" -o /dev/null --quiet --rejects "$3" 2>&1';
    const rdbkitPath = new URL('../../bin/rdbkit.js', import.meta.url).pathname;
    const args = ['-c', script, process.execPath, rdbkitPath, lines, scratch.path('rejects')];
    const { status, stdout } = spawnSync('sh', args, { encoding: 'utf8' });
    expect(stdout).toMatch(/rejects: the list of rejects cannot be written: EFBIG/);
    expect(status).toBe(2);
  });

  test('a list of keys that is not there, or a folder, is told with what to do', async () => {
    const dump = scratch.file('dump.rdb', twice);
    const none = scratch.path('none');
    expect(await rdbkit(['export', dump, '--keys-from', none])).toEqual({
      code: 2,
      stdout: '',
      stderr: `rdbkit: ${none}: there is no such file; check the path\n`,
    });
    const folder = await rdbkit(['export', dump, '--keys-from', scratch.folder]);
    expect([folder.code, folder.stderr]).toEqual([
      2,
      `rdbkit: ${scratch.folder}: it is a folder, not a file; name the file in it\n`,
    ]);
  });
});

describe('keys that come more than once', () => {
  test.each([
    ['fail', 1],
    ['skip', 0],
  ] as const)('from standard input, with --conflict %s', async (conflict, code) => {
    const run = await rdbkit(['export', '-', '--to-db', '0', '--conflict', conflict], { input: twice });
    expect(keysOf(run.stdout)).toEqual(['l a', 's x']);
    expect(run.code).toBe(code);
    const whole = await rdbkit(['export', '-', '--conflict', conflict], { input: twice });
    expect([whole.code, keysOf(whole.stdout).length]).toEqual([0, 3]);
  });

  test('from standard input, where the last cannot be known', async () => {
    const run = await rdbkit(['export', '-', '--to-db', '0', '--conflict', 'replace'], { input: twice });
    expect([run.code, run.stdout]).toEqual([64, '']);
    expect(run.stderr).toMatch(/^rdbkit: --conflict replace has to read its input twice; [^\n]+\n$/);
  });

  test('in one file of lines, and in lines from standard input', async () => {
    const line = (value: string) => `{"db":0,"key":"k","type":"string","value":"${value}"}\n`;
    const path = scratch.path('lines.jsonl');
    writeFileSync(path, line('1') + line('2'));
    const first = await rdbkit(['export', path]);
    expect([first.code, keysOf(first.stdout)]).toEqual([1, ['k 1']]);
    const last = await rdbkit(['export', path, '--conflict', 'replace']);
    expect([last.code, keysOf(last.stdout)]).toEqual([0, ['k 2']]);
    const piped = await rdbkit(['export', '-'], { input: readFileSync(path) });
    expect([piped.code, keysOf(piped.stdout)]).toEqual([1, ['k 1']]);
  });
});

test('head tells of lines that cannot be read', async () => {
  const path = scratch.path('lines.jsonl');
  writeFileSync(path, '{"db":0}\n{"db":0,"key":"k","type":"string","value":"1"}\n');
  for (const json of [[], ['--json']]) {
    const run = await rdbkit(['head', path, ...json]);
    expect([run.code, run.stderr]).toEqual([
      1,
      `rdbkit: ${path}: one line cannot be read; rdbkit check tells more\n`,
    ]);
  }
});

test('--unsupported is refused where a format has no use for it', async () => {
  const run = await rdbkit([
    'export',
    scratch.file('dump.rdb', twice),
    '-f',
    'resp',
    '--unsupported',
    'drop',
  ]);
  expect(run.code).toBe(64);
});
