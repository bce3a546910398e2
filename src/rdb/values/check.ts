import { lzfIsValid } from '../../codec/lzf.js';
import { RdbkitError } from '../../errors.js';
import { type Limits, withLimits } from '../../limits.js';
import type { KeyBegin, KeyHead, KeyPart, KeyRecord } from '../../record.js';
import { Role } from '../grammar.js';
import { Scanner, StringForm } from '../scanner.js';
import { ValueCursor } from './cursor.js';
import { locate, openRecord, valueTypeOf } from './decode.js';
import { StreamRules } from './stream-rules.js';
import { Token } from './token.js';

/** First byte of a string that is stored as an LZF block. */
const LZF_MARK = 0xc3;

/**
 * Walks the inside of values: every length, string, packed blob and number, and the rules by
 * which servers refuse a value that is well formed. Values in parts are walked as they come.
 */
export class ValueChecker {
  private readonly cursor: ValueCursor;
  private readonly scan: Scanner;
  private readonly rules = new StreamRules();
  private begun: KeyBegin | undefined;
  private failed = false;
  private isStream = false;

  /** @param appliesRules false only makes sure that the value can be read */
  constructor(
    limits?: Partial<Limits>,
    private readonly appliesRules = true,
  ) {
    this.cursor = new ValueCursor(withLimits(limits), false);
    this.scan = new Scanner(withLimits(limits));
  }

  /** Listpack entries seen that only servers before Redis 8.8 and Valkey 9.1 can read. */
  get oldWidths(): number {
    return this.cursor.listpack.oldWidths + this.cursor.streamNode.items.oldWidths;
  }

  /** Listpack entries seen that only servers since Redis 8.8 and Valkey 9.1 can read. */
  get newWidths(): number {
    return this.cursor.listpack.newWidths + this.cursor.streamNode.items.newWidths;
  }

  /** The fault of a whole value, or undefined when there is none. */
  check(record: KeyRecord): RdbkitError | undefined {
    try {
      if (record.type.family === 'string') {
        this.checkString(record);
        return undefined;
      }
      openRecord(this.cursor, record);
      this.beginRules(record);
      this.walk();
      return undefined;
    } catch (thrown) {
      return locate(thrown, record);
    }
  }

  /** The reader has seen where the string ends; what is left to check is a compressed block. */
  private checkString({ valueBytes, valueStart, valueEnd, valueOffset }: KeyRecord): void {
    if ((valueBytes[valueStart] as number) < LZF_MARK) return;
    const { scan } = this;
    scan.view(valueBytes, valueEnd, valueOffset - valueStart);
    scan.at = valueStart;
    scan.readStringHeader();
    if (scan.form === StringForm.lzf && !lzfIsValid(valueBytes, scan.at, valueEnd, scan.size)) {
      throw new RdbkitError('INPUT_CORRUPT', 'an LZF block is damaged');
    }
  }

  /** Starts on a value in parts. */
  begin(head: KeyBegin): void {
    this.begun = head;
    this.failed = false;
    this.beginRules(head);
    this.cursor.openParts(valueTypeOf(head.type), head.valueOffset, head.templates);
  }

  /** Goes on with a part, or ends the value when there is none; a fault is told once. */
  part(part: KeyPart | undefined): RdbkitError | undefined {
    if (this.failed || this.begun === undefined) return undefined;
    try {
      if (part === undefined) this.cursor.finish();
      else this.cursor.feed(part.bytes);
      this.walk();
      return undefined;
    } catch (thrown) {
      this.failed = true;
      return locate(thrown, this.begun);
    }
  }

  private beginRules(head: KeyHead): void {
    this.isStream = this.appliesRules && head.type.family === 'stream';
    if (this.isStream) this.rules.begin();
  }

  private walk(): void {
    const { cursor, rules } = this;
    for (;;) {
      const token = cursor.next();
      if (token === Token.needInput) return;
      if (token === Token.end) {
        if (this.isStream) rules.end();
        return;
      }
      if (token === Token.double && this.appliesRules) this.checkScore();
      else if (this.isStream) rules.take(token, cursor);
    }
  }

  private checkScore(): void {
    if (this.cursor.role === Role.score && Number.isNaN(this.cursor.double)) {
      throw new RdbkitError('INPUT_CORRUPT', 'a score is not a number, which servers refuse');
    }
  }
}
