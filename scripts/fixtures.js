// `npm run fixtures`: writes the built dumps of the conformance tests, and what must be read from
// each, into fixtures/built.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './setup.js';

const work = mkdtempSync(join(root, 'node_modules/.fixtures-'));
try {
  await build({
    stdin: {
      contents: "export * from './built-fixtures.ts'; export { fixtureJson } from './fixture-files.ts';",
      resolveDir: join(root, 'test/support'),
    },
    outfile: join(work, 'built.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const { builtFixtures, fixtureJson } = await import(pathToFileURL(join(work, 'built.mjs')).href);
  const folder = join(root, 'fixtures/built');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, file, expected } of builtFixtures()) {
    writeFileSync(join(folder, `${name}.rdb`), file);
    writeFileSync(join(folder, `${name}.json`), fixtureJson(expected));
  }
} finally {
  rmSync(work, { recursive: true });
}
