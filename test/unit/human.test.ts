import { afterAll, describe, expect, test } from 'vitest';
import { moduleId } from '../../src/rdb/module-id.js';
import { humanFormat } from '../../src/sinks/human.js';
import type { Palette } from '../../src/sinks/human-palette.js';
import { TextScan } from '../../src/sinks/human-text.js';
import { expiryText, momentText, spanText } from '../../src/sinks/human-time.js';
import { keysOnly } from '../../src/stages/keys-only.js';
import { bytes, float64, length, littleEndian, string } from '../support/bytes.js';
import { corpusFile } from '../support/corpus.js';
import { listpack } from '../support/packed.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { Scratch } from '../support/scratch.js';
import { dumpSource, exported } from '../support/shown.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

let dumps = 0;
async function shown(dump: RdbBuilder, limits = {}, palette?: Palette): Promise<string> {
  const path = scratch.file(`dump-${dumps++}.rdb`, dump.build());
  const format = humanFormat({ nowMs: () => NOW, ...(palette === undefined ? {} : { palette }) });
  const { text, account } = await exported(dumpSource(path, limits), format, {
    stages: [keysOnly()],
    limits,
  });
  expect(account.totals().failed).toBe(0);
  return text;
}

const dump = () => new RdbBuilder('REDIS0014').selectDb(3);

/** What stands under the head. */
const body = (text: string) => text.slice(text.indexOf('\n\n') + 2);

describe('the head', () => {
  test('tells key, database, type, encoding, expiry, size and elements', async () => {
    const fields = listpack(['name', 'Ann', 'n', 42]);
    const text = await shown(
      dump()
        .expireMs(BigInt(NOW + 3 * DAY))
        .key(16, 'user:1', string(fields)),
    );
    expect(text).toBe(
      [
        'key       user:1',
        'database  3',
        'type      hash (listpack)',
        'expiry    2026-01-04 00:00:00 UTC, in 3 days',
        `size      ${fields.length + 1} bytes serialized`,
        'fields    2',
        '',
        'name  Ann',
        'n     42',
        '',
      ].join('\n'),
    );
  });

  test('tells an expiry that is past', async () => {
    const text = await shown(
      dump()
        .expireMs(BigInt(NOW - 7_200_000))
        .key(0, 'k', string('v')),
    );
    expect(text).toContain('expiry    2025-12-31 22:00:00 UTC, expired 2 hours ago\n');
  });

  test('quotes a key that is no text', async () => {
    expect(await shown(dump().key(0, Uint8Array.of(0, 255), string('v')))).toContain(
      'key       "\\x00\\xff"\n',
    );
  });
});

describe('strings', () => {
  test.each([
    ['text', 'text\n'],
    ['two\nlines\tand a tab\r\n', 'two\nlines\tand a tab\r\n\n'],
    ['{"json": "ž漢🐎"}', '{"json": "ž漢🐎"}\n'],
    ['', '""\n'],
    ['bell\x07', '"bell\\a"\n'],
    ['\x1b[2J', '"\\x1b[2J"\n'],
    ['over\rwritten', '"over\\rwritten"\n'],
    ['ends in \r', '"ends in \\r"\n'],
  ])('%j', async (value, expected) => {
    expect(body(await shown(dump().key(0, 'k', string(value))))).toBe(expected);
  });

  test('bytes that are no UTF-8 are escaped as redis-cli does', async () => {
    const text = await shown(dump().key(0, 'k', string(Uint8Array.of(0xff, 0x22, 0x5c, 0x41))));
    expect(body(text)).toBe('"\\xff\\"\\\\A"\n');
  });

  test.each([
    ['text', 'é'.repeat(50_000), 'é'.repeat(50_000)],
    ['no text at its end', `${'a'.repeat(90_000)}\x01`, `"${'a'.repeat(90_000)}\\x01"`],
  ])('a long one in parts and fragments: %s', async (_, value, expected) => {
    const limits = { maxInlineValue: 4096, partBytes: 1000, fragmentBytes: 777 };
    expect(body(await shown(dump().key(0, 'k', string(value)), limits))).toBe(`${expected}\n`);
  });
});

describe('collections', () => {
  test('lists are numbered', async () => {
    const items = Array.from({ length: 10 }, (_, i) => `e${i}`);
    const text = await shown(dump().key(18, 'l', bytes(length(1), length(2), string(listpack(items)))));
    expect(body(text).split('\n').slice(0, 10)).toEqual(
      items.map((item, i) => `${String(i + 1).padStart(2)}) ${item}`),
    );
  });

  test('members and scores stand in columns', async () => {
    const zset = [
      length(3),
      string('a'),
      float64(1.5),
      string('漢字'),
      float64(-20),
      string('ccc'),
      float64(Infinity),
    ];
    expect(body(await shown(dump().key(5, 'z', bytes(...zset))))).toBe('a     1.5\n漢字  -20\nccc   inf\n');
  });

  test('an element is quoted when it could be taken for another', async () => {
    const members = ['plain', '"quoted"', '', ' led by a space', 'two\nlines'];
    const text = await shown(
      dump().key(2, 's', bytes(length(members.length), ...members.map((member) => string(member)))),
    );
    expect(body(text)).toBe('plain\n"\\"quoted\\""\n""\n" led by a space"\n"two\\nlines"\n');
  });

  test.each([
    [
      'before',
      24,
      [
        littleEndian(NOW, 8),
        length(2),
        length(DAY + 1),
        string('f'),
        string('v'),
        length(0),
        string('g'),
        string('w'),
      ],
    ],
    ['behind', 25, [littleEndian(NOW, 8), string(listpack(['f', 'v', NOW + DAY, 'g', 'w', 0]))]],
  ])('fields tell when they expire, stored %s them', async (_, type, value) => {
    expect(body(await shown(dump().key(type, 'h', bytes(...value))))).toBe(
      'f  v  (2026-01-02 00:00:00 UTC, in 1 day)\ng  w\n',
    );
  });

  test('a field in fragments keeps its line', async () => {
    const long = 'x'.repeat(5000);
    const limits = { maxInlineValue: 1024, partBytes: 500, fragmentBytes: 600 };
    const value = [length(2), string('f'), string(long), string(`${long}\0`), string('v')];
    expect(body(await shown(dump().key(4, 'h', bytes(...value)), limits))).toBe(
      `${'f'.padEnd(40)}  ${long}\n"${long}\\x00"  v\n`,
    );
  });
});

test('a stream tells its entries, ids, groups, pending entries and consumers', async () => {
  const path = corpusFile('r72');
  if (path === undefined) throw new Error('the corpus has no r72');
  const { text } = await exported(dumpSource(path), humanFormat({ nowMs: () => NOW }), {
    stages: [keysOnly()],
  });
  const stream = text.slice(text.indexOf('key       stream:big\n'));
  const page = stream.slice(0, stream.indexOf('\nkey '));
  expect(page).toMatch(/^type {6}stream \(listpacks-3\)$/m);
  expect(page).toMatch(/^\d+-\d+ {2}2023-11-14 22:13:\d\d\.\d{3} UTC\n {4}type {3}\w+$/m);
  expect(page).toMatch(
    /^group \w+, last delivered \d+-\d+, .*\d+ pending\n {2}pending \d+-\d+ {2}delivered .* UTC, \d times?$/m,
  );
  expect(page).toMatch(/^ {2}consumer idle-consumer, seen .* UTC, never active, holds 0$/m);
  expect(page).toMatch(/^last id {3}\d+-\d+$/m);
});

test('a module tells its name and items', async () => {
  const path = corpusFile('r88');
  if (path === undefined) throw new Error('the corpus has no r88');
  const { text } = await exported(dumpSource(path), humanFormat(), { stages: [keysOnly()] });
  const page = text.slice(text.indexOf('key       vset:points\n'));
  expect(page).toContain('module    vectorset, encoding version 0\nitems     26\n\nunsigned  3\n');
  expect(page.slice(0, page.indexOf('\n\nkey'))).not.toMatch(/^ /m);
});

test.each([
  ['{"a":[1,"ž"]}', '{"a":[1,"ž"]}\n'],
  ['{"a":"\u009b31m"}', 'string    "{\\"a\\":\\"\\xc2\\x9b31m\\"}"\n'],
])('a document of RedisJSON is shown as JSON where a terminal can show it: %j', async (json, expected) => {
  const value = bytes(length(moduleId('ReJSON-RL', 3)), length(5), string(json), length(0));
  const text = await shown(dump().key(7, 'doc', value));
  expect(text).toContain('module    ReJSON-RL, encoding version 3\n');
  expect(body(text)).toBe(expected);
});

test('colours stand around parts and change nothing else', async () => {
  const mark = (n: number) => `\x1b[${n}m`;
  const palette = {
    label: mark(1),
    key: mark(2),
    name: mark(3),
    number: mark(4),
    aside: mark(5),
    fault: mark(6),
    off: mark(0),
  };
  const build = () =>
    dump()
      .expireMs(1n)
      .key(5, 'z', bytes(length(1), string('a'), float64(1)));
  const coloured = await shown(build(), {}, palette);
  expect(coloured).toContain('\x1b[');
  expect(coloured.replaceAll(/\x1b\[\dm/g, '')).toBe(await shown(build()));
});

test('a damaged value leaves nothing behind but an account', async () => {
  const path = scratch.file(
    'damaged.rdb',
    dump()
      .key(16, 'h', string(listpack(['alone'])))
      .build(),
  );
  const { text, account } = await exported(dumpSource(path), humanFormat());
  expect(text).toBe('');
  expect(account.shown[0]?.code).toBe('INPUT_CORRUPT');
});

describe('text', () => {
  const scan = new TextScan();
  const look = (content: string | Uint8Array) => {
    const encoded = Buffer.from(content as string);
    scan.begin();
    for (const byte of encoded) scan.add(Uint8Array.of(9, byte, 9), 1, 2);
    return scan;
  };

  test.each(['', 'plain', 'a\nb', 'ž', '漢字', '🐎', 'a\r\nb'])('%j is text', (text) => {
    expect(look(text).isText).toBe(true);
  });

  test.each(['\0', '\x1b', '\x7f', '\u0085', '\u009b', '\u202e', '\u2066', '\u2028', 'a\rb'])(
    '%j is none',
    (text) => {
      expect(look(text).isText).toBe(false);
    },
  );

  test.each([
    ['too long a form', [0xc0, 0x80]],
    ['too long a form', [0xe0, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a character cut short', [0x61, 0xe2, 0x82]],
    ['a stray continuation', [0x80]],
  ])('no UTF-8: %s', (_, content) => {
    expect(look(Uint8Array.from(content)).isText).toBe(false);
  });

  test.each([
    ['abc', 3],
    ['ž', 1],
    ['漢字', 4],
    ['e\u0301', 1],
    ['🐎', 2],
  ])('%j takes %i columns', (text, columns) => {
    expect(look(text).width).toBe(columns);
  });
});

describe('times', () => {
  test.each([
    [0, '0 seconds'],
    [999, '999 milliseconds'],
    [1000, '1 second'],
    [3 * DAY + 5, '3 days'],
    [800 * DAY, '2 years'],
  ])('%i ms are %s', (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });

  test('expiries beyond what a date can hold are told in ms', () => {
    expect(momentText(9_223_372_036_854_775_807n)).toBe('9223372036854775807 ms');
    expect(expiryText(9_223_372_036_854_775_807n, NOW)).toMatch(/^in \d+ years$/);
    expect(expiryText(-5n, 0)).toBe('expired 5 milliseconds ago');
  });
});
