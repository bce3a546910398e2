import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { RdbkitError } from '../../src/errors.js';
import { type AnySource, anyFile, anyStream } from '../../src/io/any-source.js';
import { chainSources } from '../../src/io/chain-sources.js';
import { precheckRdb } from '../../src/io/precheck.js';
import { rdbFile } from '../../src/io/rdb-source.js';
import { withSizes } from '../../src/io/with-sizes.js';
import { string } from '../support/bytes.js';
import { jsonlOf, readAll } from '../support/jsonl.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { Scratch } from '../support/scratch.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const LINE = '{"db":2,"key":"from json","type":"string","value":"x"}\n';
const dump = new RdbBuilder().selectDb(1).key(0, 'from rdb', string('x')).build();

const files = {
  // Names that lie: the content decides.
  jsonl: scratch.file('lines.rdb', LINE),
  jsonlGzip: scratch.file('lines.gz', gzipSync(LINE)),
  blank: scratch.file('blank.txt', `\ufeff\n \t\r\n${LINE}`),
  rdb: scratch.file('dump.jsonl', dump),
  rdbGzip: scratch.file('dump.json', gzipSync(dump)),
};

function* bytewise(bytes: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}

const keysOf = async (source: AnySource) => (await readAll(source)).keys.map(({ db, key }) => `${db} ${key}`);

describe('what an input is', () => {
  test.each([
    ['jsonl', 'jsonl', '2 from json'],
    ['jsonlGzip', 'jsonl', '2 from json'],
    ['blank', 'jsonl', '2 from json'],
    ['rdb', 'rdb', '1 from rdb'],
    ['rdbGzip', 'rdb', '1 from rdb'],
  ] as const)('%s', async (name, format, key) => {
    const path = files[name];
    for (const source of [anyFile(path), anyStream(createReadStream(path), 'stdin')]) {
      expect(source.format).toBeUndefined();
      expect(await keysOf(source)).toEqual([key]);
      expect(source.format).toBe(format);
      expect(source.checksum).toBe(format === 'rdb' ? 'ok' : 'absent');
      expect(source.magic?.text).toBe(format === 'rdb' ? 'REDIS0011' : undefined);
      expect(source.compression).toBe(name.endsWith('Gzip') ? 'gzip' : 'none');
      expect(source.trailingBytes).toBe(0);
    }
  });

  test('is told byte by byte', async () => {
    const blank = new TextEncoder().encode(`\ufeff\n ${LINE}`);
    expect(await keysOf(anyStream(Readable.from(bytewise(blank)), 'stdin'))).toEqual(['2 from json']);
    expect(await keysOf(anyStream(Readable.from(bytewise(dump)), 'stdin'))).toEqual(['1 from rdb']);
  });

  test.each([
    ['nothing', ''],
    ['white space', ' \n\n'],
    ['much white space', ' '.repeat(100_000)],
    ['text', 'hello\n'],
    ['an array', '[{}]\n'],
    ['a log', '*1\r\n$4\r\nPING\r\n'],
    ['a cut dump', 'REDIS00'],
  ])('%s gives the errors of rdbFile', async (name, content) => {
    const path = scratch.file(`${name}.any`, content);
    const errorOf = (source: AnySource | ReturnType<typeof rdbFile>) =>
      readAll(source).then(
        () => undefined,
        (error: RdbkitError) => [error.code, error.describe()],
      );
    const error = await errorOf(anyFile(path));
    expect(error).toBeDefined();
    expect(error).toEqual(await errorOf(rdbFile(path)));
  });
});

describe('lines among other sources', () => {
  test('are read behind a dump', async () => {
    const source = chainSources([anyFile(files.rdb), anyFile(files.jsonl)]);
    expect((await readAll(source)).keys.map(({ key }) => key)).toEqual(['from rdb', 'from json']);
  });

  test('keep the sizes of values in parts', async () => {
    const limits = { maxInlineValue: 10, partBytes: 7 };
    const text = `{"db":0,"key":"big","type":"list","value":["${'x'.repeat(50)}","${'y'.repeat(50)}"]}\n`;
    const { keys } = await readAll(withSizes(jsonlOf(text, 9, { limits })));
    expect(keys).toMatchObject([{ key: 'big', value: { elements: [{ length: 50 }, { length: 50 }] } }]);
  });

  test('are looked through before an import', async () => {
    await expect(precheckRdb(anyFile(files.jsonl))).resolves.toBeUndefined();
    await expect(precheckRdb(anyFile(files.jsonlGzip))).resolves.toBeUndefined();
    const cut = scratch.file('cut.gz', gzipSync(LINE.repeat(100)).subarray(0, 60));
    await expect(precheckRdb(anyFile(cut))).rejects.toMatchObject({ code: 'INPUT_TRUNCATED' });
  });
});

describe('a long line', () => {
  test('can be interrupted', async () => {
    const stop = new AbortController();
    const path = scratch.file(
      'long.jsonl',
      `{"db":0,"key":"k","type":"list","value":[${'"x",'.repeat(4_000_000)}"x"]}\n`,
    );
    let batches = 0;
    const reading = (async () => {
      for await (const { records } of anyFile(path).read(stop.signal)) {
        expect(records).toEqual([]);
        if (++batches === 2) stop.abort();
      }
    })();
    await expect(reading).rejects.toThrow();
    expect(batches).toBe(2);
  });
});
