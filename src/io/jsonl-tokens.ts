import { jsonParser, type Token } from 'stream-json/core/parser.js';
import { RdbkitError } from '../errors.js';
import { columnOf, END_OF_LINE, PIECES_A_TURN } from './jsonl-column.js';
import type { JsonLine } from './jsonl-line.js';

/** What `JsonTokens.next` found. */
export const Json = {
  end: 0,
  beginObject: 1,
  endObject: 2,
  beginArray: 3,
  endArray: 4,
  /** The name of a member of an object, see `text`. */
  key: 5,
  string: 6,
  /** A number as it is written. */
  number: 7,
  /** `true`, `false` or `null`. */
  literal: 8,
} as const;
export type Json = (typeof Json)[keyof typeof Json];

/** Text longer than this comes in pieces. In UTF-16 units. */
const MAX_TEXT = 64 * 1024;

/** Characters of a number that are kept: doubles have up to 1100 digits when written exactly. */
export const MAX_NUMBER = 2048;

/** Nesting that is followed: documents of RedisJSON have up to 512 levels. */
const MAX_DEPTH = 1024;

/** Nothing is packed: keys, strings and numbers of any length come in chunks. */
const STREAMED = { packValues: false } as const;

const NONE: readonly Token[] = [];

/**
 * Reads the JSON of a line token by token, in the order of the text and with what objects of
 * JavaScript lose: names that come twice, their order, every digit of a number.
 *
 * Every method that reads throws RdbkitError INPUT_CORRUPT for what is no JSON, INPUT_TRUNCATED
 * for a line that ends too soon; `column` tells the place then.
 */
export class JsonTokens {
  /**
   * Of a key or string: its text, or the first piece of it; of a literal: as written; of a number:
   * as written, but no more than `MAX_NUMBER` characters and one.
   */
  text = '';
  /** Whether `text` reaches to the end of the key or string; else `more` has the next piece. */
  isWhole = true;

  /** Set now and then in a long line, when it is time to let others run; set it back. */
  isDue = false;

  /** Whether the fault whose column was found is that the line ends too soon. */
  endsTooSoon = false;

  private line: JsonLine | undefined;
  private parse = jsonParser(STREAMED);
  private tokens: readonly Token[] = NONE;
  private at = 0;
  private depth = 0;
  /** Tokens begun in the line. */
  private started = 0;
  private pieces = 0;
  /** Whether the parser was given all of the line. */
  private isFed = false;
  private isKey = false;
  private fault: 'value' | 'syntax' | 'text' = 'value';

  /** Starts on a line. */
  open(line: JsonLine): void {
    line.rewind();
    this.line = line;
    this.parse = jsonParser(STREAMED);
    this.tokens = NONE;
    this.at = 0;
    this.depth = 0;
    this.started = 0;
    this.pieces = 0;
    this.isDue = false;
    this.isFed = false;
    this.endsTooSoon = false;
    this.isWhole = true;
    this.fault = 'value';
  }

  /**
   * Finds the column of a fault: that of the last token, or of what is no JSON where that was
   * found. `endsTooSoon` tells then whether it is the end of the line.
   */
  *findColumn(): Generator<void, number> {
    const line = this.line as JsonLine;
    if (this.fault === 'text') return line.units + 1;
    const { units } = line;
    const column = yield* columnOf(line, this.fault === 'syntax' ? undefined : this.started);
    this.endsTooSoon = this.isFed && this.fault === 'syntax' && column > units;
    return column;
  }

  /** Whether more of the line might mend the fault. */
  get mayBeCut(): boolean {
    return this.isFed && this.fault !== 'value';
  }

  /** The current token, for `blame`. */
  get place(): number {
    return this.started;
  }

  /** Makes a token from before the place of the fault that `column` tells. */
  blame(place: number): void {
    this.started = place;
  }

  /** Moves to the next token. What is left of a string is passed over. */
  next(): Json {
    while (!this.isWhole) this.more();
    const token = this.take();
    if (token === undefined) {
      if (this.depth === 0 && this.started > 0) return Json.end;
      this.fault = 'syntax';
      throw endOfLine();
    }
    switch (token.name) {
      case 'startObject':
        return this.begin(Json.beginObject);
      case 'startArray':
        return this.begin(Json.beginArray);
      case 'endObject':
        return this.finish(Json.endObject);
      case 'endArray':
        return this.finish(Json.endArray);
      case 'startKey':
        this.isKey = true;
        this.readText();
        return this.start(Json.key);
      case 'startString':
        this.isKey = false;
        this.readText();
        return this.start(Json.string);
      case 'startNumber':
        this.started++;
        this.readNumber();
        return Json.number;
      case 'trueValue':
      case 'falseValue':
      case 'nullValue':
        this.text = String(token.value);
        return this.start(Json.literal);
      default:
        throw new RdbkitError('INTERNAL', `a ${token.name} token where a value begins`);
    }
  }

  /** Moves `text` to the next piece of the string; the last may be empty. */
  more(): void {
    this.readText();
  }

  /** Passes over the rest of the value whose first token is the current one. */
  *skip(first: Json): Generator<void> {
    const outside = first === Json.beginObject || first === Json.beginArray ? this.depth - 1 : this.depth;
    for (;;) {
      if (this.isDue) yield* this.turn();
      if (!this.isWhole) this.more();
      else if (this.depth > outside) this.next();
      else return;
    }
  }

  /** Lets others run. */
  *turn(): Generator<void> {
    this.isDue = false;
    yield;
  }

  private begin(token: Json): Json {
    if (++this.depth > MAX_DEPTH) throw new RdbkitError('INPUT_CORRUPT', 'nested too deep');
    return this.start(token);
  }

  private finish(token: Json): Json {
    this.depth--;
    return this.start(token);
  }

  private start(token: Json): Json {
    this.started++;
    return token;
  }

  private readText(): void {
    const end = this.isKey ? 'endKey' : 'endString';
    let text = '';
    this.isWhole = false;
    while (text.length < MAX_TEXT) {
      const token = this.inside();
      if (token.name === end) {
        this.isWhole = true;
        break;
      }
      const { value } = token as { value: string };
      text = text === '' ? value : text + value;
    }
    this.text = text;
  }

  private readNumber(): void {
    let text = '';
    for (let token = this.inside(); token.name !== 'endNumber'; token = this.inside()) {
      if (text.length <= MAX_NUMBER) text += (token as { value: string }).value;
    }
    this.text = text.slice(0, MAX_NUMBER + 1);
  }

  /** The next token where one must come. */
  private inside(): Token {
    const token = this.take();
    if (token !== undefined) return token;
    this.fault = 'syntax';
    throw endOfLine();
  }

  private take(): Token | undefined {
    while (this.at >= this.tokens.length) {
      if (!this.feed()) return undefined;
    }
    return this.tokens[this.at++];
  }

  /** Gives the parser more of the line; false when there is none. */
  private feed(): boolean {
    if (this.isFed) return false;
    const text = this.nextText();
    if (++this.pieces % PIECES_A_TURN === 0) this.isDue = true;
    this.isFed = text === undefined;
    let found: unknown;
    try {
      found = this.parse(text ?? END_OF_LINE);
    } catch (thrown) {
      this.fault = 'syntax';
      throw new RdbkitError('INPUT_CORRUPT', reasonOf(thrown));
    }
    // No tokens are told by a symbol.
    this.tokens = typeof found === 'object' ? (found as { values: readonly Token[] }).values : NONE;
    this.at = 0;
    return true;
  }

  private nextText(): string | undefined {
    const line = this.line as JsonLine;
    try {
      return line.next();
    } catch (thrown) {
      this.fault = 'text';
      this.isFed = line.endsInCharacter;
      throw thrown;
    }
  }
}

/** What is wrong with a line that ends too soon. */
export function endOfLine(): RdbkitError {
  return new RdbkitError('INPUT_TRUNCATED', 'the line ends in the middle of a record');
}

/** What the parser says, without the words that are in all of its errors. */
function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const reason = message.replace(/^Parser (?:cannot parse input: |has )/, '');
  return reason === 'escaped characters'
    ? 'not JSON: a control character or an unknown escape in a string'
    : `not JSON: ${reason}`;
}
