import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyFinder } from '../../src/aof/command-keys.js';
import { CommandLookup, commandTable } from '../../src/aof/command-lookup.js';
import { dbArgument, dbReach } from '../../src/aof/db-reach.js';
import { conditionOf, expiryOf, fieldExpiryOf } from '../../src/aof/expiry-arguments.js';
import { isRepeatable } from '../../src/aof/repeatable.js';
import type { LogHead } from '../../src/record.js';
import { anyBytes } from '../support/arbitraries.js';
import { logBegin, logCommand } from '../support/log-commands.js';

const RUNS = 3000;

const WORDS = [
  ...[
    'STORE',
    'STOREDIST',
    'STREAMS',
    'KEYS',
    'GROUP',
    'COUNT',
    'DB',
    'REPLACE',
    'ABSTTL',
    'FIELDS',
    'PX',
    'EXAT',
  ],
  ...[
    'BY',
    'GET',
    'LIMIT',
    'AUTH',
    'AUTH2',
    'MAXLEN',
    '=',
    '1-1',
    '-1',
    '0',
    '1',
    '2',
    '3',
    '99',
    '',
    'NX',
    'CH',
  ],
  ...['9223372036854775807', '99999999999999999999'],
];

const argument = fc.oneof(fc.constantFrom(...WORDS), anyBytes(12));

/** A command of the table with anything behind it. */
const anyCommand = fc
  .tuple(fc.constantFrom(...commandTable()), fc.array(argument, { maxLength: 12 }))
  .map(([{ name }, rest]) => [...name.split(' '), ...rest]);

const lookup = new CommandLookup();
const finder = new KeyFinder();

function lookAt(command: LogHead, held: number): void {
  const count = finder.find(command);
  expect(count).toBeGreaterThanOrEqual(-1);
  for (let i = 0; i < count; i++) {
    expect(finder.argumentOf(i)).toBeGreaterThan(0);
    expect(finder.argumentOf(i)).toBeLessThan(held);
  }
  const reach = dbReach(command);
  if (reach.kind === 'argument') dbArgument(command, reach.argument);
  for (const expiry of [expiryOf(command), fieldExpiryOf(command)]) {
    if (expiry !== undefined && expiry.kind !== 'unknown') expect(expiry.argument).toBeLessThan(held);
  }
  conditionOf(command);
  isRepeatable(command);
}

describe('what looks at the arguments of a command', () => {
  test('throws for none, and names no argument that is not there', () => {
    fc.assert(
      fc.property(anyCommand, (args) => lookAt(logCommand(args, lookup), args.length)),
      { numRuns: RUNS },
    );
  });

  test('says of a large command nothing else than of the same command whole, or that it is not known', () => {
    fc.assert(
      fc.property(anyCommand, fc.nat(14), (args, most) => {
        const held = Math.min(most, args.length);
        const large = logBegin(args, held, lookup);
        lookAt(large, held);
        const whole = logCommand(args, lookup);
        if (large.spec !== whole.spec) return;
        const count = finder.find(large);
        const found = Array.from({ length: Math.max(count, 0) }, (_, i) => finder.argumentOf(i));
        if (count >= 0) {
          expect(finder.find(whole)).toBe(count);
          expect(Array.from({ length: count }, (_, i) => finder.argumentOf(i))).toEqual(found);
        }
        if (isRepeatable(large)) expect(isRepeatable(whole)).toBe(true);
        const expiry = expiryOf(large);
        if (expiry?.kind !== 'unknown') expect(expiryOf(whole)).toEqual(expiry);
        const reach = dbReach(large);
        if (reach.kind !== 'unknown') expect(dbReach(whole)).toEqual(reach);
      }),
      { numRuns: RUNS },
    );
  });

  test('finds names in any case, among any bytes, as a map of the table would', () => {
    const named = new Map(commandTable().map((spec) => [spec.name, spec]));
    fc.assert(
      fc.property(fc.oneof(anyBytes(20), anyBytes(3)), (name) => {
        const upper = Buffer.from(name)
          .toString('latin1')
          .replace(/[a-z]/g, (char) => char.toUpperCase());
        const { spec } = logCommand([name], new CommandLookup(), 5);
        if (named.has(upper) && !upper.includes(' ')) expect(spec).toBe(named.get(upper));
        else expect(spec.group).toBe('unknown');
      }),
      { numRuns: 300 },
    );
  });
});
