import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytes, length, string } from '../support/bytes.js';
import { corpus, corpusBytes } from '../support/corpus.js';
import { DAMAGES, damage, Random } from '../support/damage.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { rdbkit } from '../support/rdbkit.js';
import { type ReadKey, readAll, toHex } from '../support/read.js';
import { repaired } from '../support/repair.js';
import { Scratch } from '../support/scratch.js';
import { readKeys } from '../support/server-state.js';
import { servers, startServer } from '../support/servers.js';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

const list = (...texts: string[]) => bytes(length(texts.length), ...texts.map((text) => string(text)));
const many = (builder: RdbBuilder, name: string, count: number) => {
  for (let i = 0; i < count; i++) builder.key(0, `${name}:${i}`, string(`value ${i}`));
  return builder;
};
const keysOf = (dump: Uint8Array) =>
  readAll(dump).records.filter((record): record is ReadKey => record.kind === 'key');
const names = (dump: Uint8Array) => keysOf(dump).map(({ key }) => Buffer.from(key, 'hex').toString());
const BAD = bytes(0x7f, 0x7f, 0x7f);

async function run(dump: Uint8Array, ...args: string[]) {
  const source = scratch.file('in.rdb', dump);
  const out = scratch.path('out.rdb');
  const ended = await rdbkit(['repair', source, '-o', out, '--overwrite', '--json', ...args]);
  return { ...ended, report: ended.stdout === '' ? undefined : JSON.parse(ended.stdout), out };
}

describe('rdbkit repair of a dump', () => {
  test('whole: exit code 0, and the same keys', async () => {
    const dump = many(new RdbBuilder().selectDb(3), 'k', 20).build();
    const { code, report, out } = await run(dump);
    expect([code, report.isWhole, report.lostRanges, report.checksum]).toEqual([0, true, 0, 'ok']);
    expect(keysOf(readFileSync(out)).map(({ db }) => db)).toEqual(Array(20).fill(3));
  });

  test('only the checksum is wrong: all is kept, and what that means is said', async () => {
    const dump = many(new RdbBuilder().selectDb(0), 'k', 20).build('wrong');
    const { code, report, out } = await run(dump);
    expect([code, report.checksum, report.lostRanges, report.keys.written]).toEqual([1, 'bad', 0, 20]);
    expect(readAll(readFileSync(out)).checksum).toBe('ok');
    const told = await rdbkit(['repair', scratch.path('in.rdb'), '-o', out, '--overwrite']);
    expect(told.stdout).toContain('bytes were changed where that cannot be seen');
  });

  test('names what is lost, with the keys around it', async () => {
    const builder = many(new RdbBuilder().selectDb(0), 'a', 10).raw(BAD);
    const dump = many(builder, 'b', 10).build();
    const { code, report } = await run(dump);
    expect(code).toBe(1);
    expect(report.lost).toMatchObject([
      {
        before: { db: 0, key: { text: 'a:9' } },
        after: { db: 0, key: { text: 'b:0' } },
        dbCertain: false,
        expiryUnknown: true,
      },
    ]);
    expect(report.lost[0].to - report.lost[0].from).toBe(BAD.length);
    expect(report.keys).toEqual({ read: 20, written: 20, refused: 0 });
  });

  test('an expiry is not given to another key, and not lost where it is there', async () => {
    const builder = many(new RdbBuilder().selectDb(0).resizeDb(40, 2), 'a', 10)
      .expireMs(1_900_000_000_000)
      .raw(BAD)
      .key(0, 'next', string('x'))
      .expireMs(1_900_000_000_001)
      .key(0, 'timed', string('x'));
    const { report, out } = await run(many(builder, 'b', 10).build());
    const read = keysOf(readFileSync(out));
    expect(read.filter(({ expireAtMs }) => expireAtMs !== undefined).map(({ key }) => key)).toEqual([
      toHex(Buffer.from('timed')),
    ]);
    expect(report.lost).toMatchObject([{ after: { key: { text: 'next' } }, expiryUnknown: true }]);
    const none = many(new RdbBuilder().selectDb(0).resizeDb(20, 0), 'a', 10).raw(BAD);
    const sure = await run(many(none, 'b', 10).build());
    expect(sure.report.lost).toMatchObject([{ expiryUnknown: false }]);
  });

  test('a database that was selected in a lost range is told, and certain behind the next', async () => {
    const builder = many(new RdbBuilder().selectDb(0).resizeDb(10, 0), 'a', 10).raw(BAD).resizeDb(10, 0);
    const dump = many(many(builder, 'b', 10).selectDb(4), 'c', 10).build();
    const { report, out } = await run(dump);
    expect(report.lost).toMatchObject([{ dbChanged: true, dbCertain: false }]);
    expect(keysOf(readFileSync(out)).filter(({ db }) => db === 4).length).toBe(10);
  });

  test('a length that lies loses its own key only', async () => {
    for (const lie of [
      [0x80, 0xff, 0xff, 0xff, 0xff],
      [0x80, 0, 0, 1, 0],
      [0x41, 0],
    ]) {
      const builder = many(new RdbBuilder().selectDb(0), 'a', 10).raw(0, string('liar'), ...lie, 'abc');
      const { out } = await run(many(builder, 'b', 30).build());
      const found = names(readFileSync(out));
      expect(found.filter((name) => name.startsWith('a:')).length).toBe(10);
      expect(found.filter((name) => name.startsWith('b:')).length).toBe(30);
    }
  });

  test('a dump inside a value does not come out of it', async () => {
    const inner = many(new RdbBuilder().selectDb(0), 'inner', 50).build();
    for (const headless of [false, true]) {
      const value = headless ? inner.subarray(9) : inner;
      const builder = many(new RdbBuilder().selectDb(0), 'a', 10).raw(0x7f, 0x7f, string(value));
      const { out } = await run(many(builder, 'b', 30).build());
      expect(names(readFileSync(out)).filter((name) => name.startsWith('inner'))).toEqual([]);
      expect(names(readFileSync(out)).length).toBe(40);
    }
  });

  test('names that come twice are written once', async () => {
    const damaged = many(many(new RdbBuilder().selectDb(0), 'a', 10).raw(BAD), 'a', 10).build();
    const again = await run(damaged);
    expect([again.code, again.report.keys]).toEqual([1, { read: 20, written: 10, refused: 10 }]);
    expect(names(readFileSync(again.out)).length).toBe(10);
  });

  test('--partial keeps the whole elements of a value that is cut off', async () => {
    const dump = many(new RdbBuilder().selectDb(0), 'a', 10)
      .key(1, 'cut', list('x', 'y', 'a long one'))
      .open();
    const cut = dump.subarray(0, dump.length - 4);
    const without = await run(cut);
    expect([without.code, names(readFileSync(without.out)).length]).toEqual([1, 10]);
    const { report, out } = await run(cut, '--partial');
    expect(report.partial).toMatchObject({ key: { text: 'cut' }, elements: 2, type: 'list' });
    expect(names(readFileSync(out)).at(-1)).toBe('cut');
  });

  test('a header that is destroyed', async () => {
    const dump = many(new RdbBuilder().aux('redis-ver', '7.2.4').selectDb(0), 'a', 10).build();
    const letter = dump.slice();
    letter[1] = 0;
    expect((await run(letter)).report).toMatchObject({ format: 'REDIS0011', keys: { written: 10 } });
    const all = dump.slice().fill(0, 0, 9);
    expect((await run(all)).report).toMatchObject({ format: 'REDIS0011', keys: { written: 10 } });
    const bare = many(new RdbBuilder().selectDb(0), 'a', 10).build().fill(0, 0, 9);
    const refused = await run(bare);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('--rdb-version');
    expect((await run(bare, '--rdb-version', 'valkey-80')).report).toMatchObject({
      format: 'VALKEY080',
      keys: { written: 10 },
    });
  });

  test('refuses its own source, a file that is there, and what holds nothing', async () => {
    const source = scratch.file('own.rdb', many(new RdbBuilder().selectDb(0), 'a', 3).build());
    expect((await rdbkit(['repair', source, '-o', source, '--overwrite'])).code).toBe(64);
    const there = scratch.file('there.rdb', 'x');
    expect((await rdbkit(['repair', source, '-o', there])).code).toBe(2);
    expect(readFileSync(there, 'utf8')).toBe('x');
    const nothing = bytes('REDIS0011', new Uint8Array(500).fill(0x7f));
    const out = scratch.path('none.rdb');
    const report = scratch.path('report.json');
    const run = await rdbkit(['repair', scratch.file('n', nothing), '-o', out, '--report', report]);
    expect(run.code).toBe(2);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ error: { code: 'INPUT_UNSUPPORTED' } });
    expect(() => readFileSync(out)).toThrow();
  });

  test('from standard input', async () => {
    const dump = many(new RdbBuilder().selectDb(0), 'a', 10).raw(BAD);
    const out = scratch.path('out.rdb');
    const run = await rdbkit(['repair', '-', '-o', out, '--quiet'], { input: many(dump, 'b', 10).build() });
    expect([run.code, run.stdout, names(readFileSync(out)).length]).toEqual([1, '', 20]);
  });
});

const CHECKER = 'redis-check-rdb';
const hasChecker = (() => {
  try {
    execFileSync(CHECKER, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Which dumps of the corpus a server starts from. */
const loader = {
  'redis-server': /^r(?:26|28|32|40|50|62|70)$/,
  // Not newer: only the module knows whether a vector set is damaged inside, and ends the server.
  'redis-8': /^r7[24]$/,
  'valkey-8': /^v80$/,
};

describe.each(servers.filter(({ name }) => name in loader))('$label', (server) => {
  const dumps = corpus.filter(({ name }) => loader[server.name as keyof typeof loader].test(name));

  test('starts from what was repaired, and holds all of it', async () => {
    const random = new Random(99);
    for (const { name } of dumps.slice(-3)) {
      for (const kind of DAMAGES) {
        const {
          report,
          bytes: dump,
          path,
        } = await repaired(scratch, damage(corpusBytes(name), kind, random).bytes);
        if (hasChecker && server.name === 'redis-server') {
          expect(execFileSync(CHECKER, [path], { encoding: 'utf8' })).toContain('RDB looks OK');
        }
        const running = await startServer(server, { dump });
        try {
          expect((await readKeys(running)).length).toBe(
            keysOf(dump).filter(({ expireAtMs }) => expireAtMs === undefined || expireAtMs > Date.now())
              .length,
          );
          expect(report.keys.written).toBeGreaterThan(0);
        } finally {
          await running.stop();
        }
      }
    }
  }, 120_000);
});
