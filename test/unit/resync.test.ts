import { describe, expect, test } from 'vitest';
import { findCommands, judgeTail } from '../../src/aof/resync.js';
import { logOf, placeIn, respBytes } from '../support/log-bytes.js';

function over(bytes: Uint8Array) {
  let reads = 0;
  return {
    get reads() {
      return reads;
    },
    readAt(offset: number, target: Uint8Array): number {
      reads++;
      const piece = bytes.subarray(offset, offset + target.length);
      target.set(piece);
      return piece.length;
    },
  };
}

function find(bytes: Uint8Array, from = 0, end = bytes.length) {
  const found = findCommands(over(bytes), from, end);
  return found && { offset: found.offset, commands: found.commands };
}

const junk = Buffer.from('\0\0*9\r\n$1\r\nx garbage $5 *3\r\n');

describe('findCommands', () => {
  test('finds the commands behind garbage', () => {
    const log = logOf('SET a 1', 'SET b 2', 'DEL a', 'SET c 3');
    expect(find(Buffer.concat([junk, log]))).toEqual({ offset: junk.length, commands: 4 });
  });

  test('takes a line of time right before them along', () => {
    const log = logOf('#TS:1795164156', 'SET a 1', 'SET b 2');
    expect(find(Buffer.concat([junk, log]))).toEqual({ offset: junk.length, commands: 2 });
  });

  test('believes one command that servers log, and no unknown one', () => {
    expect(find(Buffer.concat([junk, logOf('SET a 1'), junk]))).toEqual({ offset: junk.length, commands: 1 });
    expect(find(Buffer.concat([junk, logOf('HELO a 1'), junk]))).toBeUndefined();
    expect(find(Buffer.concat([junk, logOf('GET a'), junk]))).toBeUndefined();
    expect(find(Buffer.concat([junk, logOf('SET a'), junk]))).toBeUndefined();
    expect(find(Buffer.concat([junk, logOf('SELECT x'), junk]))).toBeUndefined();
  });

  test('believes three of any name', () => {
    const log = logOf('M.SET a 1', 'M.SET b 1', 'M.SET c 1');
    expect(find(Buffer.concat([junk, log, junk]))).toEqual({ offset: junk.length, commands: 3 });
  });

  test('does not take text of a value for commands', () => {
    const text = logOf('DEL x', 'DEL y', 'DEL z', 'FLUSHALL');
    const value = respBytes('SET', 'k', text);
    const next = logOf('SET after 1', 'SET more 1', 'SET last 1');
    const bytes = Buffer.concat([value, next]);
    const found = { offset: value.length, commands: 3 };
    // Behind the damaged header of the command; within the value, where no header tells of it.
    expect(find(bytes, 1)).toEqual(found);
    expect(find(bytes, placeIn(bytes, '*2\r\n$3\r\nDEL', 1))).toEqual(found);
    expect(find(bytes, placeIn(bytes, '\r\n$1\r\nk') + 8)).toEqual(found);
  });

  test('does not take text for commands that ends within a value', () => {
    const value = respBytes(
      'SET',
      'k',
      Buffer.concat([logOf('DEL x', 'DEL y', 'DEL z'), Buffer.from('the end')]),
    );
    const bytes = Buffer.concat([value, logOf('SET after 1')]);
    expect(find(bytes, 1)).toEqual({ offset: value.length, commands: 1 });
  });

  test('an argument that claims too much swallows nothing', () => {
    const log = logOf('SET a 1', 'SET b 2', 'SET c 3');
    for (const size of ['9999999', '34', '35', '62']) {
      const lying = Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$${size}\r\ny\r\n`);
      expect(find(Buffer.concat([lying, log]), 1)).toEqual({ offset: lying.length, commands: 3 });
    }
  });

  test('takes time in proportion to hostile bytes', () => {
    const many = Buffer.from('*1\r\n'.repeat(100_000));
    const nested = Buffer.from('*99999\r\n$3\r\nabc\r\n'.repeat(20_000));
    const chained = Buffer.concat([
      Buffer.from('$12\r\n*99\r\n$3\r\nabc\r\n'.repeat(20_000)),
      Buffer.from(`${'*200000\r\n'.repeat(500)}${'$0\r\n\r\n'.repeat(200_000)}`),
    ]);
    for (const bytes of [many, nested, chained]) {
      const reader = over(bytes);
      expect(findCommands(reader, 0, bytes.length)).toBeUndefined();
      expect(reader.reads).toBeLessThan(bytes.length / 20);
    }
  });
});

describe('judgeTail', () => {
  function judge(bytes: Buffer, offset: number) {
    return judgeTail(over(bytes), { offset, size: bytes.length - offset });
  }

  test('every torn command is torn', () => {
    const whole = respBytes('SET', 'key', 'a value\r\n*3\r\n');
    for (let size = 1; size < whole.length; size++) {
      expect(judge(whole.subarray(0, size), 0)).toBe('torn');
    }
  });

  test('a length that reaches over commands is damage', () => {
    const lying = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$99999\r\ny\r\n');
    expect(judge(Buffer.concat([lying, logOf('SET a 1', 'SET b 1', 'SET c 1')]), 0)).toBe('damage');
  });

  test('a torn value that is a log itself is torn', () => {
    const whole = respBytes('SET', 'k', logOf('DEL x', 'DEL y', 'DEL z', 'DEL w'));
    expect(judge(whole.subarray(0, whole.length - 9), 0)).toBe('torn');
  });

  test('a torn value with a log in its middle is torn, wherever it is cut off within a command', () => {
    const inner = logOf('FLUSHALL', 'DEL x', 'DEL y', 'DEL z', 'DEL w');
    for (const before of ['text', 'text\r\n', '\r\n']) {
      const whole = respBytes('SET', 'k', Buffer.concat([Buffer.from(before), inner, Buffer.from('text')]));
      const { length } = logOf('DEL w');
      const last = whole.length - 6 - length;
      for (let size = 1; size < length; size++) expect(judge(whole.subarray(0, last + size), 0)).toBe('torn');
    }
  });
});
