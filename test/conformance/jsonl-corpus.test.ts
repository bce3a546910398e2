import { describe, expect, test } from 'vitest';
import { rdbFile } from '../../src/io/rdb-source.js';
import { type CorpusDump, corpus, corpusFile } from '../support/corpus.js';
import { jsonlOf, toJsonl } from '../support/jsonl.js';

const DUMPS: readonly CorpusDump[] = ['dump', 'dump-lfu-uncompressed', 'dump-lru'];

describe.each(corpus)('$label', ({ name }) => {
  test.each(DUMPS.filter((dump) => corpusFile(name, dump) !== undefined))(
    '%s comes back the same',
    async (dump) => {
      const before = await toJsonl(rdbFile(corpusFile(name, dump) as string));
      const after = await toJsonl(jsonlOf(before));
      const [a, b] = [before, after].map((bytes) => Buffer.from(bytes).toString().split('\n'));
      for (const [i, line] of (a as string[]).entries())
        expect((b as string[])[i]?.slice(0, 2000)).toBe(line.slice(0, 2000));
      expect(Buffer.from(after).equals(Buffer.from(before))).toBe(true);
    },
  );
});
