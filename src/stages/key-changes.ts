import { latin1Bytes, latin1Text } from '../bytes/ascii.js';

/** The new name of the key `bytes[start, end)`; undefined when it keeps the one it has. */
export type KeyChange = (bytes: Uint8Array, start: number, end: number) => Uint8Array | undefined;

/** Replaces what the expression matches; see `rename`. */
export function substitution(expression: RegExp, replacement: string): KeyChange {
  return (bytes, start, end) => {
    const key = latin1Text(bytes, start, end);
    const renamed = key.replace(expression, replacement);
    return renamed === key ? undefined : latin1Bytes(renamed);
  };
}

/** Puts a prefix before the key. */
export function prefixing(prefix: Uint8Array): KeyChange {
  return (bytes, start, end) => {
    const key = new Uint8Array(prefix.length + end - start);
    key.set(prefix);
    // Keys are short: a view for `set` would cost more.
    for (let i = start; i < end; i++) key[prefix.length + i - start] = bytes[i] as number;
    return key;
  };
}

/** Takes a prefix off, where the key begins with it. */
export function unprefixing(prefix: Uint8Array): KeyChange {
  return (bytes, start, end) =>
    beginsWith(prefix, bytes, start, end) ? bytes.subarray(start + prefix.length, end) : undefined;
}

export function beginsWith(prefix: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

/** One change after the other. */
export function inTurn(changes: readonly KeyChange[]): KeyChange {
  const [only] = changes;
  if (only !== undefined && changes.length === 1) return only;
  return (bytes, start, end) => {
    let key: Uint8Array | undefined;
    for (const change of changes) {
      key = (key === undefined ? change(bytes, start, end) : change(key, 0, key.length)) ?? key;
    }
    return key;
  };
}
