import type { Integer } from '../bytes/integer.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import type { AuxRecord, CommandRecord, FunctionRecord, ModuleAuxRecord } from '../record.js';
import { FIELD_EXPIRIES } from './jsonl-expiries.js';
import type { LineFields } from './jsonl-fields.js';

/** A key as a line has it; key and value are borrowed until the next line is read. */
export interface ReadKey {
  readonly kind: 'read-key';
  readonly db: number;
  readonly key: Uint8Array;
  readonly expireAtMs: Integer | undefined;
  readonly idleSeconds: Integer | undefined;
  readonly frequency: number | undefined;
  readonly metadata: Uint8Array | undefined;
  readonly value: EncodedValue;
}

export type LineRecord = ReadKey | FunctionRecord | AuxRecord | ModuleAuxRecord | CommandRecord;

/** Members whose strings become bytes when they are read; those of the key can be changed. */
const FIRST = ['value', 'payload', 'aux', 'function', 'name', 'engine', 'command'] as const;

/** What the members of a line have said so far. */
export class Members {
  readonly names = new Set<string>();
  db: number | undefined;
  /** The token that is the key. */
  keyPlace = 0;
  type: string | undefined;
  encoding: string | undefined;
  expireAtMs: Integer | undefined;
  idleSeconds: Integer | undefined;
  frequency: number | undefined;
  metadata: Uint8Array | undefined;
  value: EncodedValue | undefined;
  /** Whether expiries of fields were sought before the value was read. */
  isSearched = false;
  function: Uint8Array | undefined;
  /** Name and engine of a library of the 7.0 release candidates. */
  libraryName: Uint8Array | undefined;
  engine: Uint8Array | undefined;
  /** Another record that is no key. */
  other: LineRecord | undefined;

  /** Whether strings were read that became bytes. */
  get hasBytes(): boolean {
    return FIRST.some((name) => this.names.has(name));
  }

  /**
   * The member that tells what the record is.
   * @throws RdbkitError INPUT_CORRUPT when members are missing or do not belong together
   */
  kind(fields: LineFields): string {
    const { names } = this;
    const kind = [...KINDS.keys()].find((name) => names.has(name));
    if (kind === undefined) throw fields.wrong('the line is no record: it has no "key", "aux" or the like');
    const [needed, allowed] = KINDS.get(kind) as readonly [readonly string[], ReadonlySet<string>];
    const odd = [...names].find((name) => !allowed.has(name));
    if (odd !== undefined) throw fields.wrong(`"${odd}" does not belong to a record with "${kind}"`);
    fields.requireMembers(names, ...needed);
    return kind;
  }
}

/** By the member that tells what a record is: those it must have, and all it may have. */
const KINDS: ReadonlyMap<string, readonly [readonly string[], ReadonlySet<string>]> = new Map(
  Object.entries({
    key: [
      ['db', 'type'],
      ['bytes', 'encoding', 'expireAt', 'idle', 'freq', 'metadata', 'value', 'payload', FIELD_EXPIRIES],
    ],
    aux: [[], ['bytes']],
    function: [[], ['bytes', 'name', 'engine']],
    moduleAux: [[], ['bytes']],
    command: [['db'], ['bytes']],
  }).map(([kind, [needed = [], others = []]]) => [kind, [needed, new Set([kind, ...needed, ...others])]]),
);
