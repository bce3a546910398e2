/**
 * Bytes as a person may read them, quoted and escaped the way redis-cli prints a string:
 * `"user:1\x00\n"`. At most `maxBytes` are shown, an ellipsis stands for the rest.
 */
export function printable(bytes: Uint8Array, maxBytes = 120): string {
  const shown = Math.min(bytes.length, maxBytes);
  let text = '"';
  for (let i = 0; i < shown; i++) text += escapeByte(bytes[i] as number);
  return `${text}"${shown < bytes.length ? '…' : ''}`;
}

const NAMED: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

function escapeByte(byte: number): string {
  const named = NAMED[byte];
  if (named !== undefined) return named;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, r: 13 };

/**
 * The bytes a quoted string of `printable` stands for. `quoted` holds one code point per byte and
 * its quotes; undefined when it is not such a string.
 */
export function unquote(quoted: string): Uint8Array | undefined {
  const last = quoted.length - 1;
  if (last < 1 || quoted[0] !== '"' || quoted[last] !== '"') return undefined;
  const bytes: number[] = [];
  for (let i = 1; i < last; i++) {
    const char = quoted[i] as string;
    if (char === '"' || (char === '\\' && i + 1 === last)) return undefined;
    if (char !== '\\') {
      bytes.push(char.charCodeAt(0));
      continue;
    }
    const next = quoted[++i] as string;
    const hex = next === 'x' ? quoted.slice(i + 1, i + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(ESCAPES[next] ?? next.charCodeAt(0));
    }
  }
  return Uint8Array.from(bytes);
}
