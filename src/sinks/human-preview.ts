import type { Integer } from '../bytes/integer.js';
import { Role } from '../rdb/grammar.js';
import { parseModuleId } from '../rdb/module-id.js';
import { halvesText } from '../rdb/stream-id.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import { lineText } from './human-text.js';

/** What stands before a token's text, for those that are shown. */
const SEPARATORS: Readonly<Partial<Record<Role, string>>> = {
  [Role.text]: '',
  [Role.element]: ', ',
  [Role.member]: ', ',
  [Role.score]: ': ',
  [Role.field]: ', ',
  [Role.value]: ': ',
  [Role.arrayIndex]: ', ',
  [Role.moduleId]: '',
  [Role.moduleItem]: ', ',
  [Role.streamEntry]: '; ',
};

/** The beginning of a value in one line, made from the first of its tokens. */
export class Preview {
  private text = '';
  private isDeleted = false;
  private followsId = false;

  /** @param columns about so many are made */
  constructor(private readonly columns: number) {}

  begin(): void {
    this.text = '';
    this.isDeleted = false;
    this.followsId = false;
  }

  /** Takes the next token; false when it has seen enough. */
  take(token: Token, cursor: ValueCursor): boolean {
    if (token === Token.end || cursor.role === Role.streamLength) return false;
    const separator = SEPARATORS[cursor.role];
    if (separator === undefined || token === Token.tag || (token === Token.fragment && !cursor.isFirst)) {
      return true;
    }
    if (cursor.role === Role.streamEntry) this.isDeleted = cursor.deleted;
    if (this.isDeleted) return true;
    if (this.text !== '') this.text += this.followsId ? ' ' : separator;
    this.followsId = cursor.role === Role.streamEntry;
    this.text += this.tokenText(token, cursor);
    return this.text.length <= this.columns;
  }

  end(): string {
    return this.text;
  }

  private tokenText(token: Token, cursor: ValueCursor): string {
    switch (token) {
      case Token.entry:
        return halvesText(cursor);
      case Token.number:
        return cursor.role === Role.moduleId
          ? parseModuleId(cursor.integer as Integer).name
          : String(cursor.integer);
      case Token.double:
        cursor.formatDouble();
        break;
      case Token.string:
        if (cursor.isInteger) cursor.formatInteger();
        break;
      default:
    }
    return lineText(cursor.text.subarray(cursor.textStart, cursor.textEnd), this.columns);
  }
}
