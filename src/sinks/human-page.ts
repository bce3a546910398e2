import { MAX_INTEGER_DIGITS, putInteger, utf8Bytes } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import { halvesText } from '../rdb/stream-id.js';
import type { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { type Palette, painted } from './human-palette.js';
import { HumanStrings } from './human-strings.js';
import type { OutputBuffer } from './output-buffer.js';

const LF = 0x0a;
const SPACE = 0x20;

/** Puts the value of one key on lines for a person. */
export class HumanPage {
  readonly strings = new HumanStrings();
  private readonly digits = new Uint8Array(MAX_INTEGER_DIGITS);

  constructor(
    readonly palette: Palette,
    readonly nowMs: () => number,
    readonly out: OutputBuffer,
  ) {}

  /** Text that is put as it is, marks of the palette included. */
  say(text: string): void {
    this.out.put(utf8Bytes(text));
  }

  paint(part: Exclude<keyof Palette, 'off'>, text: string): void {
    this.say(painted(this.palette, part, text));
  }

  endLine(): void {
    this.out.byte(LF);
    this.out.spill();
  }

  pad(columns: number): void {
    for (let left = columns; left > 0; left--) this.out.byte(SPACE);
  }

  /** A line of the head: a name and what is known under it. */
  fact(name: string, text: string): void {
    this.paint('label', name.padEnd(LABEL_WIDTH));
    this.say(`${text}\n`);
  }

  /** The string that the token is or begins, as a part of the palette, filled up to a width. */
  string(value: ValueReader, token: Token, part?: Exclude<keyof Palette, 'off'>, width = 0): void {
    if (part !== undefined) this.say(this.palette[part]);
    const columns = this.strings.put(value, token, this.out);
    if (part !== undefined) this.say(this.palette.off);
    this.pad(width - columns);
  }

  /** An integer to the right of its column. */
  number(value: Integer, width: number): void {
    const size = putInteger(this.digits, 0, value);
    this.pad(width - size);
    this.say(this.palette.number);
    this.out.put(this.digits, 0, size);
    this.say(this.palette.off);
  }

  /** `1526919030474-55` */
  id({ cursor }: ValueReader): void {
    this.paint('name', halvesText(cursor));
  }
}

const LABEL_WIDTH = 10;
