import { describe, expect, test } from 'vitest';
import { allTypes } from '../../src/rdb/types.js';
import { builtFixtures } from '../support/built-fixtures.js';
import { fixtureFiles, fixtureJson } from '../support/fixture-files.js';
import { readAll } from '../support/read.js';

const files = fixtureFiles();

describe('the built fixtures', () => {
  test.each(builtFixtures())('$name stands in fixtures/built as it is built', ({ name, file, expected }) => {
    const stored = files.find((fixture) => fixture.name === `built/${name}`);
    expect(stored, 'run `npm run fixtures`').toBeDefined();
    expect(Buffer.from(file).equals(stored?.file ?? new Uint8Array(0))).toBe(true);
    expect(fixtureJson(stored?.expected ?? { magic: '', checksum: 'ok', records: [] })).toBe(
      fixtureJson(expected),
    );
  });

  test('with the corpus they hold every type of the registry', () => {
    const seen = new Set<string>();
    for (const { file } of files)
      for (const record of readAll(file).records) if (record.kind === 'key') seen.add(String(record['type']));
    expect(
      allTypes()
        .map(({ name }) => name)
        .filter((name) => !seen.has(name)),
    ).toEqual([]);
  });
});
