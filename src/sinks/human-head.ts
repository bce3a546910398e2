import { utf8Bytes } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import { ValueCursor } from '../rdb/values/cursor.js';
import { locate, valueTypeOf } from '../rdb/values/decode.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyBegin, KeyHead } from '../record.js';
import { type Palette, painted, plainPalette } from './human-palette.js';
import { Preview } from './human-preview.js';
import { cutText, lineText, textWidth } from './human-text.js';
import { countText, expiryText } from './human-time.js';
import type { OutputBuffer } from './output-buffer.js';
import type { Handling, RecordFormat } from './record-format.js';

export interface HumanHeadOptions {
  readonly palette?: Palette;
  /** Columns of the terminal that lines are cut to; without, previews are short and keys whole. */
  readonly columns?: number;
  readonly nowMs?: () => number;
  readonly limits?: Partial<Limits>;
}

/** One key a line; says how many values could not be looked into. */
export interface HumanHeadFormat extends RecordFormat {
  readonly damaged: number;
}

interface Row {
  readonly cells: readonly [db: string, type: string, key: string, expiry: string, size: string];
  readonly preview: string;
  readonly isFault: boolean;
}

const TITLES = ['db', 'type', 'key', 'expiry', 'size'] as const;
const TITLE_ROW: Row = { cells: TITLES, preview: 'value', isFault: false };

/** Columns are as wide as the widest of so many first rows … */
const MEASURED = 100;
/** … but keys beyond this stand out, and are cut where they are longer than a few lines. */
const KEY_WIDTH = 40;
const MAX_KEY = 400;

/** Columns of a value where no terminal bounds the line, and where one leaves less room. */
const PREVIEW = 60;
const MIN_PREVIEW = 20;
const MAX_PREVIEW = 400;

/** A line for each key: database, type, key, expiry, serialized size, the beginning of the value. */
export function humanHeadFormat(options: HumanHeadOptions = {}): HumanHeadFormat {
  return new HeadFormat(options);
}

class HeadFormat implements HumanHeadFormat {
  readonly name = 'head';
  damaged = 0;
  readonly parts = {
    begin: (head: KeyBegin) => this.beginParts(head),
    part: (bytes: Uint8Array) => this.part(bytes),
    end: (out: OutputBuffer) => this.endParts(out),
  };
  private readonly palette: Palette;
  private readonly columns: number | undefined;
  private readonly nowMs: () => number;
  private readonly limits: Limits;
  private readonly preview = new Preview(MAX_PREVIEW);
  private rows: Row[] = [];
  private widths: number[] | undefined;
  private open: { readonly head: KeyBegin; readonly cursor: ValueCursor; size: number } | undefined;
  private fault: RdbkitError | undefined;
  private wantsMore = false;

  constructor({ palette = plainPalette, columns, nowMs = Date.now, limits }: HumanHeadOptions) {
    this.palette = palette;
    this.columns = columns;
    this.nowMs = nowMs;
    this.limits = withLimits(limits);
  }

  /** Values are looked into at their beginning only, so that there is nothing to check before. */
  handling(): Handling {
    return 'copy';
  }

  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    this.fault = undefined;
    this.preview.begin();
    try {
      value.open();
      while (this.preview.take(value.next(), value.cursor));
    } catch (thrown) {
      this.fault = damage(thrown, head);
    }
    this.addRow(head, value.size, out);
  }

  end(out: OutputBuffer): void {
    this.writeRows(out);
  }

  private beginParts(head: KeyBegin): void {
    const cursor = new ValueCursor(this.limits);
    this.open = { head, cursor, size: 0 };
    this.fault = undefined;
    this.wantsMore = true;
    this.preview.begin();
    cursor.openParts(valueTypeOf(head.type), head.valueOffset, head.templates);
  }

  /** Only the beginning is looked into; the rest is counted. */
  private part(bytes: Uint8Array): void {
    const { open, preview } = this;
    if (open === undefined) return;
    open.size += bytes.length;
    if (!this.wantsMore) return;
    const { head, cursor } = open;
    try {
      cursor.feed(bytes);
      for (let token = cursor.next(); token !== Token.needInput; token = cursor.next()) {
        this.wantsMore = preview.take(token, cursor);
        if (!this.wantsMore) return;
      }
    } catch (thrown) {
      this.fault = damage(thrown, head);
      this.wantsMore = false;
    }
  }

  private endParts(out: OutputBuffer): void {
    if (this.open !== undefined) this.addRow(this.open.head, this.open.size, out);
    this.open = undefined;
  }

  private addRow(head: KeyHead, size: number, out: OutputBuffer): void {
    const { fault } = this;
    if (fault !== undefined) this.damaged++;
    const { db, type, expireAtMs } = head;
    this.rows.push({
      cells: [
        String(db),
        type.family,
        lineText(head.key, MAX_KEY),
        expireAtMs === undefined ? '' : this.expiry(expireAtMs),
        countText(size),
      ],
      preview: fault === undefined ? this.preview.end() : `damaged: ${fault.message}`,
      isFault: fault !== undefined,
    });
    if (this.widths !== undefined || this.rows.length === MEASURED) this.writeRows(out);
  }

  private expiry(expireAtMs: Integer): string {
    return expiryText(expireAtMs, this.nowMs());
  }

  private writeRows(out: OutputBuffer): void {
    const { rows } = this;
    this.rows = [];
    if (rows.length === 0) return;
    if (this.widths === undefined) {
      const all = [TITLE_ROW, ...rows];
      this.widths = TITLES.map((_, i) =>
        Math.min(KEY_WIDTH, Math.max(...all.map(({ cells }) => textWidth(cells[i] as string)))),
      );
      this.writeRow(out, TITLE_ROW, true);
    }
    for (const row of rows) this.writeRow(out, row, false);
  }

  private writeRow(out: OutputBuffer, { cells, preview, isFault }: Row, isTitle: boolean): void {
    const { palette, widths = [], columns } = this;
    let used = 0;
    let line = '';
    for (const [i, text] of cells.entries()) {
      const isNumber = i === 0 || i === 4;
      const width = textWidth(text);
      const fill = ' '.repeat(Math.max(0, (widths[i] as number) - width));
      used += width + fill.length + 2;
      const part = isTitle ? 'label' : PARTS[i];
      const shown = part === undefined || text === '' ? text : painted(palette, part, text);
      line += `${isNumber ? fill : ''}${shown}${isNumber ? '' : fill}  `;
    }
    const room = columns === undefined ? PREVIEW : Math.max(MIN_PREVIEW, columns - used - 1);
    const rest = cutText(preview, Math.min(room, MAX_PREVIEW));
    line += isFault ? painted(palette, 'fault', rest) : isTitle ? painted(palette, 'label', rest) : rest;
    out.put(utf8Bytes(`${line.trimEnd()}\n`));
  }
}

const PARTS = [undefined, 'name', 'key', 'aside', 'number'] as const;

/** What is wrong with a value, as far as that is the value's fault. */
function damage(thrown: unknown, head: KeyHead): RdbkitError {
  const error = RdbkitError.from(thrown);
  if (error.code === 'INTERNAL') throw locate(error, head);
  return error;
}
