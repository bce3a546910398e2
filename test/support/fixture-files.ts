import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Expected } from './built-fixtures.js';

/** A dump of the fixtures folder. */
export interface FixtureFile {
  /** Path below fixtures/, without ending. */
  readonly name: string;
  readonly file: Uint8Array;
  /** What must be read from it, where a file beside it says so. */
  readonly expected: Expected | undefined;
}

const root = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Every dump below fixtures/: one that is dropped there is tested. */
export function fixtureFiles(): FixtureFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.rdb(?:\.gz)?$/.test(path))
    .sort()
    .map((path) => {
      const content = readFileSync(root + path);
      const name = path.replace(/\.rdb(?:\.gz)?$/, '');
      const json = `${root}${name}.json`;
      return {
        name,
        file: path.endsWith('.gz') ? gunzipSync(content) : content,
        expected: existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Expected) : undefined,
      };
    });
}

/** How expectations stand in a file: one record a line. */
export function fixtureJson({ magic, checksum, records }: Expected): string {
  const lines = records.map((record) => `    ${JSON.stringify(record)}`);
  return `{\n  "magic": "${magic}",\n  "checksum": "${checksum}",\n  "records": [\n${lines.join(',\n')}\n  ]\n}\n`;
}
