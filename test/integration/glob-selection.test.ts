import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { globMatches } from '../../src/bytes/glob.js';
import { string } from '../support/bytes.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { importInto } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Our globs pick the keys that KEYS of a server picks.

const KEYS = 600;
const GLOBS = 3000;

/** Characters that mean something in a glob, and some that do not. */
const ALPHABET = 'aabbc-[]^*?\\!\0\xff{},.';

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Strings that look random and are the same in every run. */
function randomTexts(seed: number, count: number, longest: number): string[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: next(longest + 1) }, () => ALPHABET[next(ALPHABET.length)]).join(''),
  );
}

/** The bounds of a range are signed in a server for x86, unsigned in one for ARM, as here. */
const hasSignedRange = (glob: string) => /-[\x80-\xff]|[\x80-\xff]-/.test(glob);

const keys = [...new Set(randomTexts(1, KEYS, 6))].sort();
const globs = [
  ...[
    '',
    '*',
    '**',
    '?',
    '??',
    '[',
    '[]',
    '[^]',
    '[a',
    '[^a',
    '[a-',
    '[a-]',
    '[-a]',
    '[]a]',
    '[^]a]',
    '\\',
    'a\\',
  ],
  ...[
    '[\\',
    '[\\]]',
    '[a\\-c]',
    '[c-a]',
    '[a-c-]',
    '[a-\\]]',
    '*[',
    '*\\',
    '[*]',
    '[?]',
    '\\*',
    '\\?',
    '\\[a]',
    '[[]',
  ],
  ...[
    '[!a]',
    '{a,b}',
    '*a*b*',
    'a*a*a',
    '*\0*',

    '?\xff',
    '[^\0]*',
    '[a-a]',
    '[a-b-c]',
    '[\\a-c]',
  ],
  ...randomTexts(2, GLOBS, 8),
].filter((glob) => !hasSignedRange(glob));

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
    for (const key of keys) await running.client.set(latin1(key), 'v');
  });
  afterAll(() => running.stop());

  test('every glob picks the same keys', async () => {
    const differing: string[] = [];
    let picked = 0;
    for (const glob of new Set(globs)) {
      const theirs = (await keysOf(running, glob)).map((key) => key.toString('latin1')).sort();
      const ours = keys.filter((key) => globMatches(latin1(glob), latin1(key), 0, key.length));
      picked += ours.length;
      if (ours.join('\n') !== theirs.join('\n')) {
        const odd = [
          ...ours.filter((key) => !theirs.includes(key)),
          ...theirs.filter((key) => !ours.includes(key)),
        ];
        differing.push(`${JSON.stringify(glob)} and ${JSON.stringify(odd[0])}`);
      }
    }
    expect(differing).toEqual([]);
    expect(picked).toBeGreaterThan(1000);
  });

  describe('by --key', () => {
    const dump = scratch.file('globs.rdb', fileOf(keys));
    let target: RunningServer;

    beforeAll(async () => {
      target = await startServer(server);
    });
    afterAll(() => target.stop());

    test.each(['a*', '*[a-c]', '[^a]?*', '*\\**', '\\[*', '*[]^]', '*"*', '[\0-\x20]*', '*\xff'])(
      '%j',
      async (glob) => {
        await target.clear();
        await importInto(target.url, [dump], ['--key', argumentOf(glob)]);
        const theirs = (await keysOf(running, glob)).map((key) => key.toString('base64'));
        expect((await readKeys(target)).map(({ key }) => key).sort()).toEqual(theirs.sort());
      },
    );
  });
});

async function keysOf({ client }: RunningServer, glob: string): Promise<Buffer[]> {
  return (await client.callBuffer('KEYS', latin1(glob))) as Buffer[];
}

function fileOf(names: readonly string[]): Uint8Array {
  const builder = new RdbBuilder('REDIS0010').selectDb(0);
  for (const name of names) builder.key(0, latin1(name), string('v'));
  return builder.build();
}

/** A glob as the command line takes any bytes: quoted, where it has other than ASCII. */
function argumentOf(glob: string): string {
  if (!/[^\x20-\x7e]/.test(glob)) return glob;
  const escaped = [...glob].map((char) => {
    const code = char.charCodeAt(0);
    if (char === '\\' || char === '"') return `\\${char}`;
    return code < 0x20 || code > 0x7e ? `\\x${code.toString(16).padStart(2, '0')}` : char;
  });
  return `"${escaped.join('')}"`;
}
