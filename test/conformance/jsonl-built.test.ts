import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rdbFile } from '../../src/io/rdb-source.js';
import { jsonlOf, readAll, toJsonl } from '../support/jsonl.js';

const FOLDER = fileURLToPath(new URL('../../fixtures/built/', import.meta.url));

/** Encodings that are read but not written: a hash gets the one that a server would choose. */
const NOT_WRITTEN = /"encoding":"(?:zipmap|template-[a-z-]+|[a-z-]+-pre-ga)"/;

/** Keys that no server would load: a score that is no number, a ziplist that is not in order. */
const NOT_LOADED =
  /"key":"(?:zset-nan|z|zset)","type":"zset".*(?:"nan"|"ziplist","value":\[\["m",1\],\["n",2.5\],\["o","-inf"\]\])/;

const fixtures = readdirSync(FOLDER).filter((name) => name.endsWith('.rdb'));

/** Each line alone, so that none has to do with what the lines before say of the server. */
async function alone(line: string): Promise<string> {
  return Buffer.from(await toJsonl(jsonlOf(line))).toString();
}

describe('dumps of every layout as lines and back', () => {
  test.each(fixtures)('%s', async (name) => {
    expect(readFileSync(FOLDER + name).length).toBeGreaterThan(0);
    const text = Buffer.from(await toJsonl(rdbFile(FOLDER + name))).toString();
    const lines = text.split('\n').filter((line) => line !== '' && !NOT_LOADED.test(line));
    for (const line of lines) {
      const isKept = !NOT_WRITTEN.test(line);
      const back = await alone(line);
      if (isKept) expect(back).toBe(`${line}\n`);
      else expect(withoutEncoding(back)).toBe(withoutEncoding(`${line}\n`));
    }
    const { faults } = await readAll(jsonlOf(lines.join('\n')));
    expect(faults).toEqual([]);
  });
});

function withoutEncoding(line: string): string {
  return line.replace(/,"encoding":"[^"]*"/, '');
}
