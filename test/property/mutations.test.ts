import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import type { Limits } from '../../src/limits.js';
import { RdbDecoder } from '../../src/rdb/reader.js';
import { ValueChecker } from '../../src/rdb/values/check.js';
import { ValueDecoder } from '../../src/rdb/values/decode.js';
import { bytes } from '../support/bytes.js';
import { fixtureFiles } from '../support/fixture-files.js';

/** Mutants of the built fixtures and of single records of the corpus, together 120,000. */
const BUILT_MUTANTS = 60_000;
const CORPUS_MUTANTS = 60_000;

/** Records of the corpus up to this size are mutated. */
const LARGEST_RECORD = 3000;

const ALLOWED = /^(?:INPUT_TRUNCATED|INPUT_CORRUPT|INPUT_CHECKSUM|INPUT_UNSUPPORTED|LIMIT_EXCEEDED)$/;

/** Small enough that what they forbid would be seen. */
const LIMITS: Partial<Limits> = {
  maxInlineValue: 4096,
  maxHeldString: 4096,
  maxPackedBlob: 65_536,
  maxTemplateBytes: 4096,
  fragmentBytes: 1024,
  partBytes: 1024,
};

/** Memory that a hundred thousand mutants may leave behind: far less than one believed length. */
const MAX_GROWTH = 256 * 1024 * 1024;

/** A repeatable source of numbers from 0 to `below`. */
class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((this.state >>> 0) / 0x1_0000_0000) * limit);
  }
}

/** What is done to a file: each returns it with one thing wrong. */
const MUTATIONS: readonly ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  function flipBit(file, random) {
    const copy = file.slice();
    const at = random.below(copy.length);
    copy[at] = (copy[at] as number) ^ (1 << random.below(8));
    return copy;
  },
  function setByte(file, random) {
    const copy = file.slice();
    copy[random.below(copy.length)] = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xfe, 0xff][
      random.below(11)
    ] as number;
    return copy;
  },
  function hugeLength(file, random) {
    const at = random.below(file.length);
    const length = [0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    return bytes(file.subarray(0, at), ...length, file.subarray(at + random.below(9)));
  },
  function largeLength(file, random) {
    const at = random.below(file.length);
    return bytes(
      file.subarray(0, at),
      0x80,
      random.below(128),
      random.below(256),
      random.below(256),
      random.below(256),
      file.subarray(at + random.below(5)),
    );
  },
  function remove(file, random) {
    const at = random.below(file.length);
    return bytes(file.subarray(0, at), file.subarray(at + 1 + random.below(8)));
  },
  function repeat(file, random) {
    const at = random.below(file.length);
    return bytes(file.subarray(0, at), file.subarray(Math.max(0, at - 1 - random.below(16))));
  },
  function splice(file, random) {
    const at = random.below(file.length);
    const from = random.below(file.length);
    return bytes(file.subarray(0, at), file.subarray(from, from + random.below(32)), file.subarray(at));
  },
];

const decoder = new ValueDecoder(LIMITS);
const checker = new ValueChecker(LIMITS);

/** Reads all, decodes and checks every value, whole and in parts; the first error, if any. */
function readMutant(file: Uint8Array): void {
  const reader = new RdbDecoder({ limits: LIMITS });
  for (let at = 0; at < file.length; at += 997) reader.push(file.subarray(at, at + 997));
  reader.end();
  for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
    for (const record of batch.records) {
      if (record.kind === 'key') {
        only(() => decoder.decode(record));
        const fault = checker.check(record);
        if (fault !== undefined && !ALLOWED.test(fault.code)) throw fault;
      } else if (record.kind === 'key-begin') checker.begin(record);
      else if (record.kind === 'key-part' || record.kind === 'key-end') {
        const fault = checker.part(record.kind === 'key-part' ? record : undefined);
        if (fault !== undefined && !ALLOWED.test(fault.code)) throw fault;
      }
    }
  }
}

function only(action: () => unknown): void {
  try {
    action();
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError) || !ALLOWED.test(thrown.code)) throw thrown;
  }
}

function mutate(files: readonly Uint8Array[], count: number, seed: number): void {
  const random = new Random(seed);
  const before = process.memoryUsage.rss();
  for (let i = 0; i < count; i++) {
    const file = files[random.below(files.length)] as Uint8Array;
    let mutant = file;
    for (let times = 1 + random.below(3); times > 0 && mutant.length > 0; times--) {
      const mutation = MUTATIONS[random.below(MUTATIONS.length)] as (typeof MUTATIONS)[number];
      mutant = mutation(mutant, random);
    }
    try {
      only(() => readMutant(mutant));
    } catch (thrown) {
      expect.fail(
        `mutant ${i} (${Buffer.from(mutant.subarray(0, 2000)).toString('hex')}): ${String(thrown)}\n${(thrown as Error).stack}`,
      );
    }
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(MAX_GROWTH);
}

describe('mutants raise typed errors only, and never hang or fill the memory', () => {
  const fixtures = fixtureFiles();

  test.each([1, 2, 3])('of the built fixtures, seed %i', (seed) => {
    const files = fixtures.filter(({ name, file }) => name.startsWith('built/') && file.length < 100_000);
    mutate(
      files.map(({ file }) => file),
      BUILT_MUTANTS / 3,
      seed,
    );
  });

  test.each([4, 5, 6])('of records of the corpus, seed %i', (seed) => {
    const records = fixtures
      .filter(({ name }) => name.endsWith('/dump'))
      .flatMap(({ file }) => recordsOf(file));
    mutate(records, CORPUS_MUTANTS / 3, seed);
  });
});

/** Each key of a dump as a dump of its own, without an end. */
function recordsOf(file: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  const reader = new RdbDecoder();
  reader.push(file);
  reader.end();
  for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
    for (const record of batch.records) {
      if (record.kind !== 'key' || record.size > LARGEST_RECORD) continue;
      found.push(bytes(file.subarray(0, 9), file.subarray(record.offset, record.valueOffset + record.size)));
    }
  }
  return found;
}
