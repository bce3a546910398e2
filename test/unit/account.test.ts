import { describe, expect, test } from 'vitest';
import { Account, type Reject } from '../../src/account.js';
import { RdbkitError } from '../../src/errors.js';
import { defaultLimits } from '../../src/limits.js';
import { bytes } from '../support/bytes.js';
import { key } from '../support/records.js';

describe('Account', () => {
  test('keeps a tally for each database and type', () => {
    const account = new Account();
    const indexes = [
      account.read(0, 'string', 10),
      account.read(0, 'hash', 20),
      account.read(1, 'string', 30),
      account.read(0, 'string', 40),
      account.read(-1, 'function', 50),
    ];
    expect(indexes).toEqual([0, 1, 2, 0, 3]);
    account.written(0);
    account.skipped(1, 'expired');
    account.failed(2, 'BUSY');
    account.addBytes(2, 5);
    expect(account.tallies).toEqual([
      { unit: 'key', db: 0, type: 'string', read: 2, bytes: 50, written: 1, skipped: 0, failed: 0 },
      { unit: 'key', db: 0, type: 'hash', read: 1, bytes: 20, written: 0, skipped: 1, failed: 0 },
      { unit: 'key', db: 1, type: 'string', read: 1, bytes: 35, written: 0, skipped: 0, failed: 1 },
      { unit: 'other', db: -1, type: 'function', read: 1, bytes: 50, written: 0, skipped: 0, failed: 0 },
    ]);
  });

  test('totals are of keys, or of what was selected', () => {
    const account = new Account();
    account.written(account.read(0, 'string', 10));
    account.failed(account.read(3, 'hash', 20), 'cause');
    account.skipped(account.read(-1, 'module-aux', 40), 'reason');
    expect(account.totals()).toEqual({ read: 2, bytes: 30, written: 1, skipped: 0, failed: 1 });
    expect(account.totals(({ db }) => db === 3)).toEqual({
      read: 1,
      bytes: 20,
      written: 0,
      skipped: 0,
      failed: 1,
    });
    expect(account.totals(({ db }) => db < 0)).toEqual({
      read: 1,
      bytes: 40,
      written: 0,
      skipped: 1,
      failed: 0,
    });
    expect(new Account().totals()).toEqual({ read: 0, bytes: 0, written: 0, skipped: 0, failed: 0 });
  });

  test('counts reasons and causes of keys, and beside them those of what is no key', () => {
    const account = new Account();
    const [string, library] = [account.read(0, 'string', 1), account.read(-1, 'function', 1)];
    account.skipped(string, 'expired');
    account.skipped(string, 'expired');
    account.failed(string, 'BUSY');
    account.skipped(library, 'exists');
    account.failed(library, 'exists');
    account.note('slow');
    expect([...account.reasons]).toEqual([['expired', 2]]);
    expect([...account.causes]).toEqual([['BUSY', 1]]);
    expect([...account.besides]).toEqual([['exists', 2]]);
    expect([...account.notes]).toEqual([['slow', 1]]);
  });

  test('counts causes beyond the hundredth together', () => {
    const account = new Account();
    const index = account.read(0, 'string', 1);
    for (let i = 0; i < 103; i++) account.failed(index, `cause ${i}`);
    account.failed(index, 'cause 7');
    account.failed(index, 'cause 102');
    expect(account.causes.size).toBe(101);
    expect(account.causes.get('cause 99')).toBe(1);
    expect(account.causes.get('cause 100')).toBeUndefined();
    expect(account.causes.get('cause 7')).toBe(2);
    expect(account.causes.get('other')).toBe(4);
    expect([...account.causes.values()].reduce((sum, count) => sum + count, 0)).toBe(105);
  });

  test('shows the first five rejects and gives all of them away', () => {
    const account = new Account();
    const seen: Reject[] = [];
    account.onReject = (reject) => seen.push(reject);
    const rejects = Array.from(
      { length: 7 },
      (_, i): Reject => ({ db: 0, key: bytes(i), command: 'RESTORE', code: 'CONFLICT', cause: 'x' }),
    );
    for (const reject of rejects) account.reject(reject);
    expect(seen).toEqual(rejects);
    expect(account.shown).toEqual(rejects.slice(0, 5));
  });

  test('fail enters a key as failed and names it, with a key of its own', () => {
    const account = new Account();
    const record = key('user:1', { db: 4 });
    record.tally = account.read(4, 'string', 1);
    account.fail(record, 'RESTORE', { code: 'TARGET_REPLY', cause: 'BUSYKEY' });
    record.keyBytes.fill(0);
    expect(account.shown).toEqual([
      { db: 4, key: bytes('user:1'), command: 'RESTORE', code: 'TARGET_REPLY', cause: 'BUSYKEY' },
    ]);
    expect(account.tallies[0]).toMatchObject({ failed: 1 });
    expect([...account.causes]).toEqual([['BUSYKEY', 1]]);
  });

  test('balances when every record has one outcome', () => {
    const account = new Account();
    account.balance();
    const [first, second] = [account.read(0, 'string', 1), account.read(1, 'list', 1)];
    account.read(1, 'list', 1);
    account.written(first);
    account.skipped(second, 'reason');
    account.failed(second, 'cause');
    account.balance();
  });

  test('settle enters what has no outcome as failed, and nothing else', () => {
    const account = new Account();
    const [strings, lists, libraries] = [
      account.read(0, 'string', 1),
      account.read(0, 'list', 1),
      account.read(-1, 'function', 1),
    ];
    account.read(0, 'string', 1);
    account.read(0, 'string', 1);
    account.written(strings);
    account.skipped(lists, 'reason');
    account.settle('too late');
    account.balance();
    expect(account.tallies.map(({ failed }) => failed)).toEqual([2, 0, 1]);
    expect([...account.causes]).toEqual([['too late', 2]]);
    expect([...account.besides]).toEqual([['too late', 1]]);
    expect(account.tallies[libraries]).toMatchObject({ written: 0, skipped: 0 });
    account.settle('again');
    expect([...account.causes]).toEqual([['too late', 2]]);
  });

  test.each([
    ['no outcome', () => undefined],
    [
      'two outcomes',
      (account: Account, index: number) => [account.written(index), account.skipped(index, 'reason')],
    ],
    ['the outcome of another', (account: Account) => account.written(account.tallyIndex(1, 'string'))],
  ])('a record with %s is INTERNAL, and named', (_, act) => {
    const account = new Account();
    act(account, account.read(0, 'string', 1));
    expect(() => account.balance()).toThrow(RdbkitError);
    expect(() => account.balance()).toThrow(/string in database 0 does not balance: 1 read/);
  });

  test('holds a bounded number of tallies', () => {
    const account = new Account();
    for (let db = 0; db < defaultLimits.maxDatabases; db++) account.read(db, 'string', 1);
    expect(account.read(5, 'string', 1)).toBe(5);
    expect(() => account.read(defaultLimits.maxDatabases, 'string', 1)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    expect(account.tallies).toHaveLength(defaultLimits.maxDatabases);
  });
});
