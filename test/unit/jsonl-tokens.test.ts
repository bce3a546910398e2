import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { JsonLine } from '../../src/io/jsonl-line.js';
import { endOfLine, Json, JsonTokens } from '../../src/io/jsonl-tokens.js';

const tokens = new JsonTokens();

function open(text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const line = new JsonLine();
  line.number = 2;
  line.hold(bytes, 0, bytes.length);
  tokens.open(line);
}

/** Every token as its number and text, read to the end. */
function all(text: string): [Json, string][] {
  open(text);
  const found: [Json, string][] = [];
  for (let token = tokens.next(); token !== Json.end; token = tokens.next()) {
    const hasText =
      token === Json.key || token === Json.string || token === Json.number || token === Json.literal;
    let { text } = tokens;
    while (!tokens.isWhole) {
      tokens.more();
      text += tokens.text;
    }
    found.push([token, hasText ? text : '']);
  }
  return found;
}

function column(): number {
  const search = tokens.findColumn();
  for (;;) {
    const { value, done } = search.next();
    if (done === true) return value;
  }
}

/** Code, reason and column of the fault of a line; `stopAt` is the token at which its reader gives up. */
function faultOf(text: string | Uint8Array, stopAt = Number.POSITIVE_INFINITY): [string, number] {
  open(text);
  try {
    for (let i = 1; tokens.next() !== Json.end; i++) if (i >= stopAt) return ['stopped', column()];
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RdbkitError);
    const found = column();
    const { code, message } = tokens.endsTooSoon ? endOfLine() : (thrown as RdbkitError);
    return [`${code} ${message}`, found];
  }
  return ['none', 0];
}

describe('tokens of a line', () => {
  test('keep order, repeated names and every digit', () => {
    expect(all('{"2":18446744073709551615,"1":-0,"2":1e3,"__proto__":[true,null,"a\\u00e9\\n"]}')).toEqual([
      [Json.beginObject, ''],
      [Json.key, '2'],
      [Json.number, '18446744073709551615'],
      [Json.key, '1'],
      [Json.number, '-0'],
      [Json.key, '2'],
      [Json.number, '1e3'],
      [Json.key, '__proto__'],
      [Json.beginArray, ''],
      [Json.literal, 'true'],
      [Json.literal, 'null'],
      [Json.string, 'aé\n'],
      [Json.endArray, ''],
      [Json.endObject, ''],
    ]);
  });

  test('long strings come in pieces, whatever is in them', () => {
    const text = 'a"\\\u{1f600}é\u0000'.repeat(40_000);
    expect(all(JSON.stringify([text, 'b']))[1]).toEqual([Json.string, text]);
    expect(all(JSON.stringify({ [text]: 1 }))[1]).toEqual([Json.key, text]);
  });

  test('skip passes over whole values', () => {
    open('{"a":{"b":[1,{"c":"d"}],"e":2},"f":3}');
    tokens.next();
    tokens.next();
    expect([...tokens.skip(tokens.next())]).toEqual([]);
    expect([tokens.next(), tokens.text]).toEqual([Json.key, 'f']);
  });
});

describe('the column of a fault', () => {
  test.each<[string, string, number]>([
    ['{"db":0', 'INPUT_TRUNCATED the line ends in the middle of a record', 8],
    ['{"db":"ab', 'INPUT_TRUNCATED the line ends in the middle of a record', 10],
    ['{"db":0}}', 'INPUT_CORRUPT not JSON: unexpected characters', 9],
    ['{"db":,}', 'INPUT_CORRUPT not JSON: expected a value', 7],
    ['{"db":0,}', "INPUT_CORRUPT not JSON: unexpected token '}'", 9],
    ['{db:0}', 'INPUT_CORRUPT not JSON: expected an object key', 2],
    ['{"a":nul}', 'INPUT_CORRUPT not JSON: expected a value', 6],
    ['{"a":  nul, "b": "cccccccccccccccccccccccccccccccccc"}', 'INPUT_CORRUPT not JSON: expected a value', 8],
    ['{"a":01}', "INPUT_CORRUPT not JSON: expected ','", 7],
    ['{"é😀":[1 2]}', "INPUT_CORRUPT not JSON: expected ','", 11],
    ['{"a":"b\\x"}', 'INPUT_CORRUPT not JSON: a control character or an unknown escape in a string', 8],
    ['{"a":"bc\td"}', 'INPUT_CORRUPT not JSON: a control character or an unknown escape in a string', 9],
  ])('%s', (text, reason, column) => {
    expect(faultOf(text)).toEqual([reason, column]);
  });

  test('bytes that are no UTF-8', () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"é":"'), 0xff, 0x22, 0x7d]);
    expect(faultOf(bytes)).toEqual(['INPUT_CORRUPT not UTF-8', 7]);
  });

  test('the token at which a reader gives up', () => {
    const text = '{"db":0, "k": true, "v":[null,"x", 12]}';
    const places = [1, 2, 7, 10, 15, 21, 25, 26, 31, 36, 38, 39];
    expect(places.map((_, i) => faultOf(text, i + 1)[1])).toEqual(places);
  });

  test('in a long line', () => {
    const head = `{"v":["${'x,"é'.replaceAll('"', '\\"').repeat(60_000)}",`;
    expect(faultOf(`${head}oops]}`)).toEqual(['INPUT_CORRUPT not JSON: expected a value', head.length + 1]);
    expect(faultOf(`${head}12]}`, 5)).toEqual(['stopped', head.length + 1]);
  });
});
