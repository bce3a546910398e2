import { describe, expect, test } from 'vitest';
import { formatManifest, parseManifest, surveyManifest } from '../../src/aof/manifest.js';
import { RdbkitError } from '../../src/errors.js';
import { bytes } from '../support/bytes.js';

const parse = (...lines: string[]) => parseManifest(bytes(lines.map((line) => `${line}\n`).join('')));
const faultsOf = (text: string) =>
  surveyManifest(bytes(text)).faults.map(({ line, message }) => `${line}: ${message}`);

function errorOf(text: string): RdbkitError {
  try {
    parseManifest(bytes(text));
  } catch (thrown) {
    if (thrown instanceof RdbkitError) return thrown;
    throw thrown;
  }
  throw new Error('it was parsed');
}

describe('a manifest as servers write it', () => {
  test('base, history, increments', () => {
    expect(
      parse(
        'file appendonly.aof.2.base.rdb seq 2 type b',
        'file appendonly.aof.1.incr.aof seq 1 type h',
        'file appendonly.aof.4.incr.aof seq 4 type i startoffset 17 endoffset 99',
        'file appendonly.aof.5.incr.aof seq 5 type i startoffset 0',
      ),
    ).toEqual([
      { name: 'appendonly.aof.2.base.rdb', seq: 2, role: 'base' },
      { name: 'appendonly.aof.1.incr.aof', seq: 1, role: 'history' },
      { name: 'appendonly.aof.4.incr.aof', seq: 4, role: 'increment', startOffset: 17, endOffset: 99 },
      { name: 'appendonly.aof.5.incr.aof', seq: 5, role: 'increment', startOffset: 0 },
    ]);
  });

  test('comments, blanks, any case and order of the names, names of tomorrow', () => {
    expect(
      parse(
        '# file x seq 1 type b',
        '#',
        '  TYPE b\tsize 12  Seq 3   FILE "a b.aof"  \r',
        'file i seq 1 type incremental',
      ),
    ).toEqual([
      { name: 'a b.aof', seq: 3, role: 'base' },
      { name: 'i', seq: 1, role: 'increment' },
    ]);
  });

  test('quotes and escapes', () => {
    const [row] = parse(String.raw`file "\x61\n\"\q\xZZé\xc3\xa9" seq 1 type b`);
    expect(row?.name).toBe('a\n"qxZZéé');
    expect(parse(String.raw`file 'it\'s "a" \x61' seq 1 type b`.replace(' \\x61', ''))[0]?.name).toBe(
      'it\'s "a"',
    );
  });

  test.each([
    'plain.aof',
    'with space',
    'quo"te',
    "it's",
    'tab\tnew\nline',
    'é☃',
    '#hash',
    'seq',
    '\u0001\u007f',
  ])('the name %j comes back', (name) => {
    const rows = [{ name, seq: 7, role: 'base' } as const];
    expect(parseManifest(formatManifest(rows))).toEqual(rows);
  });

  test('is written with the base first, then history, then increments', () => {
    const rows = [
      { name: 'i', seq: 3, role: 'increment', startOffset: 5 },
      { name: 'h', seq: 1, role: 'history' },
      { name: 'b b', seq: 2, role: 'base' },
    ] as const;
    expect(Buffer.from(formatManifest(rows)).toString()).toBe(
      'file "b b" seq 2 type b\nfile h seq 1 type h\nfile i seq 3 type i startoffset 5\n',
    );
  });
});

describe('a manifest that servers refuse', () => {
  const base = 'file b seq 1 type b\n';
  test.each([
    ['', 0, 'empty'],
    ['\n', 1, 'empty line'],
    [`${base}   \n`, 2, 'empty line'],
    [`${base}\n${base}`, 2, 'empty line'],
    ['file b seq 1 type b', 1, 'line end'],
    [`${base}file i seq 1 type i`, 2, 'line end'],
    [`file ${'x'.repeat(1024)} seq 1 type b\n`, 1, 'longer than 1024'],
    ['file b seq 1\n', 1, 'at least three'],
    ['file b seq 1 type b more\n', 1, 'at least three'],
    ['file "b seq 1 type b\n', 1, 'quotes'],
    ['file "b"c seq 1 type b\n', 1, 'quotes'],
    ['name b seq 1 type b\n', 1, 'names no file'],
    ['file b seq 0 type b\n', 1, 'sequence number'],
    ['file b seq x type b\n', 1, 'sequence number'],
    ['file b seq -1 type b\n', 1, 'sequence number'],
    ['file b seq 99999999999999999 type b\n', 1, 'sequence number'],
    ['file b seq 1 type x\n', 1, 'no known type'],
    ['file b seq 1 type __proto__\n', 1, 'no known type'],
    [`${base}file c seq 2 type b\n`, 2, 'second base'],
    ['file i seq 2 type i\nfile j seq 2 type i\n', 2, 'stands behind'],
    ['file i seq 2 type i\nfile j seq 1 type i\n', 2, 'stands behind'],
    [`${base}file b seq 1 type i\n`, 2, 'again'],
    ['file b\0 seq 1 type b\n', 1, 'zero byte'],
  ])('%j', (text, line, message) => {
    const error = errorOf(text);
    expect(error.code).toBe('INPUT_CORRUPT');
    expect(error.message).toContain(message);
    expect(error.where).toBe(line === 0 ? 'manifest' : `line ${line}`);
    expect(error.offset).toBe(
      text
        .split('\n')
        .slice(0, Math.max(0, line - 1))
        .join('\n').length + (line > 1 ? 1 : 0),
    );
  });

  test.each(['/etc/passwd', '../x', '..', '.', 'a/b', 'a\\b', '', 'a\0b'])(
    'a name outside the folder: %j',
    (name) => {
      const quoted = JSON.stringify(name).replace('\\u0000', '\\x00');
      expect(errorOf(`file ${quoted} seq 1 type b\n`).message).toContain(
        'not the name of a file in this folder',
      );
    },
  );

  test('bytes that are no UTF-8 name no file', () => {
    expect(errorOf('file "\\xff" seq 1 type b\n').message).toContain('not the name of a file');
  });
});

test('everything that is wrong is told at once, and what can be read is', () => {
  const text =
    'file b seq 1 type b\nfile ../x seq 1 type i\nfile i seq 3 type i\nfile i seq 2 type i\nfile c seq 1 type b\nfile d seq 4 type i';
  expect(faultsOf(text)).toEqual([
    '2: "../x" is not the name of a file in this folder',
    '4: names "i" again, which line 3 names',
    '4: increment 2 stands behind increment 3',
    '5: a second base, line 1 names the first',
    '6: the last line has no line end',
  ]);
  expect(surveyManifest(bytes(text)).rows.map(({ name, seq }) => `${name} ${seq}`)).toEqual([
    'b 1',
    'i 3',
    'i 2',
    'c 1',
    'd 4',
  ]);
});
