import { describe, expect, test } from 'vitest';
import { fixtureFiles } from '../support/fixture-files.js';
import { exportRdb } from '../support/rdb-export.js';
import { type Read, type ReadKey, type ReadRecord, readAll } from '../support/read.js';

// Every dump of fixtures/ written anew in its own format: the same keys with the same bytes.

/** Dumps of these hold template hashes, whose field names stand elsewhere in the file. */
const REWRITTEN = /template-.*-ref$/;

/** A key without where it stood, and without its bytes where those have to change. */
function content({ index: _, offset: __, ...key }: ReadKey): unknown {
  return REWRITTEN.test(key.type) ? { ...key, type: 'hash', value: '' } : key;
}

const isKey = (record: ReadRecord): record is ReadKey => record.kind === 'key';

function keys(read: Read): unknown[] {
  return read.records.filter(isKey).map(content);
}

describe.each(fixtureFiles().map(({ name, file }) => ({ name, file })))('$name', ({ file }) => {
  const original = readAll(file);

  test.each([
    ['whole', {}],
    ['with values in parts', { maxInlineValue: 40, partBytes: 32 }],
  ])('is copied %s', async (_, limits) => {
    const { bytes, account } = await exportRdb(file, { limits });
    const copy = readAll(bytes);
    expect(copy.error).toBeUndefined();
    expect(copy.checksum).toBe('ok');
    const rewritten = original.records.filter((record) => isKey(record) && REWRITTEN.test(record.type));
    if (rewritten.length === 0) expect(keys(copy)).toEqual(keys(original));
    else expect(copy.records.filter(isKey)).toHaveLength(original.records.filter(isKey).length);
    expect(account.totals().failed).toBe(0);
    account.balance();
  });
});
