import { describe, expect, test } from 'vitest';
import { type DumpTarget, targetOfServer, targetOfVersion } from '../../src/rdb/dump-target.js';
import { Opcode } from '../../src/rdb/opcodes.js';
import { selectKey } from '../../src/stages/select-key.js';
import { bytes, length, littleEndian, string } from '../support/bytes.js';
import { listpack, ziplist } from '../support/packed.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { exportRdb } from '../support/rdb-export.js';
import { type ReadKey, type ReadRecord, readAll, toHex } from '../support/read.js';

const hex = (text: string) => toHex(bytes(text));

const keysOf = (content: Uint8Array) =>
  readAll(content, { decode: true }).records.filter((record): record is ReadKey => record.kind === 'key');

const auxOf = (content: Uint8Array) =>
  readAll(content)
    .records.filter(({ kind }) => kind === 'aux')
    .map((record: ReadRecord) => Buffer.from(String((record as { name?: string }).name), 'hex').toString());

/** Where RESIZEDB stands, and what it says. */
function resizes(content: Uint8Array): string[] {
  const text = toHex(content);
  return [...text.matchAll(/fe(..)fb80(.{8})80(.{8})/g)].map(
    ([, db, keys, expires]) => `${Number(`0x${db}`)}: ${Number(`0x${keys}`)} ${Number(`0x${expires}`)}`,
  );
}

const twoDbs = new RdbBuilder()
  .selectDb(0)
  .key(0, 'a', string('1'))
  .expireMs(4_000_000_000_000)
  .key(0, 'b', string('2'))
  .selectDb(3)
  .key(0, 'c', string('3'))
  .selectDb(0)
  .key(0, 'd', string('4'))
  .build();

describe('the counts of databases', () => {
  test('are those of the keys written, and the checksum goes with them', async () => {
    const { bytes: whole } = await exportRdb(twoDbs);
    expect(resizes(whole)).toEqual(['0: 3 1', '3: 1 0']);
    expect(readAll(whole)).toMatchObject({ checksum: 'ok', error: undefined });
    const { bytes: part } = await exportRdb(twoDbs, { stages: [selectKey([bytes('[acd]')])] });
    expect(resizes(part)).toEqual(['0: 2 0', '3: 1 0']);
    expect(readAll(part).checksum).toBe('ok');
  });

  test('are left out where they cannot be filled in, or are not known', async () => {
    for (const options of [{ output: 'pipe' as const }, { target: targetOfVersion(6) }]) {
      const { bytes: content } = await exportRdb(twoDbs, options);
      expect(toHex(content)).not.toContain('fb80');
      expect(readAll(content).checksum).toBe('ok');
      expect(keysOf(content).map(({ db, key }) => `${db} ${key}`)).toEqual(
        keysOf(twoDbs).map(({ db, key }) => `${db} ${key}`),
      );
    }
  });
});

describe('fields', () => {
  const source = new RdbBuilder('REDIS0011');
  for (const [name, value] of [
    ['redis-ver', '7.2.6'],
    ['redis-bits', '64'],
    ['ctime', '1700000000'],
    ['used-mem', '1000'],
    ['repl-id', 'x'.repeat(40)],
    ['repl-offset', '5'],
    ['repl-stream-db', '0'],
    ['aof-base', '1'],
    ['lua', 'return 1'],
    ['lua', 'return 2'],
    ['%mine', '1'],
  ] as const) {
    source.aux(name, value);
  }
  const dump = source.selectDb(0).key(0, 'a', string('1')).build();

  test('that are true of any copy are kept', async () => {
    const { bytes: content } = await exportRdb(dump);
    expect(auxOf(content)).toEqual(['redis-ver', 'redis-bits', 'ctime', 'lua', 'lua']);
  });

  test('that name the writer go when values are rewritten for another', async () => {
    const { bytes: content } = await exportRdb(dump, { target: targetOfVersion(12) });
    expect(auxOf(content)).toEqual(['redis-bits', 'ctime', 'lua', 'lua']);
    expect(auxOf((await exportRdb(dump, { target: targetOfVersion(6) })).bytes)).toEqual([]);
  });
});

test('a dump without keys is one all the same', async () => {
  const { bytes: content } = await exportRdb(new RdbBuilder().aux('ctime', '5').build());
  expect(readAll(content)).toMatchObject({ checksum: 'ok', error: undefined });
  expect(auxOf(content)).toEqual(['ctime']);
  const { bytes: bare } = await exportRdb(new RdbBuilder('VALKEY080').build());
  expect(Buffer.from(bare.subarray(0, 10)).toString('latin1')).toBe('VALKEY080\xff');
});

test('versions before 6 become 6', async () => {
  const old = new RdbBuilder('REDIS0003').selectDb(0).expireSeconds(2_000_000_000).key(0, 'a', string('1'));
  const { bytes: content } = await exportRdb(old.build('none'));
  expect(Buffer.from(content.subarray(0, 9)).toString()).toBe('REDIS0006');
  expect(keysOf(content)[0]).toMatchObject({ expireAtMs: 2_000_000_000_000 });
});

describe('attributes', () => {
  const dump = new RdbBuilder('REDIS0013')
    .selectDb(0)
    .expireMs(-5n)
    .key(0, 'past', string('1'))
    .expireMs(2n ** 62n)
    .idle(2n ** 63n)
    .key(0, 'far', string('1'))
    .frequency(255)
    .key(0, 'often', string('1'))
    .raw(Opcode.keyMetadata, length(1), littleEndian(0x01020301, 4), length(2), length(7), length(0))
    .key(0, 'marked', string('1'))
    .build();

  test('are kept exactly', async () => {
    const attributes = (content: Uint8Array) =>
      keysOf(content).map(({ key, expireAtMs, idleSeconds, frequency, metadata }) => {
        return { key, expireAtMs, idleSeconds, frequency, metadata };
      });
    expect(attributes((await exportRdb(dump)).bytes)).toEqual(attributes(dump));
  });

  test('of access are left out where they are not known', async () => {
    const { bytes: content } = await exportRdb(dump, { target: targetOfVersion(8), unsupported: 'drop' });
    expect(keysOf(content).map(({ idleSeconds, frequency }) => [idleSeconds, frequency])).toEqual(
      new Array(4).fill([undefined, undefined]),
    );
  });

  test('of modules are refused where they are not known, or dropped with a note', async () => {
    const target = targetOfVersion(12);
    const strict = await exportRdb(dump, { target });
    expect(keysOf(strict.bytes).map(({ key }) => key)).toEqual(['past', 'far', 'often'].map(hex));
    expect([...strict.account.causes]).toEqual([
      ['the key carries module metadata, which only Redis 8.6 and newer take', 1],
    ]);
    const lax = await exportRdb(dump, { target, unsupported: 'drop' });
    expect(keysOf(lax.bytes).at(-1)).toMatchObject({ key: hex('marked'), metadata: undefined });
    expect([...lax.account.notes]).toEqual([['module metadata of keys dropped', 1]]);
  });
});

describe('values that the target does not know', () => {
  const fields = listpack(['f', 'v', 2_000_000_000_000, 'g', 'w', 0]);
  const dump = new RdbBuilder('REDIS0014')
    .selectDb(2)
    .key(25, 'expiring', bytes(littleEndian(2_000_000_000_000, 8), string(fields)))
    .selectDb(0)
    .key(16, 'hash', string(listpack(['f', 'v'])))
    .key(28, 'array', bytes(length(1), length(0), length(0), length(0), string('x')))
    .key(13, 'old', string(ziplist(['f', 'v'])))
    .build();

  test('are refused by name, and nothing of them is written', async () => {
    const { bytes: content, account } = await exportRdb(dump, { target: targetOfVersion(9) });
    expect(readAll(content)).toMatchObject({ checksum: 'ok', error: undefined });
    expect(keysOf(content).map(({ db, key, type }) => [db, key, type])).toEqual([
      [0, hex('hash'), 'hash-ziplist'],
      [0, hex('old'), 'hash-ziplist'],
    ]);
    expect(resizes(content)).toEqual(['0: 2 0']);
    expect([...account.causes.keys()].sort()).toEqual([
      'array (type 28) needs Redis 8.8 or newer',
      'the expiry of a hash field needs Redis 7.4 or newer, or Valkey 9.0 or newer',
    ]);
    expect(account.totals()).toMatchObject({ read: 4, written: 2, failed: 2, skipped: 0 });
  });

  test('are dropped with a count where that is wanted', async () => {
    const { bytes: content, account } = await exportRdb(dump, {
      target: targetOfVersion(9),
      unsupported: 'drop',
    });
    expect(keysOf(content).map(({ key }) => key)).toEqual(['expiring', 'hash', 'old'].map(hex));
    expect([...account.notes]).toEqual([['expiries of hash fields dropped', 1]]);
    expect([...account.reasons]).toEqual([['array (type 28) needs Redis 8.8 or newer', 1]]);
    expect(account.totals().failed).toBe(0);
  });

  test('in parts are put aside and re-encoded', async () => {
    const items = Array.from({ length: 600 }, (_, i) => `element ${i}`);
    const list = new RdbBuilder('REDIS0011')
      .selectDb(0)
      .key(
        18,
        'list',
        bytes(length(2), length(1), string(items[0] as string), length(2), string(listpack(items.slice(1)))),
      )
      .key(2, 'set', bytes(length(items.length), ...items.map((item) => string(item))))
      .build();
    const { bytes: content, account } = await exportRdb(list, {
      target: targetOfVersion(6),
      limits: { maxInlineValue: 1000, partBytes: 300 },
    });
    expect(account.totals()).toMatchObject({ written: 2, failed: 0 });
    const [first, second] = keysOf(content);
    expect([first?.type, second?.type]).toEqual(['list-linkedlist', 'set-hashtable']);
    expect(first?.decoded).toEqual({ type: 'list', elements: items.map((item) => bytes(item)) });
    expect(second?.value).toBe(keysOf(list)[1]?.value);
  });
});

describe('listpack entries whose width servers disagree on', () => {
  // With its header of five bytes the entry has 16383.
  const content = 'x'.repeat(0x3fff - 5);
  const dump = (widths: 'old' | 'new') =>
    new RdbBuilder('REDIS0011')
      .selectDb(0)
      .key(16, 'hash', string(listpack(['f', content], { widths })))
      .build();
  const storedIn = (file: Uint8Array) => keysOf(file)[0]?.value;
  const targets = { old: targetOfServer('redis-8.0'), new: targetOfServer('redis-8.8') } as const;

  test.each([
    ['old', 'old'],
    ['old', 'new'],
    ['new', 'old'],
    ['new', 'new'],
  ] as const)('are rewritten from %s to %s', async (from, to) => {
    const target = targets[to] as DumpTarget;
    const { bytes: whole } = await exportRdb(dump(from), { target });
    expect(storedIn(whole)).toBe(storedIn(dump(to)));
    const limits = { maxInlineValue: 1000, partBytes: 300 };
    const { bytes: parted } = await exportRdb(dump(from), { target, limits });
    expect(keysOf(parted)[0]?.decoded).toEqual(keysOf(dump(to))[0]?.decoded);
    if (from === to) expect(storedIn(parted)).toBe(storedIn(dump(to)));
    else expect(storedIn(parted)).not.toBe(storedIn(dump(from)));
  });

  test('stay as they are in a copy', async () => {
    expect(storedIn((await exportRdb(dump('old'))).bytes)).toBe(storedIn(dump('old')));
    expect(storedIn((await exportRdb(dump('new'))).bytes)).toBe(storedIn(dump('new')));
  });
});

describe('what is no key', () => {
  const library = '#!lua name=mine\nredis.register_function("f", function() return 1 end)';
  const dump = new RdbBuilder('REDIS0010')
    .raw(Opcode.function, string(library))
    .raw(Opcode.function, string(library))
    .raw(Opcode.slotInfo, length(1), length(1), length(0))
    .raw(Opcode.moduleAux, length(64), length(2), length(1), length(0))
    .selectDb(0)
    .key(0, 'a', string('1'))
    .build();

  const kinds = (content: Uint8Array) =>
    readAll(content)
      .records.map(({ kind }) => kind)
      .filter((kind) => kind !== 'aux');

  test('functions go through once, data of modules with a note, slots not at all', async () => {
    const { bytes: content, account } = await exportRdb(dump);
    expect(kinds(content)).toEqual(['function', 'module-aux', 'key']);
    expect([...account.besides]).toEqual([['a library of that name was written before', 1]]);
    expect([...account.notes.keys()]).toEqual([
      'data of modules outside keys: a server without the module refuses the whole dump',
    ]);
    account.balance();
  });

  test('older targets have no place for it', async () => {
    const { bytes: content, account } = await exportRdb(dump, { target: targetOfVersion(8) });
    expect(kinds(content)).toEqual(['key']);
    expect([...account.besides]).toEqual([
      ['functions need Redis 7.0, Valkey 7.2 or newer', 2],
      ['data of modules outside keys needs Redis 5.0 or newer', 1],
    ]);
  });

  test('commands of a Valkey dump stay where they are, and are failed elsewhere', async () => {
    const command = '*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n';
    const valkey = new RdbBuilder('VALKEY081')
      .selectDb(1)
      .key(0, 'a', string('1'))
      .raw(Opcode.update, command)
      .build();
    const same = await exportRdb(valkey);
    expect(kinds(same.bytes)).toEqual(['key', 'command']);
    expect(readAll(same.bytes).records.at(-1)).toMatchObject({ db: 1, bytes: hex(command) });
    const other = await exportRdb(valkey, { target: targetOfVersion(11) });
    expect(other.account.totals(() => true).failed).toBe(1);
  });
});
