import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../support/scratch.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A project of a user who has installed the packed package. */
const USER_CODE = `
import { decodeValue, type DumpRecord, mapDb, rdbFile, type RdbSource, run, type Sink } from 'rdbkit';

const source: RdbSource = rdbFile('dump.rdb');
const sink: Sink<number> = {
  name: 'count',
  write({ records }) {
    for (const record of records) this.take(record);
  },
  take(record: DumpRecord) {
    if (record.kind === 'key' && decodeValue(record).type === 'stream') streams++;
  },
  close: () => streams,
  abort() {},
} as Sink<number> & { take(record: DumpRecord): void };
let streams = 0;
const counted: number = await run(source, [mapDb(new Map([[3, 0]]))], sink);
console.log(counted);
`;

describe('the packed package', () => {
  const scratch = new Scratch();
  const installed = scratch.path('node_modules/rdbkit');

  beforeAll(() => {
    const npm = (...args: string[]) =>
      execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [packed] = JSON.parse(
      npm('pack', '--json', '--ignore-scripts', '--pack-destination', scratch.folder),
    ) as { filename: string }[];
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', [
      '-xzf',
      scratch.path(packed?.filename ?? ''),
      '--strip-components=1',
      '-C',
      installed,
    ]);
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of [...Object.keys(dependencies), '@types', 'typescript']) {
      symlinkSync(join(root, 'node_modules', name), scratch.path(`node_modules/${name}`));
    }
    writeFileSync(scratch.path('package.json'), '{"type":"module"}');
    symlinkSync(join(root, 'fixtures/corpus/r72/dump.rdb'), scratch.path('dump.rdb'));
  });
  afterAll(() => scratch.remove());

  test('holds what a user needs and nothing else', () => {
    expect(readdirSync(installed).sort()).toEqual([
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'package.json',
    ]);
  });

  test('compiles strictly with its own types', () => {
    writeFileSync(scratch.path('user.ts'), USER_CODE);
    const options = [
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      'node',
      'user.ts',
    ];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect(execFileSync(process.execPath, [tsc, ...options], { cwd: scratch.folder, encoding: 'utf8' })).toBe(
      '',
    );
    expect(execFileSync(process.execPath, ['user.js'], { cwd: scratch.folder, encoding: 'utf8' })).toBe(
      '6\n',
    );
  });

  test('has a command that runs', () => {
    const output = execFileSync(
      process.execPath,
      [join(installed, 'bin/rdbkit.js'), 'info', 'dump.rdb', '--json'],
      {
        cwd: scratch.folder,
        encoding: 'utf8',
      },
    );
    expect(JSON.parse(output)).toMatchObject({
      magic: 'REDIS0011',
      rdbVersion: 11,
      keys: 115,
      checksum: 'ok',
    });
  });
});
