import { describe, expect, test } from 'vitest';
import { JsonlDecoder } from '../../src/io/jsonl-decoder.js';
import type { Limits } from '../../src/limits.js';
import { MemorySpill } from '../support/memory-output.js';

// What servers refuse to load, and what has a bound, in the groups of a stream in JSON Lines.

/** What is said of a stream with these members behind `lastId`. */
function faultOf(members: string, limits: Partial<Limits> = {}): string | undefined {
  const line = `{"db":0,"key":"s","type":"stream","value":{"entries":[],"lastId":"9-0",${members}}}`;
  const decoder = new JsonlDecoder(() => new MemorySpill(), { limits });
  decoder.push(new TextEncoder().encode(line));
  decoder.end();
  const record = decoder.next()?.records[0];
  return record?.kind === 'fault' ? `${record.code} ${record.reason}` : undefined;
}

const group = (members: string, name = 'g') => `{"name":"${name}","lastId":"0-0"${members}}`;
const consumer = (name: string) => `{"name":"${name}","seenAt":1}`;

describe('names in a stream', () => {
  test('may be the same in different groups', () => {
    const consumers = `,"consumers":[${consumer('c')}]`;
    expect(faultOf(`"groups":[${group(consumers)},${group(consumers, 'h')}]`)).toBeUndefined();
  });

  test('of groups and consumers do not occur twice', () => {
    expect(faultOf(`"groups":[${group('')},${group('')}]`)).toBe(
      'INPUT_CORRUPT the name of a group occurs twice',
    );
    expect(faultOf(`"groups":[${group(`,"consumers":[${consumer('c')},${consumer('c')}]`)}]`)).toBe(
      'INPUT_CORRUPT the name of a consumer occurs twice',
    );
  });

  test('are held up to a bound in all', () => {
    const many = Array.from({ length: 20 }, (_, i) => `${'n'.repeat(90)}${i}`);
    const limits = { maxHeldString: 1000 };
    const pending = many.map((name, i) => `["${i + 1}-0","${name}",1,1]`);
    for (const members of [
      `"groups":[${many.map((name) => group('', name))}]`,
      `"groups":[${group(`,"consumers":[${many.map(consumer)}]`)}]`,
      `"groups":[${group(`,"pending":[${pending}]`)}]`,
      `"idempotence":{"durationSeconds":1,"maxSize":1,"added":0,"duplicates":0,"producers":[${many.map((name) => `{"id":"${name}","entries":[]}`)}]}`,
    ]) {
      expect(faultOf(members, limits)).toMatch(/^LIMIT_EXCEEDED .* of more than 1000 bytes$/);
    }
  });

  test('producers and their entries have a bound together', () => {
    const producers = Array.from(
      { length: 4 },
      (_, i) => `{"id":"${i}","entries":[["a","1-1"],["b","2-1"]]}`,
    );
    const members = `"idempotence":{"durationSeconds":1,"maxSize":1,"added":0,"duplicates":0,"producers":[${producers}]}`;
    expect(faultOf(members, { maxGroupEntries: 12 })).toBeUndefined();
    expect(faultOf(members, { maxGroupEntries: 11 })).toBe(
      'LIMIT_EXCEEDED more than 11 producers and their entries',
    );
  });
});
