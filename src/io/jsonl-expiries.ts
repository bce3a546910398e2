import type { Integer } from '../bytes/integer.js';
import type { Limits } from '../limits.js';
import { LineFields } from './jsonl-fields.js';
import type { JsonLine } from './jsonl-line.js';
import { Json, type JsonTokens } from './jsonl-tokens.js';

/** Where a record has the expiries of fields: behind its value, so that they are sought first. */
export const FIELD_EXPIRIES = 'fieldExpireAt';

/** Redis says by 0 that a field does not expire and refuses less; Valkey drops such a field. */
const TOO_EARLY = 'no field that servers hold expires at 0 or before';

/** What an expiry takes besides the characters of the field's name. */
const ENTRY = 64;

/**
 * The expiries of a hash's fields while its fields are read. They stand behind the value. As many
 * as `limits.maxHeldString` allows are looked up by name; more than that are read beside the value, from a second
 * place of the line, which needs them to be in the order of the fields, as rdbkit writes them.
 */
export class FieldExpiries {
  private readonly held = new Map<string, Integer>();
  private heldSize = 0;
  private readonly fields: LineFields;
  /** True while a place of the line is read that is not the reader's own; where faults are then. */
  isReading = false;
  private isHeld = true;
  /** The field whose expiry comes next, where they are read beside the value. */
  private next: string | undefined;
  private nextAt: Integer = 0;

  constructor(limits: Limits) {
    this.fields = new LineFields(limits);
  }

  /** Seeks the expiries of a line that has some; the line is read by another in between. */
  *find(line: JsonLine): Generator<void> {
    this.held.clear();
    this.heldSize = 0;
    this.isHeld = true;
    this.next = undefined;
    this.isReading = true;
    yield* this.seek(line);
    for (let name = this.readEntry(); name !== undefined; name = this.readEntry()) {
      if (this.fields.tokens.isDue) yield* this.fields.tokens.turn();
      this.heldSize += name.length + ENTRY;
      if (this.heldSize > this.fields.limits.maxHeldString) {
        this.isHeld = false;
        break;
      }
      if (this.held.has(name)) throw this.fields.wrong('a field expires twice');
      this.held.set(name, this.nextAt);
    }
    if (!this.isHeld) {
      this.held.clear();
      yield* this.seek(line);
      this.readEntry();
    }
    this.isReading = false;
  }

  /** The expiry of the field that was read; undefined for none. Each is given once. */
  take(field: string): Integer | undefined {
    if (!this.isHeld) {
      if (this.next !== field) return undefined;
      const at = this.nextAt;
      this.isReading = true;
      this.readEntry();
      this.isReading = false;
      return at;
    }
    if (this.held.size === 0) return undefined;
    const at = this.held.get(field);
    if (at !== undefined) this.held.delete(field);
    return at;
  }

  /** @throws RdbkitError INPUT_CORRUPT when expiries are left that no field took */
  end(): void {
    if (this.isHeld && this.held.size === 0) return;
    if (!this.isHeld && this.next === undefined) return;
    throw this.fields.wrong(
      this.isHeld
        ? 'a field expires that the hash does not have'
        : 'a field expires that the hash does not have, or the expiries are not in the order of the fields',
    );
  }

  /** Where faults are that were met while `isReading`. */
  get tokens(): JsonTokens {
    return this.fields.tokens;
  }

  /** Goes to the beginning of the expiries; behind the line when it has none after all. */
  private *seek(line: JsonLine): Generator<void> {
    const { fields } = this;
    fields.tokens.open(line.again());
    fields.expect(Json.beginObject, 'a record');
    while (fields.nextMember()) {
      const isIt = fields.name() === FIELD_EXPIRIES;
      fields.next();
      if (!isIt) yield* fields.tokens.skip(fields.token);
      else if (fields.token === Json.beginObject) return;
      else throw fields.wrong('an object must stand here');
    }
  }

  /** The field whose expiry comes next; undefined behind the last. */
  private readEntry(): string | undefined {
    const { fields } = this;
    this.next = undefined;
    if (fields.token !== Json.endObject && fields.nextMember()) {
      const name = fields.heldText('a field name');
      this.nextAt = fields.nextSigned();
      if (this.nextAt < 1) throw fields.wrong(TOO_EARLY);
      this.next = name;
    }
    return this.next;
  }
}
