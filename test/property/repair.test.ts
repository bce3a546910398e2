import { afterAll, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { DAMAGES, damage, Random } from '../support/damage.js';
import { fixtureFiles } from '../support/fixture-files.js';
import { readAll } from '../support/read.js';
import { repaired, repairImbalances } from '../support/repair.js';
import { Scratch } from '../support/scratch.js';

const MUTANTS = 800;
const ALLOWED = /^(?:INPUT_TRUNCATED|INPUT_CORRUPT|INPUT_CHECKSUM|INPUT_UNSUPPORTED|LIMIT_EXCEEDED)$/;

const scratch = new Scratch();
afterAll(() => scratch.remove());

test('mutants of the built fixtures are repaired to dumps that read whole, or refused with a typed error', async () => {
  const files = fixtureFiles()
    .filter(({ name, file }) => name.startsWith('built/') && file.length < 10_000 && file.length > 20)
    .map(({ file }) => file);
  const random = new Random(7);
  let written = 0;
  for (let i = 0; i < MUTANTS; i++) {
    let mutant = files[random.below(files.length)] as Uint8Array;
    for (let times = 1 + random.below(3); times > 0 && mutant.length > 20; times--) {
      mutant = damage(
        mutant,
        DAMAGES[random.below(DAMAGES.length)] as (typeof DAMAGES)[number],
        random,
      ).bytes;
    }
    const hex = Buffer.from(mutant.subarray(0, 2000)).toString('hex');
    try {
      const { report, bytes } = await repaired(scratch, mutant, { partial: random.below(2) === 0 });
      const read = readAll(bytes);
      expect([read.error, read.checksum], hex).toEqual([undefined, 'ok']);
      expect(repairImbalances(report), hex).toEqual([]);
      expect(read.records.filter(({ kind }) => kind === 'key').length, hex).toBe(report.keys.written);
      written++;
    } catch (thrown) {
      if (!(thrown instanceof RdbkitError)) throw thrown;
      expect(thrown.code, `${hex}: ${thrown.describe()}`).toMatch(ALLOWED);
    }
  }
  expect(written).toBeGreaterThan(MUTANTS / 8);
}, 60_000);
