import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import type { KeyHead, KeyRecord } from '../record.js';
import type { MakeSpill } from '../spill.js';
import { valueWithBacklens } from './backlen.js';
import { METADATA_REFUSED, takesMetadata, typeRefused } from './compat.js';
import type { DumpTarget } from './dump-target.js';
import type { Dropped } from './encode/encode-context.js';
import type { EncodedValue } from './encode/encoded-value.js';
import { ValueEncoder } from './encode/value-encoder.js';
import { type Family, type TypeTable, typeTable, type ValueType } from './types.js';
import { valueTypeOf } from './values/decode.js';
import { Token } from './values/token.js';
import type { ValueReader } from './values/value-reader.js';

/** How a value comes into a dump: as it is stored, changed after a look inside, or not at all. */
type Way = 'copy' | 'look' | { readonly refused: string };

export interface ConverterOptions {
  /** Opens a place for what is re-encoded and too large for memory. */
  readonly makeSpill: MakeSpill;
  readonly limits?: Partial<Limits>;
  /**
   * What to do with parts of a value that the target cannot hold (expiries of fields, state of
   * streams, module metadata of the key): `refuse` the key (default), or `drop` them with a note.
   */
  readonly unsupported?: 'refuse' | 'drop';
  /**
   * Refuses also what older layouts of streams leave out because their servers do without it:
   * counters before Redis 7.0, active times of consumers before 7.2.
   */
  readonly isExact?: boolean;
}

/** Told what was dropped, and how often. */
export type NoteDropped = (text: string, times: number) => void;

/** Size of a string from which it can be a listpack with an entry whose width servers disagree on. */
const SMALLEST_DISPUTED = 0x3fff;

/** First version with streams, Redis 5.0. */
const STREAMS = 9;

/** What can be put into words of any version; streams from their first on. */
const ENCODABLE: ReadonlySet<Family> = new Set<Family>(['string', 'list', 'set', 'zset', 'hash', 'stream']);

const DROPPED: Readonly<Record<keyof Dropped, string>> = {
  fieldExpiries: 'expiries of hash fields dropped',
  streamProducers: 'idempotent producers of streams dropped',
  nackedEntries: 'pending entries of streams that nobody holds dropped',
};

/** Brings values to the format of a dump that is written. */
export class ValueConverter {
  /** Whether keys keep their module metadata. */
  readonly takesMetadata: boolean;
  private readonly drops: boolean;
  private readonly limits: Limits;
  private readonly known: TypeTable;
  private readonly encoder: ValueEncoder;
  /** For keys without metadata and values without disputed widths. */
  private readonly ways = new Map<ValueType, Way>();
  private lastType: ValueType | undefined;
  private lastWay: Way = 'copy';

  constructor(
    readonly target: DumpTarget,
    { makeSpill, limits, unsupported = 'refuse', isExact = false }: ConverterOptions,
  ) {
    this.limits = withLimits(limits);
    this.known = typeTable(target.dialect, target.rdbVersion);
    this.takesMetadata = target.asStored || takesMetadata(target);
    this.drops = unsupported === 'drop';
    this.encoder = new ValueEncoder(target, {
      makeSpill,
      limits: this.limits,
      fieldExpiries: unsupported,
      streamState: unsupported,
      streamDetails: isExact ? 'refuse' : 'drop',
    });
  }

  /** What has to be done with a key's value, by what is known before it is looked at. */
  way(head: KeyHead): Way {
    const { target } = this;
    const losesMetadata = head.metadata !== undefined && !this.takesMetadata;
    if (losesMetadata && !this.drops) return { refused: METADATA_REFUSED };
    const way = this.wayOfType(valueTypeOf(head.type));
    const looks = losesMetadata || (!target.asStored && mayBeDisputed(head));
    return way === 'copy' && looks ? 'look' : way;
  }

  /** Whether the target reads values of that type as they are stored, back lengths aside. */
  readsType(head: KeyHead): boolean {
    return this.wayOfType(valueTypeOf(head.type)) === 'copy';
  }

  /**
   * The value as the target reads it; undefined when it does as it is.
   * @throws RdbkitError TARGET_INCOMPATIBLE for what the target cannot hold, INPUT_CORRUPT,
   *   LIMIT_EXCEEDED
   */
  convert(head: KeyHead, value: ValueReader, note: NoteDropped): EncodedValue | undefined {
    const way = this.way(head);
    if (typeof way === 'object') throw new RdbkitError('TARGET_INCOMPATIBLE', way.refused);
    if (way === 'copy') return undefined;
    if (head.metadata !== undefined && !this.takesMetadata) note('module metadata of keys dropped', 1);
    const type = valueTypeOf(head.type);
    if (this.wayOf(type) === 'look') return this.encode(head, value, note);
    if (head.kind === 'key') return this.withBacklens(head as KeyRecord, type);
    return this.hasOtherWidths(value) ? this.encode(head, value, note) : undefined;
  }

  private encode(head: KeyHead, value: ValueReader, note: NoteDropped): EncodedValue {
    const { dropped } = this.encoder;
    const before = { ...dropped };
    const encoded = this.encoder.encode(head, value);
    for (const [name, text] of Object.entries(DROPPED) as [keyof Dropped, string][]) {
      const times = dropped[name] - before[name];
      if (times > 0) note(text, times);
    }
    return encoded;
  }

  private wayOfType(type: ValueType): Way {
    if (type === this.lastType) return this.lastWay;
    let way = this.ways.get(type);
    if (way === undefined) {
      way = this.wayOf(type);
      this.ways.set(type, way);
    }
    this.lastType = type;
    this.lastWay = way;
    return way;
  }

  private wayOf(type: ValueType): Way {
    const { asStored, rdbVersion } = this.target;
    if (!type.fileOnly && (asStored || this.isKnown(type))) return 'copy';
    const isEncodable = ENCODABLE.has(type.family) && (type.family !== 'stream' || rdbVersion >= STREAMS);
    return isEncodable ? 'look' : { refused: typeRefused(type) };
  }

  /** A number can mean something else in another version, see `typeTable`. */
  private isKnown(type: ValueType): boolean {
    const { dialect, rdbVersion } = this.target;
    const since = type[dialect];
    return since !== undefined && since <= rdbVersion && this.known[type.code] === type;
  }

  private withBacklens(record: KeyRecord, type: ValueType): EncodedValue | undefined {
    const bytes = valueWithBacklens(record, this.target.backlen, this.limits);
    if (bytes === undefined) return undefined;
    return { type, size: bytes.length, pieces: () => [bytes], close() {} };
  }

  /** Whether a value that was put aside has listpack entries whose width the target does not read. */
  private hasOtherWidths(value: ValueReader): boolean {
    const { listpack, streamNode } = value.cursor;
    const count = () =>
      this.target.backlen === 'new'
        ? listpack.oldWidths + streamNode.items.oldWidths
        : listpack.newWidths + streamNode.items.newWidths;
    const before = count();
    value.open();
    while (value.next() !== Token.end);
    return count() > before;
  }
}

function mayBeDisputed(head: KeyHead): boolean {
  const { layouts } = valueTypeOf(head.type).program;
  const isLarge = head.kind !== 'key' || (head as KeyRecord).largestString >= SMALLEST_DISPUTED;
  return isLarge && layouts.some(({ encoding }) => encoding.endsWith('listpack'));
}
