/** Where a UTF-8 text stands: `UTF8_WHOLE`, inside of a character, or `NOT_UTF8`. */
export type Utf8State = number;

/** At the beginning, or behind a whole character. */
export const UTF8_WHOLE: Utf8State = 0;
/** The bytes were no UTF-8. */
export const NOT_UTF8: Utf8State = 8;

/** Inside of a character: so many bytes in 0x80 to 0xBF must follow, */
const ONE_MORE = 1;
const TWO_MORE = 2;
const THREE_MORE = 3;
/** or a second byte whose range its first byte narrows: no overlong form, surrogate or more than U+10FFFF. */
const AFTER_E0 = 4;
const AFTER_ED = 5;
const AFTER_F0 = 6;
const AFTER_F4 = 7;

/** Files look up a constant of their own faster than one that they import. */
const NEXT = utf8Table();

/** The state after a byte, by `state << 8 | byte`. */
export const UTF8_NEXT = NEXT;

/**
 * The state behind a piece of a text, which may be cut anywhere: `UTF8_WHOLE` for a whole one that
 * is valid as the WHATWG Encoding Standard has it. `state` is that behind the piece before.
 */
export function utf8State(bytes: Uint8Array, start: number, end: number, state: Utf8State): Utf8State {
  let next = state;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80 || next !== UTF8_WHOLE) {
      next = NEXT[(next << 8) | byte] as number;
      if (next === NOT_UTF8) break;
    }
  }
  return next;
}

/** Table 3-7 of the Unicode Standard as an automaton; whatever it does not list is `NOT_UTF8`. */
function utf8Table(): Uint8Array {
  const next = new Uint8Array(9 << 8).fill(NOT_UTF8);
  const allow = (state: number, first: number, last: number, then: number): void => {
    next.fill(then, (state << 8) | first, ((state << 8) | last) + 1);
  };
  allow(UTF8_WHOLE, 0x00, 0x7f, UTF8_WHOLE);
  allow(UTF8_WHOLE, 0xc2, 0xdf, ONE_MORE);
  allow(UTF8_WHOLE, 0xe0, 0xef, TWO_MORE);
  allow(UTF8_WHOLE, 0xe0, 0xe0, AFTER_E0);
  allow(UTF8_WHOLE, 0xed, 0xed, AFTER_ED);
  allow(UTF8_WHOLE, 0xf0, 0xf3, THREE_MORE);
  allow(UTF8_WHOLE, 0xf0, 0xf0, AFTER_F0);
  allow(UTF8_WHOLE, 0xf4, 0xf4, AFTER_F4);
  allow(ONE_MORE, 0x80, 0xbf, UTF8_WHOLE);
  allow(TWO_MORE, 0x80, 0xbf, ONE_MORE);
  allow(THREE_MORE, 0x80, 0xbf, TWO_MORE);
  allow(AFTER_E0, 0xa0, 0xbf, ONE_MORE);
  allow(AFTER_ED, 0x80, 0x9f, ONE_MORE);
  allow(AFTER_F0, 0x90, 0xbf, TWO_MORE);
  allow(AFTER_F4, 0x80, 0x8f, TWO_MORE);
  return next;
}
