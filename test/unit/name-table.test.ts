import { describe, expect, test } from 'vitest';
import { commandTable } from '../../src/aof/command-lookup.js';
import { NameTable } from '../../src/aof/name-table.js';
import { latin1Bytes, latin1Text } from '../../src/bytes/ascii.js';

const names = commandTable()
  .map(({ name }) => name)
  .filter((name) => !name.includes(' '));

describe('NameTable', () => {
  test('takes no name for another that differs in one byte, or in its length', () => {
    const table = new NameTable(names.length, 8192);
    names.forEach((name, i) => {
      table.add(-1, latin1Bytes(name), 0, name.length, i);
    });
    const values = new Map(names.map((name, i) => [name, i]));
    const upper = (text: string) => text.replace(/[a-z]/g, (char) => char.toUpperCase());
    const wrong: string[] = [];
    const look = (bytes: Uint8Array) => {
      const text = latin1Text(bytes);
      if (table.find(-1, bytes, 0, bytes.length) !== (values.get(upper(text)) ?? -1)) wrong.push(text);
    };
    for (const name of names) {
      const bytes = latin1Bytes(name);
      for (let i = 0; i < bytes.length; i++) {
        const kept = bytes[i] as number;
        for (let byte = 0; byte < 256; byte++) {
          bytes[i] = byte;
          look(bytes);
        }
        bytes[i] = kept;
        look(bytes.subarray(0, i));
      }
    }
    expect(wrong).toEqual([]);
  });

  test('keeps the names of each container apart', () => {
    const table = new NameTable(3, 32);
    const name = latin1Bytes('CREATE');
    table.add(1, name, 0, 6, 7);
    table.add(2, name, 0, 6, 8);
    expect([0, 1, 2].map((container) => table.find(container, name, 0, 6))).toEqual([-1, 7, 8]);
  });

  test('finds names within bytes', () => {
    const table = new NameTable(1, 8);
    table.add(-1, latin1Bytes('..set..'), 2, 5, 3);
    expect(table.find(-1, latin1Bytes('*SEt*'), 1, 4)).toBe(3);
    expect(table.find(-1, latin1Bytes('*SEt*'), 1, 5)).toBe(-1);
  });
});
