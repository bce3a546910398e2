import { describe, expect, test } from 'vitest';
import { jsonlOf, readAll } from '../support/jsonl.js';

const key = (type: string, value: string, more = '') =>
  `{"db":0,"key":"k","type":"${type}"${more === '' ? '' : `,"encoding":"${more}"`},"value":${value}}\n`;
const aux = (name: string, value: string) => `{"aux":["${name}","${value}"]}\n`;

const HASH = '{"f":"v"}';
const EXPIRING = `${HASH},"fieldExpireAt":{"f":4102444800000}`;
const STREAM = '{"entries":[["1-0",["f","v"]]],"lastId":"1-0","groups":[]';

async function typeOf(lines: string): Promise<string> {
  const { keys, faults } = await readAll(jsonlOf(lines));
  expect(faults).toEqual([]);
  return (keys[0] as { type: string }).type;
}

describe('the encoding of a value', () => {
  test.each([
    ['of Redis 7.2 where nothing is said', key('set', '["a"]'), 'set-listpack'],
    [
      'of the server that the dump names',
      `${aux('redis-ver', '6.2.7')}${key('set', '["a"]')}`,
      'set-hashtable',
    ],
    ['of Valkey', `${aux('valkey-ver', '9.0.1')}${key('hash', EXPIRING)}`, 'hash-hashtable-2'],
    [
      'of no server by a version that is none',
      `${aux('redis-ver', 'x')}${key('set', '["a"]')}`,
      'set-listpack',
    ],
    ['that the record says', key('set', '["a"]', 'hashtable'), 'set-hashtable'],
    ['that the record says, of another server', key('hash', EXPIRING, 'hashtable-2'), 'hash-hashtable-2'],
    [
      'that the record says, of a newer server',
      key('stream', `${STREAM}}`, 'listpacks-4'),
      'stream-listpacks-4',
    ],
    ['that the record says, if there is such', key('set', '["a"]', 'tree'), 'set-listpack'],
    ['that the record says, if the value allows it', key('set', '["a"]', 'intset'), 'set-listpack'],
    ['of the oldest server that has arrays', key('array', '{"items":[[0,"a"]]}'), 'array'],
    ['of the oldest server whose fields expire', key('hash', EXPIRING), 'hash-listpack-ex'],
    [
      'of the oldest server with idempotent producers',
      key(
        'stream',
        `${STREAM},"idempotence":{"durationSeconds":1,"maxSize":1,"producers":[{"id":"p","entries":[["i","1-0"]]}],"added":1,"duplicates":0}}`,
      ),
      'stream-listpacks-4',
    ],
  ])('is that %s', async (_, lines, type) => {
    expect(await typeOf(lines)).toBe(type);
  });

  test('changes with the file that lines were put together from', async () => {
    const set = key('set', '["a"]');
    const { keys } = await readAll(
      jsonlOf(`${aux('redis-ver', '7.0.0')}${set}${aux('redis-ver', '7.4.0')}${set}`),
    );
    expect(keys.map(({ type }) => type)).toEqual(['set-hashtable', 'set-listpack']);
  });

  test('is that of a given server whatever the lines say', async () => {
    const target = { dialect: 'redis', rdbVersion: 10, backlen: 'old' } as const;
    const lines = `${aux('redis-ver', '7.4.0')}${key('set', '["a"]')}${key('hash', EXPIRING)}`;
    const { keys, faults } = await readAll(jsonlOf(lines, 100, { target }));
    expect(keys.map(({ type }) => type)).toEqual(['set-hashtable']);
    expect(faults.join()).toMatch(/^3:\d+ TARGET_INCOMPATIBLE the expiry of a hash field needs Redis 7.4/);
  });
});
