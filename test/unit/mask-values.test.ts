import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyedHash, readMaskKey } from '../../src/io/mask-key.js';
import { Spool } from '../../src/io/spool.js';
import { run } from '../../src/pipeline.js';
import { ValueChecker } from '../../src/rdb/values/check.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { limit } from '../../src/stages/limit.js';
import { MaskRules, parseMaskRule } from '../../src/stages/mask-rules.js';
import { maskStages } from '../../src/stages/mask-stages.js';
import { bytes, float64, length, littleEndian, lzfString, string } from '../support/bytes.js';
import { corpus, corpusBytes } from '../support/corpus.js';
import { DumpSource } from '../support/dump-source.js';
import { MASK_KEY, masked } from '../support/masked.js';
import { intset, listpack } from '../support/packed.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { NotingSink, sourceOf } from '../support/records.js';
import { Scratch } from '../support/scratch.js';

const dump = () => new RdbBuilder('REDIS0014').selectDb(0);
const digest = (text: string) =>
  createHmac('sha256', MASK_KEY).update(text, 'latin1').digest('hex').slice(0, 32);

async function maskedValue(builder: RdbBuilder, ...rules: string[]): Promise<unknown> {
  const { keys, account } = await masked(builder.build(), rules);
  expect([...account.causes.keys()]).toEqual([]);
  return keys[0]?.value;
}

describe('methods', () => {
  test('hash is HMAC-SHA-256 under the key, 128 bits of it', async () => {
    expect(await maskedValue(dump().key(0, 'k', string('ann@example.com')), '*=hash')).toBe(
      digest('ann@example.com'),
    );
    expect(await maskedValue(dump().key(0, 'k', string('')), '*=hash')).toBe(digest(''));
  });

  test('fixed is the text', async () => {
    expect(await maskedValue(dump().key(0, 'k', string('secret')), '*=fixed')).toBe('masked');
    expect(await maskedValue(dump().key(0, 'k', string('secret')), '*=fixed:')).toBe('');
  });

  test.each([
    ['+49 170-1234567', /^\+\d\d \d{3}-\d{7}$/],
    ['Ann.Lee@Example.com', /^[A-Z][a-z]{2}\.[A-Z][a-z]{2}@[A-Z][a-z]{6}\.[a-z]{3}$/],
    ['2026-11-20T09:05:10Z', /^[1-9]\d{3}-[1-9]\d-\d\d[A-Z]\d\d:\d\d:[1-9]\d[A-Z]$/],
    ['-17', /^-[1-9]\d$/],
    ['{"a": "b"}', /^\{"[a-z]": "[a-z]"\}$/],
  ])('noise keeps the form of %s', async (text, form) => {
    const value = await maskedValue(dump().key(0, 'k', string(text)), '*=noise');
    expect(value).toMatch(form);
    expect(value).not.toBe(text);
  });

  test('noise on text beyond ASCII is UTF-8 of the same length', async () => {
    const text = 'žluťoučký 漢字 🐎';
    const value = Buffer.from(
      (await maskedValue(dump().key(0, 'k', string(text)), '*=noise')) as string,
      'latin1',
    );
    expect(value.length).toBe(Buffer.from(text).length);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(value)).not.toThrow();
    expect(value.toString()).not.toMatch(/[žťčý漢字🐎]/u);
  });

  test('noise on bytes that are no text leaves none of them in place', async () => {
    const content = Uint8Array.from({ length: 4096 }, (_, i) => (i % 7 === 0 ? 0xff : 0x2d));
    const value = Buffer.from(
      (await maskedValue(dump().key(0, 'k', string(content)), '*=noise')) as string,
      'latin1',
    );
    expect(value).toHaveLength(4096);
    expect(value.includes('----')).toBe(false);
    expect(new Set(value).size).toBe(256);
  });

  test('noise on bytes that begin as text and go on as none leaves none of these in place', async () => {
    const tail = Uint8Array.from({ length: 30_000 }, (_, i) => (i * 2_654_435_761) >>> 23);
    const content = bytes('text '.repeat(20_000), tail);
    const masked = Buffer.from(
      (await maskedValue(dump().key(0, 'k', string(content)), '*=noise')) as string,
      'latin1',
    ).subarray(-tail.length);
    const kept = tail.filter((byte, i) => masked[i] === byte).length;
    expect(kept).toBeLessThan(tail.length / 100);
  });

  test('noise on marks alone draws marks', async () => {
    const value = await maskedValue(dump().key(0, 'k', string('!?!?!?!?!?!?!?!?')), '*=noise');
    expect(value).toMatch(/^[!-/:-@[-`{-~]{16}$/);
    expect(value).not.toContain('!?!?');
  });
});

describe('values', () => {
  test('members of a set stay as many, whatever the mask', async () => {
    const set = () =>
      dump().key(11, 's', string(intset([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n])));
    for (const method of ['hash', 'noise', 'fixed', 'fixed:7']) {
      const members = (await maskedValue(set(), `*=${method}`)) as string[];
      expect(new Set(members).size).toBe(12);
    }
    expect(await maskedValue(set(), '*=fixed:x')).toEqual([
      'x',
      ...Array.from({ length: 11 }, (_, i) => `x:${i + 2}`),
    ]);
  });

  test('noise grows where there is none left of its form', async () => {
    const members = Array.from({ length: 30 }, (_, i) =>
      string(String.fromCharCode(0x61 + (i % 26), ...(i < 26 ? [] : [0x61]))),
    );
    const value = (await maskedValue(
      dump().key(2, 's', bytes(length(30), ...members)),
      '*=noise',
    )) as string[];
    expect(new Set(value).size).toBe(30);
    expect(value.every((member) => /^[a-z]{1,2}\d*$/.test(member))).toBe(true);
  });

  test('scores stay', async () => {
    const zset = bytes(
      length(3),
      string('ann'),
      float64(1.5),
      string('bob'),
      float64(-0),
      string('cid'),
      float64(Infinity),
    );
    expect(await maskedValue(dump().key(5, 'z', zset), '*=hash')).toEqual([
      [digest('bob'), '-0'],
      [digest('ann'), '1.5'],
      [digest('cid'), 'inf'],
    ]);
  });

  test('one field is masked, in any encoding of hashes, and expiries stay', async () => {
    const pairs = listpack(['name', 'Ann', 'email', 'a@b', 'n', 7]);
    expect(await maskedValue(dump().key(16, 'user:1', string(pairs)), 'user:* field email=hash')).toEqual([
      ['name', 'Ann'],
      ['email', digest('a@b')],
      ['n', '7'],
    ]);
    const expiring = bytes(
      littleEndian(4_000_000_000_000, 8),
      length(1),
      length(5),
      string('email'),
      lzfString('x'.repeat(50)),
    );
    expect(await maskedValue(dump().key(24, 'user:1', expiring), '* field e*=hash')).toEqual([
      ['email', digest('x'.repeat(50)), '4000000000004'],
    ]);
  });

  test('names of fields are masked by a rule of their own, and stay different', async () => {
    const pairs = () => dump().key(16, 'h', string(listpack(['1', 'a', '2', 'b', '3', 'c', 'keep', 'd'])));
    expect(await maskedValue(pairs(), '* field-name ?=fixed:f')).toEqual([
      ['f', 'a'],
      ['f:2', 'b'],
      ['f:3', 'c'],
      ['keep', 'd'],
    ]);
    const noisy = (await maskedValue(pairs(), '* field-name [123]=noise', '*=hash')) as string[][];
    expect(new Set(noisy.map(([name]) => name)).size).toBe(4);
    expect(noisy.map(([, value]) => value)).toEqual(['a', 'b', 'c', 'd'].map(digest));
  });

  test('a name that stays and was given to another is refused, not lost', async () => {
    const pairs = string(listpack(['secret', 'a', 'x', 'b']));
    const { keys, account } = await masked(dump().key(16, 'h', pairs).build(), [
      '* field-name secret=fixed:x',
    ]);
    expect(keys).toEqual([]);
    expect([...account.causes]).toEqual([[expect.stringContaining('the name that the mask gave'), 1]]);
  });

  test('items of arrays are masked, numbers among them', async () => {
    const array = bytes(
      length(3),
      length(0),
      length(1),
      length(0),
      string('text'),
      length(5),
      length(1),
      littleEndian(42, 8),
      length(9),
      length(2),
      float64(1.5),
    );
    expect(await maskedValue(dump().key(28, 'a', array), '*=hash')).toEqual({
      insertIndex: null,
      items: [
        ['1', digest('text')],
        ['5', digest('42')],
        ['9', digest('1.5')],
      ],
    });
  });

  test('what no rule touches passes as it is stored', async () => {
    const value = bytes(length(1), lzfString('a'.repeat(100)));
    const { keys } = await masked(dump().key(1, 'list', value).key(1, 'other', value).build(), [
      'other=keep',
      'o*=hash',
      '* field x=hash',
    ]);
    expect(keys.map(({ bytes: stored }) => stored)).toEqual([value, value]);
  });

  test('the account keeps to types of the source', async () => {
    const { account } = await masked(
      dump()
        .key(11, 's', string(intset([1n])))
        .build(),
      ['*=hash'],
    );
    expect(account.totals()).toMatchObject({ read: 1, written: 1, skipped: 0, failed: 0 });
  });
});

describe('what cannot be masked', () => {
  const module = bytes(length(0x1234_5678), length(5), string('secret'), length(0));

  test.each(['*=hash', '* field email=hash', 'm*=noise'])('is refused under %s', async (rule) => {
    const { keys, account } = await masked(dump().key(7, 'mod', module).key(0, 'next', string('v')).build(), [
      rule,
    ]);
    expect(keys.map(({ key }) => key)).toEqual(['next']);
    expect(account.shown[0]).toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      cause: expect.stringContaining('module'),
    });
  });

  test('passes where no rule, or keep, matches it', async () => {
    for (const rules of [['other=hash'], ['mod=keep', '*=hash'], ['key mod=keep']]) {
      const { keys } = await masked(dump().key(7, 'mod', module).build(), rules);
      expect(keys).toHaveLength(1);
    }
  });

  test('commands of a log end the run', async () => {
    const stages = maskStages(new MaskRules([parseMaskRule('x=hash')]), keyedHash(), () => new Spool());
    const source = sourceOf([{ kind: 'command', db: 0, bytes: bytes('*0\r\n'), offset: 0 }]);
    await expect(run(source, stages, new NotingSink())).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('data that modules keep outside keys goes only where not all values are masked', async () => {
    const aux = { kind: 'module-aux', module: 'ReJSON-RL', bytes: bytes('x'), offset: 0 } as const;
    for (const [rule, passes] of [
      ['*=hash', false],
      ['*=keep', true],
      ['a*=hash', true],
    ] as const) {
      const sink = new NotingSink();
      await run(
        sourceOf([aux]),
        maskStages(new MaskRules([parseMaskRule(rule)]), keyedHash(), () => new Spool()),
        sink,
      );
      expect(sink.batches.flat()).toEqual(passes ? ['module-aux'] : []);
    }
  });

  test('a damaged value is refused', async () => {
    const { account } = await masked(
      dump()
        .key(16, 'h', string(listpack(['alone'])))
        .build(),
      ['*=hash'],
    );
    expect(account.shown[0]?.code).toBe('INPUT_CORRUPT');
    expect(account.shown[0]?.cause).toMatch(/\(in key 1 "h" > hash-listpack.*, at byte \d+\)$/);
  });
});

describe('values in parts', () => {
  const limits = { maxInlineValue: 2000, partBytes: 300, fragmentBytes: 500 };
  const elements = Array.from({ length: 200 }, (_, i) => `element-${i}`);
  const list = bytes(length(200), ...elements.map((text) => string(text)));
  const build = () =>
    dump().key(0, 'before', string('v')).key(1, 'big', list).key(0, 'behind', string('w')).build();

  test('are masked as whole ones', async () => {
    const { keys, largestBatch } = await masked(build(), ['*=hash'], { limits });
    expect(keys.map(({ key }) => key)).toEqual(['before', 'big', 'behind']);
    expect(keys[1]?.value).toEqual(elements.map(digest));
    expect(keys[1]?.parts).toBeGreaterThan(5);
    expect(largestBatch).toBeLessThanOrEqual(limits.partBytes);
  });

  test('become whole ones where the mask makes them small', async () => {
    const { keys } = await masked(build(), ['*=fixed:'], { limits });
    expect(keys[1]).toMatchObject({ parts: 0, value: elements.map(() => '') });
  });

  test('a whole one comes in parts where the mask makes it large', async () => {
    const numbers = Array.from({ length: 400 }, (_, i) => BigInt(i));
    const small = dump()
      .key(11, 's', string(intset(numbers)))
      .key(0, 'behind', string('w'))
      .build();
    const { keys, account } = await masked(small, ['s=hash'], { limits });
    expect(keys.map(({ key, parts }) => [key, parts > 0])).toEqual([
      ['s', true],
      ['behind', false],
    ]);
    expect(keys[0]?.value).toHaveLength(400);
    expect(account.totals()).toMatchObject({ written: 2, failed: 0 });
  });

  test('with nothing to mask in them pass as they are', async () => {
    const { keys } = await masked(build(), ['* field x=hash', 'before=hash'], { limits });
    expect(keys[1]?.bytes).toEqual(list);
  });

  test.each(['hash', 'noise', 'fixed'])(
    'a string in fragments gives the same as a whole one: %s',
    async (method) => {
      const text = 'Text of 2026, '.repeat(20_000);
      const file = () => dump().key(0, 'k', string(text)).key(0, 'lzf', lzfString(text)).build();
      const whole = await masked(file(), [`*=${method}`]);
      const parts = await masked(file(), [`*=${method}`], {
        limits: { ...limits, partBytes: 7000, fragmentBytes: 1234 },
      });
      expect(parts.keys.map(({ value }) => value)).toEqual(whole.keys.map(({ value }) => value));
      if (method === 'noise')
        expect(whole.keys[0]?.value).toMatch(/^([A-Z][a-z]{3} [a-z]{2} [1-9]\d{3}, )+$/);
    },
  );

  test('one that a later stage drops is left at once', async () => {
    const dropBig = keyStage('not big', ({ key }) => Buffer.from(key).toString() !== 'big');
    const { keys, account, spills } = await masked(build(), ['*=hash'], { limits, stages: [dropBig] });
    expect(keys.map(({ key }) => key)).toEqual(['before', 'behind']);
    expect(account.totals()).toMatchObject({ read: 3, written: 2, skipped: 1 });
    expect(spills.length).toBeGreaterThan(0);
    for (const spill of spills) expect(() => spill.write(new Uint8Array(1))).toThrow();
  });

  test('large ones in memory come one by one, among small ones, each with its own bytes', async () => {
    const builder = dump();
    const texts = Array.from({ length: 30 }, (_, i) => `${i} `.repeat(i % 3 === 0 ? 5 : 200 + i));
    for (const [i, text] of texts.entries()) {
      builder.key(1, `k${i}`, bytes(length(2), string(text), string(`${text}!`)));
    }
    const inMemory = { ...limits, maxInlineValue: 100_000 };
    const rule = ['*=noise'];
    const { keys } = await masked(builder.build(), rule, { limits: inMemory });
    const whole = await masked(builder.build(), rule);
    expect(keys.map(({ key }) => key)).toEqual(texts.map((_, i) => `k${i}`));
    expect(keys.map(({ value }) => value)).toEqual(whole.keys.map(({ value }) => value));
    expect(keys.map(({ value }) => (value as string[])[0]?.length)).toEqual(texts.map((text) => text.length));
  });

  test('one that ends the run is whole', async () => {
    const { keys } = await masked(build(), ['*=hash'], { limits, stages: [limit(2)] });
    expect(keys.map(({ key }) => key)).toEqual(['before', 'big']);
  });

  test('one that is damaged is refused', async () => {
    const damaged = dump()
      .key(1, 'big', bytes(length(201), list.subarray(2), 0xc3, 1, 5, 0xff))
      .build();
    const { account, spills } = await masked(damaged, ['*=hash'], { limits });
    expect(account.totals()).toMatchObject({ read: 1, failed: 1 });
    expect(account.shown[0]?.cause).toMatch(/\(in key 1 "big" > list-linkedlist.*, at byte \d+\)$/);
    for (const spill of spills) expect(() => spill.write(new Uint8Array(1))).toThrow();
  });
});

describe('keys', () => {
  const build = () =>
    dump()
      .key(0, 'session:ann', string('ann'))
      .key(0, 'user:7:email', string('7'))
      .key(0, 'config', string('x'))
      .build();

  test('what the glob names stays, the rest is masked as an equal value is', async () => {
    const { keys } = await masked(build(), ['key session:*=hash', 'key user:*:email=hash', 'session:*=hash']);
    expect(keys.map(({ key, value }) => [key, value])).toEqual([
      [`session:${digest('ann')}`, digest('ann')],
      [`user:${digest('7')}:email`, '7'],
      ['config', 'x'],
    ]);
  });

  test('a glob without wildcards masks all of the key; keep leaves it', async () => {
    const { keys } = await masked(build(), ['key session:*=keep', 'key config=noise', 'key s*=hash']);
    expect(keys.map(({ key }) => key)).toEqual([
      'session:ann',
      'user:7:email',
      expect.stringMatching(/^[a-z]{6}$/),
    ]);
    expect(keys[2]?.key).not.toBe('config');
  });
});

test('a key of its own gives the same in every run, another another', async () => {
  const build = () => dump().key(0, 'k', string('value')).build();
  for (const rule of ['*=hash', '*=noise']) {
    const values = [MASK_KEY, MASK_KEY, bytes('another key of sixteen bytes')].map(
      async (key) => (await masked(build(), [rule], { key })).keys[0]?.value,
    );
    const [a, b, c] = await Promise.all(values);
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  }
});

test('a key file is its bytes without a line break at the end, and long enough', () => {
  const scratch = new Scratch();
  try {
    const content = '0123456789abcdef';
    for (const end of ['', '\n', '\r\n']) {
      expect(Buffer.from(readMaskKey(scratch.file('key', content + end))).toString()).toBe(content);
    }
    expect(() => readMaskKey(scratch.file('short', '0123456789abcde\n'))).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
    expect(() => readMaskKey(scratch.path('none'))).toThrow(expect.objectContaining({ code: 'IO' }));
  } finally {
    scratch.remove();
  }
});

test.each(corpus.map(({ name, label }) => [label, name]))(
  'every value of %s can be masked, but those of modules',
  async (_, name) => {
    const { keys, account } = await masked(corpusBytes(name), ['*=hash']);
    const { read, written, failed } = account.totals();
    expect(read).toBe(written + failed);
    expect(keys).toHaveLength(written);
    for (const cause of account.causes.keys()) expect(cause).toMatch(/of type (module|opaque)/);
  },
);

test.each(corpus.map(({ name, label }) => [label, name]))(
  'noise leaves listpack entries of %s in the width that its server writes',
  async (_, name) => {
    const widths = async (rules: string[]) => {
      const checker = new ValueChecker();
      const sink = new NotingSink();
      sink.write = ({ records }) => {
        for (const record of records) if (record.kind === 'key') checker.check(record);
      };
      const stages = maskStages(
        new MaskRules(rules.map((rule) => parseMaskRule(rule))),
        keyedHash(),
        () => new Spool(),
      );
      await run(new DumpSource(corpusBytes(name)), stages, sink);
      return checker;
    };
    const [before, after] = [await widths([]), await widths(['*=noise'])];
    if (before.newWidths === 0) expect(after.newWidths).toBe(0);
    if (before.oldWidths === 0) expect(after.oldWidths).toBe(0);
  },
);
