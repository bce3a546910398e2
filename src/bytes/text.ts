import { latin1Text } from './ascii.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as JSON can carry them: a string, and whether its characters stand for single bytes. */
export interface JsonText {
  readonly text: string;
  /** Set when the bytes are no UTF-8: each character U+0000 to U+00FF is then one byte. */
  readonly bytes?: 'latin1';
}

/** The form of design section 7 for one string: UTF-8 as it is, anything else as Latin-1. */
export function jsonText(bytes: Uint8Array): JsonText {
  try {
    return { text: strict.decode(bytes) };
  } catch {
    return { text: latin1Text(bytes), bytes: 'latin1' };
  }
}
