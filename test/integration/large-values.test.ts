import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytes, length, string } from '../support/bytes.js';
import {
  BOB_ACTIVE,
  deliveredAt,
  FAR,
  KiB,
  type LargeSample,
  largeSamples,
  MiB,
  noise,
  SEEN,
} from '../support/large-samples.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { type Imported, imbalances, importInto, reportOf, startImport, until } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys, readPlain, readStreamTimes } from '../support/server-state.js';
import { describeServers, isAtLeast, type RunningServer, servers, startServer } from '../support/servers.js';
import { base64, normalTruth, type Truth } from '../support/truth.js';

// Values that do not go in one piece: in parts, or by commands under a temporary key.

const SMALL_PARTS = ['--max-inline-value', '64kb'];
const MAX_BULK = MiB;
/** What a payload of DUMP has around the value. */
const FRAME = 11;
const GUARD = 'after the large ones';

const samples = largeSamples();
const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Every second sample expires, each at another time. */
function expiryOf(sample: LargeSample): number | null {
  const i = samples.indexOf(sample);
  return i % 2 === 0 ? null : FAR + i;
}

function dumpOf(which: readonly LargeSample[], magic: string): Uint8Array {
  const builder = new RdbBuilder(magic).selectDb(2);
  for (const sample of which) {
    const expiry = expiryOf(sample);
    if (expiry !== null) builder.expireMs(expiry);
    builder.key(sample.code, sample.name, sample.value);
  }
  return builder.key(0, GUARD, string('here')).build();
}

const truthOf = (sample: LargeSample): Truth => ({
  db: 2,
  key: base64(bytes(sample.name)),
  type: sample.type,
  expireAt: expiryOf(sample),
  value: sample.truth,
});

const isGone = ({ name }: LargeSample) => name === 'hash-gone';

describeServers((server) => {
  const known = samples.filter((sample) => sample.isKnown(server));
  const magic = server.family === 'valkey' && isAtLeast(server.version, '9.0') ? 'VALKEY080' : 'REDIS0012';
  let usual: RunningServer;
  let small: RunningServer;
  let file: string;

  beforeAll(async () => {
    [usual, small] = await Promise.all([
      startServer(server),
      startServer(server, { config: ['--proto-max-bulk-len', '1mb'] }),
    ]);
    file = scratch.file(`large-${server.name}.rdb`, dumpOf(known, magic));
  });
  afterAll(async () => {
    await usual.stop();
    await small.stop();
  });

  const ways = [
    { name: 'in parts', to: () => usual, args: SMALL_PARTS, isSmall: false },
    {
      name: 'in parts, to a server that takes 1 MiB at once',
      to: () => small,
      args: SMALL_PARTS,
      isSmall: true,
    },
    { name: 'from memory, to a server that takes 1 MiB at once', to: () => small, args: [], isSmall: true },
  ];

  describe.each(ways)('$name', ({ to, args, isSmall }) => {
    const fits = ({ value }: LargeSample) => args.length === 0 && value.length + FRAME <= MAX_BULK;
    const isTaken = (sample: LargeSample) =>
      !isSmall || fits(sample) || (sample.longest <= MAX_BULK && sample.buildable);
    const there = known.filter((sample) => isTaken(sample) && !isGone(sample));
    const refused = known.filter((sample) => !isTaken(sample));
    let run: Imported;
    let found: Map<string, Truth>;

    beforeAll(async () => {
      await to().clear();
      run = await importInto(to().url, [file], args);
      found = new Map((await readKeys(to())).map((key) => [Buffer.from(key.key, 'base64').toString(), key]));
    });

    test.each(there.map((sample) => [sample.name, sample] as const))(
      '%s arrives as it is',
      (name, sample) => {
        const key = found.get(name);
        expect(key).toMatchObject({ db: 2, type: sample.type, expireAt: expiryOf(sample) });
        // Not toEqual, which takes long over values of this size.
        expect(isDeepStrictEqual(normalTruth(key as Truth), normalTruth(truthOf(sample)))).toBe(true);
      },
    );

    test.each(refused.map((sample) => [sample.name, sample] as const))(
      '%s is refused by name',
      (name, sample) => {
        expect(found.has(name)).toBe(false);
        const reject = run.rejects?.find(({ key }) => key === name);
        expect(reject?.db).toBe(2);
        expect(reject?.cause).toMatch(
          sample.longest > MAX_BULK
            ? /string of \d+ bytes is longer than the target's proto-max-bulk-len of 1048576/
            : /pending entry whose message is deleted cannot be rebuilt/,
        );
      },
    );

    test('nothing else is there', () => {
      expect([...found.keys()].sort()).toEqual([...there.map(({ name }) => name), GUARD].sort());
      expect(run.rejects?.map(({ key }) => key)).toEqual(refused.map(({ name }) => name));
    });

    test('the account tells all', () => {
      const report = reportOf(run);
      expect(imbalances(report)).toEqual([]);
      expect(report).toMatchObject({ read: known.length + 1, failed: refused.length });
      const gone = known.filter(isGone).length;
      expect(report.written + report.skipped).toBe(there.length + gone + 1);
      expect(report.skipped).toBeLessThanOrEqual(gone);
      expect(run.stderr).toBe('');
      expect(run.code).toBe(refused.length === 0 ? 0 : 1);
    });

    test('pending entries keep their times', async () => {
      const client = to().connect({ db: 2 });
      const [, group] = (await readStreamTimes(client, 'stream')) as [unknown, Times];
      client.disconnect();
      expect(group.pending).toHaveLength(6);
      expect(group.pending).toEqual(group.pending.map(([id]) => [id, deliveredAt(Number(id.split('-')[0]))]));
    });
  });

  test('consumers keep the times when they were seen where RESTORE carries the stream', async () => {
    await usual.clear();
    await importInto(usual.url, [file], [...SMALL_PARTS, '--type', 'stream']);
    const client = usual.connect({ db: 2 });
    const [, group] = (await readStreamTimes(client, 'stream')) as [unknown, Times];
    expect(group.consumers.map(({ name, seenAt }) => [name, seenAt])).toEqual(Object.entries(SEEN));
    if (isAtLeast(server.version, '7.2')) {
      const [, active] = (await readStreamTimes(client, 'stream-active')) as [unknown, Times];
      expect(active.consumers).toEqual([
        { name: 'alice', seenAt: SEEN.alice, activeAt: -1 },
        { name: 'bob', seenAt: SEEN.bob, activeAt: BOB_ACTIVE },
        { name: 'idle', seenAt: SEEN.idle, activeAt: -1 },
      ]);
    }
    client.disconnect();
  });

  describe('conflicts', () => {
    const few = known.filter(({ name }) => ['list-elements', 'string', 'hash', 'stream'].includes(name));
    let dump: string;
    const old = Object.fromEntries(few.map(({ name }) => [`2/${name}`, 'old']));

    beforeAll(() => {
      dump = scratch.file(`few-${server.name}.rdb`, dumpOf(few, magic));
    });

    const fill = async (running: RunningServer) => {
      await running.clear();
      const client = running.connect({ db: 2 });
      for (const { name } of few) await client.set(name, 'old', 'PXAT', FAR + 99);
      client.disconnect();
    };

    test.each([
      ['fail', 1, { written: 1, skipped: 0, failed: 4, failedBy: { 'exists in the target': 4 } }],
      ['skip', 0, { written: 1, skipped: 4, failed: 0, skippedBy: { 'exists in the target': 4 } }],
    ] as const)('%s leaves what is there', async (policy, code, counts) => {
      await fill(usual);
      const run = await importInto(usual.url, [dump], [...SMALL_PARTS, '--conflict', policy]);
      expect(run.code).toBe(code);
      expect(reportOf(run)).toMatchObject({ read: 5, ...counts });
      expect(await readPlain(usual)).toEqual({ ...old, [`2/${GUARD}`]: 'here' });
    });

    test.each([
      ['in parts', () => usual, SMALL_PARTS, 4],
      ['from memory, to a server that takes 1 MiB at once', () => small, [], 3],
    ] as const)('replace puts the new ones in their place (%s)', async (_, to, args, written) => {
      await fill(to());
      const run = await importInto(to().url, [dump], [...args, '--conflict', 'replace']);
      expect(reportOf(run)).toMatchObject({ read: 5, written: written + 1, failed: 4 - written });
      const found = await readKeys(to());
      for (const sample of few.filter(({ longest }) => to() === usual || longest <= MAX_BULK)) {
        const key = found.find(({ key }) => key === truthOf(sample).key) as Truth;
        expect(key.expireAt).toBe(expiryOf(sample));
        expect(isDeepStrictEqual(normalTruth(key), normalTruth(truthOf(sample)))).toBe(true);
      }
      expect(found).toHaveLength(5);
    });

    test('a value that is refused leaves the one in its place alone', async () => {
      await fill(small);
      await importInto(small.url, [dump], [...SMALL_PARTS, '--conflict', 'replace', '--key', 'string']);
      expect(await readPlain(small)).toEqual(old);
    });

    test('two of one key from two databases', async () => {
      await usual.clear();
      const twice = new RdbBuilder(magic);
      for (const [db, seed] of [
        [0, 31],
        [1, 32],
      ] as const) {
        twice.selectDb(db).key(1, 'list', [1, string(noise(100 * KiB, seed))]);
      }
      const path = scratch.file(`twice-${server.name}.rdb`, twice.build());
      for (const [policy, seed, code] of [
        ['fail', 31, 1],
        ['skip', 31, 0],
        ['replace', 32, 0],
      ] as const) {
        await usual.clear();
        const run = await importInto(
          usual.url,
          [path],
          [...SMALL_PARTS, '--to-db', '7', '--conflict', policy],
        );
        expect(run.code).toBe(code);
        expect(imbalances(reportOf(run))).toEqual([]);
        const [key, ...others] = await readKeys(usual);
        expect(others).toEqual([]);
        expect(key?.value).toEqual([base64(noise(100 * KiB, seed))]);
      }
    });

    test('a dry run writes nothing and tells them', async () => {
      await fill(usual);
      const run = await importInto(usual.url, [dump], [...SMALL_PARTS, '--dry-run']);
      expect(run.code).toBe(1);
      expect(reportOf(run)).toMatchObject({ read: 5, written: 1, failed: 4 });
      expect(await readPlain(usual)).toEqual(old);
    });
  });

  describe('names that make it hard to find a temporary one', () => {
    test.each(['', '}', 'a}b', '{}', '{tag}rest', '{a}{b}', 'x'.repeat(70_000)])('%j', async (name) => {
      await usual.clear();
      const element = noise(100 * KiB, 33);
      const builder = new RdbBuilder(magic).selectDb(0).key(1, name, [1, string(element)]);
      const run = await importInto(usual.url, [scratch.file('name.rdb', builder.build())], SMALL_PARTS);
      expect(run.code).toBe(0);
      expect(await readKeys(usual)).toEqual([
        { db: 0, key: base64(bytes(name)), type: 'list', expireAt: null, value: [base64(element)] },
      ]);
    });
  });

  describe('a source that ends in the middle of a large value', () => {
    // All of them on one server, some on the others.
    const cut = known.filter((sample, i) => !isGone(sample) && (server === servers[0] || i % 4 === 0));

    test.each(cut.map((sample) => [sample.name, sample] as const))(
      '%s leaves nothing behind',
      async (_, sample) => {
        await usual.clear();
        const head = new RdbBuilder(magic).selectDb(0).key(0, 'before', string('here')).open();
        const whole = new RdbBuilder(magic)
          .selectDb(0)
          .key(0, 'before', string('here'))
          .key(sample.code, sample.name, sample.value)
          .build();
        const cut = whole.slice(0, Math.floor((head.length + whole.length) / 2));
        const run = await importInto(usual.url, ['-'], SMALL_PARTS, { input: cut });
        expect(run.code).toBe(2);
        expect(run.stderr).toMatch(/^rdbkit: stdin: [^\n]+\n$/);
        expect(run.stderr).toContain(sample.name);
        expect(await readPlain(usual)).toEqual({ '0/before': 'here' });
        expect(reportOf(run)).toMatchObject({ read: 2, written: 1, failed: 1 });
        expect(reportOf(run).error?.code).toBe('INPUT_TRUNCATED');
        expect(imbalances(reportOf(run))).toEqual([]);
        expect(run.rejects?.map(({ key }) => key)).toEqual([sample.name]);
      },
    );
  });

  describe('a run that is ended in the middle of a large value', () => {
    const temporary = async (running: RunningServer) => running.client.keys('rdbkit:*');
    /** The first half of a value, or a little more, behind a key. */
    const half = (name: string) => {
      const sample = known.find((one) => one.name === name) as LargeSample;
      return new RdbBuilder(magic)
        .selectDb(0)
        .key(sample.code, name, sample.value.slice(0, sample.value.length / 2))
        .open();
    };
    const gone = async (running: RunningServer) =>
      until(
        async () => !String(await running.client.client('LIST')).includes('name=rdbkit '),
        'its connection is closed',
      );

    test.each(['list-elements', 'hash'])('by SIGINT leaves nothing behind (%s)', async (name) => {
      await usual.clear();
      const { child, finished } = await startImport(usual.url, ['-'], SMALL_PARTS, {
        input: half(name),
        leaveOpen: true,
      });
      let run: Imported | undefined;
      finished.then((ended) => {
        run = ended;
      });
      await until(async () => (await temporary(usual)).length > 0, 'a temporary key is there');
      // More of the value goes on coming, so that it sees the signal.
      child.kill('SIGINT');
      await until(async () => {
        child.stdin?.write(new Uint8Array(100));
        await setTimeout(10);
        return run !== undefined;
      }, 'it has ended');
      expect(Object.keys(await readPlain(usual))).toEqual([]);
      expect(run?.code).toBe(130);
      expect(run?.rejects?.map(({ key }) => key)).toEqual([name]);
      expect(imbalances(reportOf(run as Imported))).toEqual([]);
    });

    test('by SIGINT while its source has stalled', async () => {
      await usual.clear();
      const { child, finished } = await startImport(usual.url, ['-'], SMALL_PARTS, {
        input: half('list-elements'),
        leaveOpen: true,
      });
      await until(async () => (await temporary(usual)).length > 0, 'a temporary key is there');
      child.kill('SIGINT');
      const run = await Promise.race([finished, setTimeout(5000, undefined, { ref: false })]);
      child.kill('SIGKILL');
      await finished;
      await gone(usual);
      expect(run?.code).toBe(130);
      expect(Object.keys(await readPlain(usual))).toEqual([]);
    });

    test.each(['list-elements', 'hash'])('by SIGKILL leaves a key that expires (%s)', async (name) => {
      await usual.clear();
      const { child, finished } = await startImport(usual.url, ['-'], SMALL_PARTS, {
        input: half(name),
        leaveOpen: true,
      });
      await until(async () => {
        const [key] = await temporary(usual);
        return key !== undefined && (await usual.client.pttl(key)) > 0;
      }, 'a temporary key is there that expires');
      child.kill('SIGKILL');
      await finished;
      await gone(usual);
      const [key = '', ...others] = await usual.client.keys('*');
      expect(others).toEqual([]);
      expect(key).toMatch(/^rdbkit:tmp:/);
      expect(await usual.client.pttl(key)).toBeGreaterThan(0);
    });

    test('by SIGKILL leaves a key that expires (a set held in memory)', async () => {
      const { client } = small;
      const members = Array.from({ length: 200_000 }, (_, i) => string(String(i).padStart(64, '0')));
      const head = new RdbBuilder(magic).selectDb(0).raw(2, string('set'), length(members.length)).open();
      const end = [0xff, 0, 0, 0, 0, 0, 0, 0, 0];
      const file = scratch.file('set.rdb', Buffer.concat([head, ...members, Uint8Array.from(end)]));
      let left: string[] = [];
      // The set can be complete before its temporary key is seen; then once more.
      for (let tries = 0; left.length === 0 && tries < 10; tries++) {
        await small.clear();
        const { child, finished } = await startImport(small.url, [file], ['--no-precheck']);
        let ended = false;
        finished.then(() => {
          ended = true;
        });
        await until(async () => ended || (await temporary(small)).length > 0, 'a temporary key is there');
        await client.client('PAUSE', 60_000, 'WRITE');
        child.kill('SIGKILL');
        await finished;
        await client.client('UNPAUSE');
        await gone(small);
        left = await temporary(small);
      }
      expect(left).toHaveLength(1);
      expect(await client.pttl(left[0] as string)).toBeGreaterThan(0);
    });

    test('by a lost connection says so', async () => {
      await usual.clear();
      const { child, finished } = await startImport(usual.url, ['-'], SMALL_PARTS, {
        input: half('list-elements'),
        leaveOpen: true,
      });
      await until(async () => (await temporary(usual)).length > 0, 'a temporary key is there');
      await usual.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      child.stdin?.end();
      const run = await finished;
      expect(run.code).toBe(2);
      expect(imbalances(reportOf(run))).toEqual([]);
      expect(reportOf(run)).toMatchObject({ read: 1, failed: 1 });
    });
  });

  test('a value that is damaged inside fails alone', async () => {
    await usual.clear();
    const broken = samples.find(({ name }) => name === 'hash-listpack') as LargeSample;
    const value = broken.value.slice();
    // No listpack entry begins with 0xfe.
    value.fill(0xfe, value.length / 2, value.length / 2 + 300);
    const file = new RdbBuilder(magic)
      .selectDb(0)
      .key(broken.code, 'broken', value)
      .key(0, 'behind', string('here'))
      .build();
    const run = await importInto(usual.url, [scratch.file('broken.rdb', file)], SMALL_PARTS);
    expect(run.code).toBe(1);
    expect(reportOf(run)).toMatchObject({ read: 2, written: 1, failed: 1 });
    expect(run.rejects?.map(({ key }) => key)).toEqual(['broken']);
    expect(run.rejects?.[0]?.cause).toMatch(/listpack/);
    expect(await readPlain(usual)).toEqual({ '0/behind': 'here' });
  });

  test('a member that is too long to be held is refused by name', async () => {
    await usual.clear();
    const member = noise(17 * MiB, 34);
    const file = new RdbBuilder(magic)
      .selectDb(0)
      .key(5, 'too long', [1, string(member), new Uint8Array(8)])
      .key(0, 'behind', string('here'))
      .build();
    const run = await importInto(usual.url, [scratch.file('long.rdb', file)]);
    expect(run.code).toBe(1);
    expect(
      run.rejects?.map(({ key, cause }) => [key, /member or field of more than \d+ bytes/.test(cause)]),
    ).toEqual([['too long', true]]);
    expect(await readPlain(usual)).toEqual({ '0/behind': 'here' });
  });
});

interface Times {
  readonly pending: readonly (readonly [id: string, at: number])[];
  readonly consumers: readonly {
    readonly name: string;
    readonly seenAt: number;
    readonly activeAt: number;
  }[];
}
