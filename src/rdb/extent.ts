import { lzfDecompress } from '../codec/lzf.js';
import { ListpackReader } from '../encodings/listpack.js';
import type { TemplateTable } from '../record.js';
import { INSTRUCTION, Op, type Program } from './grammar.js';
import { Scanner, StringForm } from './scanner.js';

const MAX_DEPTH = 8;

/**
 * Finds where a value ends, without looking inside its strings. The walk can stop at any byte and
 * go on when more have come; it never returns to bytes it has passed.
 */
export class ExtentWalker extends Scanner {
  private program: Program = NOTHING;
  private pc = 0;
  private depth = 0;
  private readonly left = new Float64Array(MAX_DEPTH);
  /** What `count`, `nameBlob` or `templateId` left for `times`. */
  private register = 0;
  /** Bytes of the current string that are still to come. */
  private missing = 0;
  private templates: TemplateTable | undefined;
  /**
   * Size of the largest string passed since `begin` whose header is not one of the short raw ones,
   * decompressed; 0 when there was none. A string that is not counted has less than 16 KiB.
   */
  largest = 0;
  /** Where set, gets begin and end of each packed blob; the value must be wholly in view. */
  onBlob: ((start: number, end: number) => void) | undefined;

  /** Starts at index `at` of the window. */
  begin(program: Program, at: number, templates?: TemplateTable): void {
    this.program = program;
    this.at = at;
    this.pc = 0;
    this.depth = 0;
    this.missing = 0;
    this.largest = 0;
    this.templates = templates;
  }

  /**
   * Walks on. True when the value ends at `at`; false when all bytes in view are passed.
   * @throws RdbkitError INPUT_CORRUPT, INPUT_TRUNCATED, INPUT_UNSUPPORTED or LIMIT_EXCEEDED
   */
  walk(): boolean {
    if (this.missing > 0 && !this.passMissing()) return false;
    const { code, jumps } = this.program;
    const { left } = this;
    for (;;) {
      const { pc } = this;
      switch (code[pc]) {
        case Op.string:
          if (!this.passString()) return false;
          break;
        case Op.packed: {
          const start = this.at;
          if (!this.passString()) return false;
          this.onBlob?.(start, this.at);
          break;
        }
        case Op.length:
          if (!this.readLength()) return false;
          break;
        case Op.double:
        case Op.int64:
          if (this.at + 8 > this.end) return false;
          this.at += 8;
          break;
        case Op.float:
          if (this.at + 4 > this.end) return false;
          this.at += 4;
          break;
        case Op.id:
          if (this.at + 16 > this.end) return false;
          this.at += 16;
          break;
        case Op.textDouble:
          if (!this.passTextDouble()) return false;
          break;
        case Op.count: {
          const count = this.readCount();
          if (count < 0) return false;
          this.register = count;
          break;
        }
        case Op.repeat: {
          const count = this.readCount();
          if (count < 0) return false;
          if (count === 0) {
            this.pc = code[pc + 2] as number;
            continue;
          }
          left[++this.depth] = count;
          break;
        }
        case Op.times:
          if (this.register === 0) {
            this.pc = code[pc + 2] as number;
            continue;
          }
          left[++this.depth] = this.register;
          break;
        case Op.next: {
          const rest = (left[this.depth] as number) - 1;
          if (rest > 0) {
            left[this.depth] = rest;
            this.pc = code[pc + 2] as number;
            continue;
          }
          this.depth--;
          break;
        }
        case Op.choice: {
          const start = this.at;
          if (!this.readLength()) return false;
          const target = this.high === 0 ? jumps[code[pc + 2] as number]?.get(this.low >>> 0) : undefined;
          if (target === undefined) {
            this.at = start;
            throw this.corrupt(`unknown tag ${this.length}`);
          }
          this.pc = target;
          continue;
        }
        case Op.jump:
          this.pc = code[pc + 2] as number;
          continue;
        case Op.nameBlob:
          if (!this.countNames()) return false;
          break;
        case Op.templateId:
          if (!this.readTemplateId()) return false;
          break;
        default:
          return true;
      }
      this.pc = pc + INSTRUCTION;
      if (this.missing > 0) return false;
    }
  }

  /**
   * Bytes of the current string that are still to come, which count as passed from now on: for a
   * reader that can go to where they end without looking at them.
   */
  passUnseen(): number {
    const unseen = this.missing;
    this.missing = 0;
    return unseen;
  }

  /** Passes a string, or what is in view of it. False when even its header is not. */
  private passString(): boolean {
    const { bytes, at, end } = this;
    if (at >= end) return false;
    const first = bytes[at] as number;
    let next: number;
    if (first < 0x40) {
      next = at + 1 + first;
    } else if (first < 0x80 && at + 1 < end) {
      next = at + 2 + (((first & 0x3f) << 8) | (bytes[at + 1] as number));
    } else {
      if (!this.readStringHeader()) return false;
      if (this.form !== StringForm.integer && this.size > this.largest) this.largest = this.size;
      next = this.at + this.stored;
    }
    if (next <= end) {
      this.at = next;
      return true;
    }
    if (this.base + next > this.inputEnd) this.readStringHeader();
    this.missing = next - end;
    this.at = end;
    return true;
  }

  private passMissing(): boolean {
    const passed = Math.min(this.missing, this.end - this.at);
    this.at += passed;
    this.missing -= passed;
    return this.missing === 0;
  }

  private passTextDouble(): boolean {
    if (this.at >= this.end) return false;
    const size = this.bytes[this.at] as number;
    const next = this.at + 1 + (size < 253 ? size : 0);
    if (next > this.end) return false;
    this.at = next;
    return true;
  }

  /** Counts the names in a listpack, which must be in view as a whole. */
  private countNames(): boolean {
    const start = this.at;
    if (!this.readStringHeader()) return false;
    const { at, stored, size } = this;
    if (Math.max(stored, size) > this.limits.maxTemplateBytes) {
      throw this.error('LIMIT_EXCEEDED', `field names of ${size} bytes`);
    }
    if (at + stored > this.end) {
      this.at = start;
      return false;
    }
    const blob =
      this.form === StringForm.lzf
        ? lzfDecompress(this.bytes, at, at + stored, size)
        : this.bytes.subarray(at, at + stored);
    if (blob === undefined) throw this.corrupt('the LZF block of the field names is damaged');
    const names = new ListpackReader();
    names.open(blob, 0, blob.length);
    while (names.next());
    this.register = names.count;
    this.at = at + stored;
    return true;
  }

  private readTemplateId(): boolean {
    const start = this.at;
    if (!this.readLength()) return false;
    const names = this.templates?.names(this.length);
    if (names === undefined) {
      this.at = start;
      throw this.corrupt(`template ${this.length} is not declared in the file`);
    }
    this.register = names.length;
    return true;
  }
}

const NOTHING: Program = { code: new Int32Array(3), layouts: [], jumps: [] };
