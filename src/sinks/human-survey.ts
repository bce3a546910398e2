import type { Integer } from '../bytes/integer.js';
import { Role } from '../rdb/grammar.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { HumanStrings } from './human-strings.js';

/** Columns are as wide as the widest of so many first elements … */
const MEASURED = 1000;
/** … but not wider than this; what is longer stands out. */
const MAX_WIDTH = 40;

/** What is known of a value before it is written. */
export interface Survey {
  readonly elements: number;
  /** Columns of the first and of the second part of an element. */
  readonly firstWidth: number;
  readonly secondWidth: number;
  /** Of a module value: the id of its type. */
  readonly moduleId: Integer;
}

/** Goes through a value to count it and to see how wide its parts are. */
export function survey(value: ValueReader, strings: HumanStrings): Survey {
  const { cursor } = value;
  let elements = 0;
  let streamEntries = 0;
  let isStream = false;
  let firstWidth = 0;
  let secondWidth = 0;
  let moduleId: Integer = 0;
  strings.begin();
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    const { role } = cursor;
    let width = 0;
    if (token === Token.string || token === Token.fragment) width = strings.measure(value, token);
    else if (token === Token.double) {
      cursor.formatDouble();
      width = cursor.textEnd - cursor.textStart;
    } else if (token === Token.number) width = String(cursor.integer).length;
    switch (role) {
      case Role.streamEntry:
        isStream = true;
        if (!cursor.deleted) streamEntries++;
        break;
      case Role.moduleId:
        moduleId = cursor.integer as Integer;
        break;
      case Role.moduleItem:
        if (token === Token.tag && cursor.integer !== 0) elements++;
        break;
      case Role.member:
      case Role.field:
      case Role.arrayIndex:
        elements++;
        if (elements <= MEASURED) firstWidth = Math.max(firstWidth, Math.min(width, MAX_WIDTH));
        break;
      case Role.element:
        elements++;
        break;
      case Role.score:
        if (elements <= MEASURED) secondWidth = Math.max(secondWidth, width);
        break;
      default:
    }
  }
  return { elements: isStream ? streamEntries : elements, firstWidth, secondWidth, moduleId };
}
