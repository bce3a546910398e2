import { NOT_UTF8, UTF8_WHOLE, type Utf8State, utf8State } from '../bytes/utf8.js';
import { EscapeTable } from './escaped-text.js';
import type { OutputBuffer } from './output-buffer.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const APOSTROPHE = 0x27;

/** With these a spreadsheet begins a formula; the apostrophe is what is put before them. */
const FORMULA: ReadonlySet<number> = new Set(Array.from("=+-@'", (char) => char.charCodeAt(0)));

/**
 * Finds out how a text can stand in a CSV field: fed from its beginning, in pieces cut anywhere.
 * UTF-8 without control characters that does not begin with a quote stands as it is.
 */
export class CsvText {
  private state: Utf8State = UTF8_WHOLE;
  private first = -1;
  private hasControl = false;
  private hasSpecial = false;

  begin(): void {
    this.state = UTF8_WHOLE;
    this.first = -1;
    this.hasControl = false;
    this.hasSpecial = false;
  }

  look(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.first < 0) this.first = bytes[start] as number;
    if (this.hasControl || this.state === NOT_UTF8) return;
    let high = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte < 0x20 || byte === 0x7f) {
        this.hasControl = true;
        return;
      }
      if (byte === QUOTE || byte === COMMA) this.hasSpecial = true;
      high |= byte;
    }
    if (high >= 0x80 || this.state !== UTF8_WHOLE) this.state = utf8State(bytes, start, end, this.state);
  }

  /** Begins the field of the text that was looked at. @param guard whether formulas are kept from being ones */
  open(out: OutputBuffer, guard: boolean): void {
    if (this.isEscaped) {
      // A quote as the first character of the field, doubled, behind the one that begins it.
      out.ascii('"""');
      return;
    }
    if (this.hasSpecial) out.byte(QUOTE);
    if (guard && FORMULA.has(this.first)) out.byte(APOSTROPHE);
  }

  /** Writes a piece of the text. */
  put(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    if (this.isEscaped) {
      ESCAPED.put(out, bytes, start, end);
    } else if (!this.hasSpecial) {
      out.put(bytes, start, end);
    } else {
      for (let i = start; i < end; i++) {
        const byte = bytes[i] as number;
        if (byte === QUOTE) out.byte(QUOTE);
        out.byte(byte);
      }
    }
  }

  close(out: OutputBuffer): void {
    if (this.isEscaped) out.ascii('"""');
    else if (this.hasSpecial) out.byte(QUOTE);
  }

  private get isEscaped(): boolean {
    return this.hasControl || this.state !== UTF8_WHOLE || this.first === QUOTE;
  }
}

/** As redis-cli escapes bytes, with the quotes doubled of `\"`. */
const ESCAPED = new EscapeTable((escaped) => escaped.replace('"', '""'));
