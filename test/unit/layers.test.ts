import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/**
 * The rows of src/, each of which may use itself and the rows before it. A file that stands
 * directly in src/ is named in its row; any other belongs to the row of its folder.
 */
const ROWS: readonly (readonly string[])[] = [
  ['errors.ts', 'limits.ts'],
  ['bytes'],
  ['codec', 'resp', 'record.ts', 'account.ts', 'spill.ts'],
  ['encodings'],
  ['rdb', 'aof', 'pipeline.ts', 'chain.ts'],
  ['stages', 'sinks'],
  ['reports'],
  ['io', 'redis'],
  ['index.ts'],
  ['cli'],
];

/** Where modules of Node and packages may be used. */
const OUTSIDE = new Set(['io', 'redis', 'cli']);

const root = fileURLToPath(new URL('../../src/', import.meta.url));

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
  .sort();

const textOf = (file: string) => readFileSync(`${root}${file}`, 'utf8');

/** What a module imports, statically or not, as it is written there. */
function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\b[^;'"]*(?<=\bfrom |^import )['"]([^'"]+)['"]/gm);
  const calls = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g);
  return [...statements, ...calls].map(([, specifier]) => specifier as string);
}

function placeOf(file: string): string {
  return file.split('/')[0] as string;
}

function rowOf(file: string): number {
  return ROWS.findIndex((row) => row.includes(placeOf(file)));
}

/** What is wrong with an import, undefined when nothing is. */
function faultOf(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) {
    return OUTSIDE.has(placeOf(file)) ? undefined : `${file} imports ${specifier}`;
  }
  const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
  const isOwn = placeOf(target) === placeOf(file);
  if (placeOf(file) === 'cli' && !isOwn && target !== 'index.ts') return `${file} imports ${target}`;
  if (rowOf(target) < 0) return `${file} imports ${target}, which belongs to no row`;
  return rowOf(target) <= rowOf(file) ? undefined : `${file} imports ${target}, which stands below it`;
}

describe('the layers of src/', () => {
  test('every file belongs to a row', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => rowOf(file) < 0)).toEqual([]);
  });

  test('every import is of the same row or one before it, packages only where they belong', () => {
    const imports = files.flatMap((file) =>
      importsOf(textOf(file)).map((specifier) => ({ file, specifier })),
    );
    expect(imports.length).toBeGreaterThan(200);
    expect(imports.map(({ file, specifier }) => faultOf(file, specifier)).filter(Boolean)).toEqual([]);
  });

  test('every import of a file is of one that exists', () => {
    const known = new Set(files);
    const targets = files.flatMap((file) =>
      importsOf(textOf(file))
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')),
    );
    expect(targets.filter((target) => !known.has(target))).toEqual([]);
  });

  test('no default exports', () => {
    const isDefault = /^export default\b|\bas default\b/m;
    expect(files.filter((file) => isDefault.test(textOf(file)))).toEqual([]);
  });

  test('no file is named utils', () => {
    expect(files.filter((file) => /(?:^|\/)utils?(?:\.ts|\/)/i.test(file))).toEqual([]);
  });
});

describe('these checks', () => {
  test('see every form of import', () => {
    const text = [
      "import { a } from './one.js';",
      "import type { b } from './two.js';",
      "import {\n  c,\n  type d,\n} from './three.js';",
      "import './four.js';",
      "import * as e from 'node:fs';",
      "export { f } from './five.js';",
      "export type * from './six.js';",
      "const g = 'not from here', h = await import('./seven.js');",
      "// import { i } from './comment.js';",
      " * import { j } from './comment.js';",
    ].join('\n');
    expect(importsOf(text)).toEqual([
      ...[
        './one.js',
        './two.js',
        './three.js',
        './four.js',
        'node:fs',
        './five.js',
        './six.js',
        './seven.js',
      ],
    ]);
  });

  test.each([
    ['bytes/glob.ts', '../codec/lzf.js'],
    ['errors.ts', './bytes/ascii.js'],
    ['codec/crc64.ts', '../encodings/packed.js'],
    ['record.ts', './pipeline.js'],
    ['rdb/values/value.ts', '../../stages/limit.js'],
    ['reports/info.ts', '../io/spool.js'],
    ['stages/limit.ts', '../reports/info.js'],
    ['redis/link.ts', '../index.js'],
    ['index.ts', './cli/main.js'],
    ['cli/main.ts', '../errors.js'],
    ['cli/main.ts', '../rdb/reader.js'],
    ['bytes/glob.ts', 'node:util'],
    ['resp/reply.ts', 'ioredis'],
    ['index.ts', 'node:fs'],
    ['bytes/glob.ts', '../helpers/other.js'],
  ])('refuse that %s imports %s', (file, specifier) => {
    expect(faultOf(file, specifier)).toContain(file);
  });

  test.each([
    ['bytes/ascii.ts', './integer.js'],
    ['stages/limit.ts', '../pipeline.js'],
    ['stages/limit.ts', '../errors.js'],
    ['redis/link.ts', '../io/spool.js'],
    ['redis/link.ts', 'node:net'],
    ['cli/main.ts', '../index.js'],
    ['cli/main.ts', './parse.js'],
    ['cli/main.ts', 'commander'],
  ])('allow that %s imports %s', (file, specifier) => {
    expect(faultOf(file, specifier)).toBeUndefined();
  });
});
