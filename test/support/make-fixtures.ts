import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtFixtures } from './built-fixtures.js';
import { fixtureJson } from './fixture-files.js';

// `npm run fixtures`: writes the built dumps and what must be read from them.
const folder = fileURLToPath(new URL('../../fixtures/built/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const { name, file, expected } of builtFixtures()) {
  writeFileSync(`${folder}${name}.rdb`, file);
  writeFileSync(`${folder}${name}.json`, fixtureJson(expected));
}
