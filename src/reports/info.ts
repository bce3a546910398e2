import { jsonText } from '../bytes/text.js';
import { RdbkitError } from '../errors.js';
import { defaultLimits } from '../limits.js';
import type { ReportSink } from '../pipeline.js';
import type { AuxRecord, DumpRecord, KeyBegin, KeyRecord, RecordBatch } from '../record.js';

export interface DatabaseInfo {
  keys: number;
  /** Keys with an expiry. */
  expires: number;
  /** Bytes of keys and serialized values. */
  bytes: number;
}

export interface TypeInfo {
  keys: number;
  bytes: number;
}

export interface LargeKey {
  readonly db: number;
  readonly key: string;
  readonly bytes?: 'latin1';
  readonly type: string;
  /** Serialized size of the value in bytes. */
  readonly size: number;
}

/** What is in a dump. */
export interface InfoReport {
  readonly aux: Record<string, string | string[]>;
  readonly keys: number;
  readonly expires: number;
  /** Keys whose expiry was past when the report was made. */
  readonly expired: number;
  readonly dbs: Record<string, DatabaseInfo>;
  /** By family: string, list, set, zset, hash, stream, module, array, opaque. */
  readonly types: Record<string, TypeInfo>;
  /** By the way a value is stored: `hash-listpack`, … */
  readonly encodings: Record<string, TypeInfo>;
  readonly functions: number;
  readonly moduleAux: string[];
  /** Slots that slot-info records name. */
  readonly slots: number;
  /** Lines of a JSON Lines file that are no records. */
  readonly badLines: number;
  readonly largest: LargeKey[];
}

const MAX_AUX = 100;
const MAX_AUX_BYTES = 4096;
const MAX_MODULES = 100;

/** Counts what is in a dump. `largest` is how many of the largest keys to name. */
export function infoReport(options: { largest?: number; nowMs?: number } = {}): ReportSink<InfoReport> {
  return new InfoSink(options.largest ?? 10, options.nowMs ?? Date.now());
}

class InfoSink implements ReportSink<InfoReport> {
  readonly name = 'info';
  private readonly totals = { keys: 0, expires: 0, expired: 0, functions: 0, slots: 0, badLines: 0 };
  private readonly aux: InfoReport['aux'] = {};
  private readonly moduleAux: string[] = [];
  private readonly dbs = new Map<number, DatabaseInfo>();
  /** By type byte; a number has one meaning within a file. */
  private readonly encodings: { family: string; name: string; keys: number; bytes: number }[] = [];
  private lastDb = -1;
  private lastInfo: DatabaseInfo = { keys: 0, expires: 0, bytes: 0 };
  private auxCount = 0;
  private readonly large: { db: number; key: Uint8Array; type: string; size: number }[] = [];
  /** Size from which a value is among the largest. */
  private largeFrom = 0;
  private begun: KeyBegin | undefined;

  constructor(
    private readonly largestCount: number,
    private readonly nowMs: number,
  ) {
    this.largeFrom = largestCount > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  write(batch: RecordBatch): void {
    const { records } = batch;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as DumpRecord;
      if (record.kind === 'key') this.count(record, record.valueEnd - record.valueStart);
      else this.other(record);
    }
  }

  close(): InfoReport {
    return this.report();
  }

  report(): InfoReport {
    const types: Record<string, TypeInfo> = {};
    const encodings: Record<string, TypeInfo> = {};
    for (const { family, name, keys, bytes } of this.encodings.filter((entry) => entry !== undefined)) {
      encodings[name] = { keys, bytes };
      const type = (types[family] ??= { keys: 0, bytes: 0 });
      type.keys += keys;
      type.bytes += bytes;
    }
    const largest = this.large.map(({ db, key, type, size }) => {
      const { text, ...form } = jsonText(key);
      return { db, key: text, ...form, type, size };
    });
    const { aux, totals, moduleAux } = this;
    const dbs = Object.fromEntries([...this.dbs].sort(([a], [b]) => a - b));
    return { aux, ...totals, dbs, types, encodings, moduleAux, largest };
  }

  abort(): void {}

  private count(head: KeyRecord | KeyBegin, size: number): void {
    if (head.db !== this.lastDb) this.useDb(head.db);
    const db = this.lastInfo;
    const bytes = head.keyEnd - head.keyStart + size;
    db.keys++;
    db.bytes += bytes;
    if (head.expireAtMs !== undefined) {
      db.expires++;
      this.totals.expires++;
      if (head.expireAtMs <= this.nowMs) this.totals.expired++;
    }
    this.totals.keys++;
    const { type } = head;
    const encoding = (this.encodings[type.code] ??= {
      family: type.family,
      name: type.name,
      keys: 0,
      bytes: 0,
    });
    encoding.keys++;
    encoding.bytes += bytes;
    if (size >= this.largeFrom) this.keepLarge(head, size);
  }

  private useDb(db: number): void {
    let info = this.dbs.get(db);
    if (info === undefined) {
      if (this.dbs.size >= defaultLimits.maxDatabases) {
        throw new RdbkitError('LIMIT_EXCEEDED', `more than ${this.dbs.size} databases`);
      }
      info = { keys: 0, expires: 0, bytes: 0 };
      this.dbs.set(db, info);
    }
    this.lastDb = db;
    this.lastInfo = info;
  }

  private keepLarge(head: KeyRecord | KeyBegin, size: number): void {
    const { large } = this;
    const at = large.findIndex((entry) => size > entry.size);
    const entry = { db: head.db, key: head.key.slice(), type: head.type.family, size };
    large.splice(at < 0 ? large.length : at, 0, entry);
    if (large.length > this.largestCount) large.pop();
    if (large.length === this.largestCount) this.largeFrom = (large.at(-1)?.size ?? 0) + 1;
  }

  private other(record: Exclude<DumpRecord, KeyRecord>): void {
    switch (record.kind) {
      case 'key-begin':
        this.begun = record;
        break;
      case 'key-end':
        if (this.begun !== undefined) this.count(this.begun, record.size);
        this.begun = undefined;
        break;
      case 'aux':
        this.keepAux(record);
        break;
      case 'function':
        this.totals.functions++;
        break;
      case 'module-aux': {
        const { moduleAux } = this;
        if (moduleAux.length < MAX_MODULES && !moduleAux.includes(record.module))
          moduleAux.push(record.module);
        break;
      }
      case 'slot-info':
        this.totals.slots++;
        break;
      case 'fault':
        this.totals.badLines++;
        break;
      default:
    }
  }

  /** Aux fields by name; what comes more than once, as scripts do, as a list. */
  private keepAux({ name, value }: AuxRecord): void {
    if (++this.auxCount > MAX_AUX) return;
    const { aux } = this;
    const field = jsonText(name.subarray(0, MAX_AUX_BYTES)).text;
    const { text } = jsonText(value.subarray(0, MAX_AUX_BYTES));
    const before = Object.hasOwn(aux, field) ? aux[field] : undefined;
    if (before === undefined) setOwn(aux, field, text);
    else setOwn(aux, field, [...(Array.isArray(before) ? before : [before]), text]);
  }
}

/** Sets a property whose name comes from the file, `__proto__` included. */
function setOwn<T>(target: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
