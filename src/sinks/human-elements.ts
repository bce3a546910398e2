import { type Integer, signedInteger } from '../bytes/integer.js';
import { Role } from '../rdb/grammar.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { HumanPage } from './human-page.js';
import type { Survey } from './human-survey.js';
import { expiryText, momentText } from './human-time.js';

// The values that are lists of something, one element a line.

/** `1) element` */
export function writeList(page: HumanPage, value: ValueReader, { elements }: Survey): void {
  const width = String(elements).length;
  let number = 0;
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    page.number(++number, width);
    page.say(') ');
    page.string(value, token);
    page.endLine();
  }
}

/** One member a line. */
export function writeSet(page: HumanPage, value: ValueReader): void {
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    page.string(value, token);
    page.endLine();
  }
}

/** `member  score` */
export function writeZset(page: HumanPage, value: ValueReader, { firstWidth, secondWidth }: Survey): void {
  const { cursor } = value;
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    page.string(value, token, undefined, firstWidth);
    page.pad(2);
    token = value.next();
    if (token === Token.double) cursor.formatDouble();
    else if (cursor.isInteger) cursor.formatInteger();
    page.pad(secondWidth - (cursor.textEnd - cursor.textStart));
    page.say(page.palette.number);
    page.out.put(cursor.text, cursor.textStart, cursor.textEnd);
    page.say(page.palette.off);
    page.endLine();
  }
}

/** `field  value`, and when the field expires, which the dump tells before or behind them. */
export function writeHash(page: HumanPage, value: ValueReader, { firstWidth }: Survey): void {
  const { cursor } = value;
  let isOpen = false;
  let expiryLeads = false;
  let expiry: Integer | undefined;
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    switch (cursor.role) {
      case Role.fieldExpiry:
        expiryLeads ||= !isOpen;
        if (expiryLeads) expiry = cursor.integer;
        else writeFieldExpiry(page, cursor.integer);
        break;
      case Role.field:
        if (isOpen) page.endLine();
        isOpen = true;
        page.string(value, token, 'name', firstWidth);
        page.pad(2);
        break;
      default:
        page.string(value, token);
        writeFieldExpiry(page, expiry);
    }
  }
  if (isOpen) page.endLine();
}

function writeFieldExpiry(page: HumanPage, expireAtMs: Integer | undefined): void {
  if (expireAtMs === undefined) return;
  page.say('  ');
  page.paint('aside', `(${momentText(expireAtMs)}, ${expiryText(expireAtMs, page.nowMs())})`);
}

/** `index  value`; an array has holes. */
export function writeArray(page: HumanPage, value: ValueReader, { firstWidth }: Survey): void {
  const { cursor } = value;
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (cursor.role === Role.arrayInsertIndex) continue;
    page.number(cursor.integer as Integer, firstWidth);
    page.pad(2);
    writeScalar(page, value, value.next());
    page.endLine();
  }
}

/** `string  text`: the items that a module has written, which only it can make sense of. */
export function writeModule(page: HumanPage, value: ValueReader): void {
  const { cursor } = value;
  value.next();
  for (value.next(); ; value.next()) {
    const kind = ITEM_KINDS[Number(cursor.integer)];
    if (kind === undefined) return;
    page.paint('name', kind.padEnd(8));
    page.pad(2);
    const item = value.next();
    if (kind === 'signed') page.number(signedInteger(cursor.valueHigh, cursor.valueLow), 0);
    else writeScalar(page, value, item);
    page.endLine();
  }
}

const ITEM_KINDS: Readonly<Record<number, string>> = {
  1: 'signed',
  2: 'unsigned',
  3: 'float',
  4: 'double',
  5: 'string',
};

function writeScalar(page: HumanPage, value: ValueReader, token: Token): void {
  const { cursor } = value;
  if (token === Token.number) page.number(cursor.integer as Integer, 0);
  else if (token === Token.double) {
    cursor.formatDouble();
    page.out.put(cursor.text, cursor.textStart, cursor.textEnd);
  } else page.string(value, token);
}
