import { latin1Text } from '../bytes/ascii.js';
import { printable } from '../bytes/escape.js';
import { type Integer, readInt32LE, readInt64LE } from '../bytes/integer.js';
import { Window } from '../bytes/window.js';
import { Crc64 } from '../codec/crc64.js';
import { MAX_EXPANSION } from '../codec/lzf.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import { type DumpRecord, KeyBegin, type KeyHead, KeyRecord, type RecordBatch } from '../record.js';
import { HeldReader } from './held.js';
import { FIRST_CHECKSUM_VERSION, type Magic, parseMagic } from './magic.js';
import { type FileState, metadataReaders } from './metadata.js';
import { Opcode, unreadableOpcode } from './opcodes.js';
import { HashTemplates } from './templates.js';
import { type Dialect, NO_TYPE, type TypeTable, typeTable, type ValueType } from './types.js';

export interface RdbDecoderOptions {
  readonly limits?: Partial<Limits>;
  /** `verify` (default) compares the checksum at the end, `ignore` does not compute it. */
  readonly checksum?: 'verify' | 'ignore';
  /** Bytes of the whole input where known: lengths that reach beyond are refused at once. */
  readonly inputBytes?: number;
  /** Where input begins that is not the beginning of a file; its checksum is not computed. */
  readonly resume?: ResumePoint;
}

/** A place in a file where a record begins, and what records before it have said. */
export interface ResumePoint {
  readonly magic: Magic;
  readonly dialect: Dialect;
  /** Position in the file of the first byte that is given. */
  readonly offset: number;
  readonly db: number;
  /** Keys before. */
  readonly keys: number;
  readonly templates: HashTemplates;
}

/** What became of the checksum; `pending` until the end is read. */
export type ChecksumState = 'pending' | 'ok' | 'absent' | 'bad' | 'ignored';

/** Input to wait for in the hope of naming the key of an unknown type. */
const LONGEST_NAMED_KEY = 1024;

/** Bytes of the window before anything was read; it grows with the chunks. */
const FIRST_WINDOW = 4096;

const State = { magic: 0, record: 1, value: 2, parts: 3, trailer: 4, done: 5 } as const;
type State = (typeof State)[keyof typeof State];

/**
 * Turns the bytes of an RDB file into batches of records, without I/O. Give input by `push`, or
 * read it straight into `space()` and `commit` it; then take batches by `next` until it returns
 * undefined, which means more input is needed or, after `end`, that all is read.
 *
 * A batch and its bytes are borrowed: they are valid until the next call of any method.
 */
export class RdbDecoder {
  /** The header, once read. */
  magic: Magic | undefined;
  checksum: ChecksumState = 'pending';
  /** Keys read so far. */
  keys = 0;

  private readonly limits: Limits;
  private readonly window: Window;
  private readonly scan: HeldReader;
  private readonly crc = new Crc64();
  private readonly templates: HashTemplates;
  private dialect: Dialect = 'redis';
  private version = 0;
  private types: TypeTable = [];
  /** 1 for the types whose value is one string. */
  private shortTypes = new Uint8Array(256);
  private state: State = State.magic;
  private queue: Uint8Array[] = [];
  private ended = false;
  /** Position in the input up to which the checksum is computed. */
  private digested = 0;
  private failure: RdbkitError | undefined;

  /** The batch; its array keeps its length between batches, `count` says how much is in use. */
  private readonly records: DumpRecord[] = [];
  private count = 0;
  private readonly batch: RecordBatch = { records: this.records };
  private readonly pool: KeyRecord[] = [];

  private readonly file: FileState;
  private expireAtMs: Integer | undefined;
  private idleSeconds: Integer | undefined;
  private frequency: number | undefined;

  /** The key whose value is being walked; positions count from the window's start. */
  private current: ValueType = NO_TYPE;
  private keyBytes: Uint8Array | undefined;
  private keyStart = 0;
  private keyEnd = 0;
  private valueStart = 0;
  private partsSize = 0;
  private valueComplete = false;

  constructor(options: RdbDecoderOptions = {}) {
    this.limits = withLimits(options.limits);
    const { maxInlineValue, maxHeldString, partBytes } = this.limits;
    const chunk = Math.max(partBytes, 65_536);
    this.window = new Window(FIRST_WINDOW, maxInlineValue + maxHeldString + 4 * chunk);
    this.scan = new HeldReader(this.limits);
    this.scan.inputEnd = options.inputBytes ?? Number.POSITIVE_INFINITY;
    this.templates = options.resume?.templates ?? new HashTemplates(this.limits.maxTemplateBytes);
    this.file = { scan: this.scan, templates: this.templates, offset: 0, db: 0, metadata: undefined };
    if (options.checksum === 'ignore') this.checksum = 'ignored';
    if (options.resume !== undefined) this.resume(options.resume);
  }

  /** Position in the input up to which records were read. */
  get offset(): number {
    return this.window.offset;
  }

  /** True when the end of the dump was read; bytes behind it are not touched. */
  get done(): boolean {
    return this.state === State.done;
  }

  /** Input that was given but not read, once `done`: what follows the dump in the same file. */
  get rest(): Uint8Array[] {
    return [this.window.bytes.subarray(this.window.start, this.window.end), ...this.queue];
  }

  /** Adds input. The bytes are borrowed until `next` returns undefined. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.queue.push(chunk);
  }

  /** Room for at least `size` bytes of input, to be filled from its beginning and committed. */
  space(size: number): Uint8Array {
    this.reserve(size);
    return this.window.space();
  }

  /** Says that `size` bytes were put into `space()`. */
  commit(size: number): void {
    this.window.end += size;
  }

  /** Says that no more input comes. */
  end(): void {
    this.ended = true;
  }

  /**
   * @throws RdbkitError INPUT_TRUNCATED, INPUT_CORRUPT, INPUT_CHECKSUM, INPUT_UNSUPPORTED or
   *   LIMIT_EXCEEDED; every record before the fault has been handed out then
   */
  next(): RecordBatch | undefined {
    if (this.failure !== undefined) throw this.failure;
    this.count = 0;
    this.scan.releaseDigits();
    try {
      for (;;) {
        this.fill();
        if (this.count > 0) return this.filled();
        if (this.state === State.done) return undefined;
        if (this.takeQueued()) continue;
        if (this.ended) throw this.truncated();
        return undefined;
      }
    } catch (thrown) {
      this.failure = this.explain(thrown);
      if (this.count > 0) return this.filled();
      throw this.failure;
    }
  }

  private resume({ magic, dialect, offset, db, keys }: ResumePoint): void {
    this.magic = magic;
    this.dialect = dialect;
    this.version = magic.version;
    this.useTypes();
    this.window.base = offset;
    this.digested = offset;
    this.file.db = db;
    this.keys = keys;
    this.checksum = 'ignored';
    this.state = State.record;
  }

  private filled(): RecordBatch {
    if (this.records.length !== this.count) this.records.length = this.count;
    return this.batch;
  }

  private add(record: DumpRecord): void {
    this.records[this.count++] = record;
  }

  /** Reads records until the batch is full or input is short. */
  private fill(): void {
    const { window, scan } = this;
    const { batchRecords, batchBytes } = this.limits;
    scan.view(window.bytes, window.end, window.base);
    if (this.state !== State.value && this.state !== State.parts) scan.at = window.start;
    const stop = window.start + batchBytes;
    do {
      if (this.state === State.record) this.readShortKeys(stop);
    } while (this.count < batchRecords && window.start < stop && this.step());
  }

  /** One step of the file's grammar; false when bytes are missing or the batch must end here. */
  private step(): boolean {
    switch (this.state) {
      case State.record:
        return this.readRecord();
      case State.value:
        return this.walkValue();
      case State.parts:
        return this.readPart();
      case State.magic:
        return this.readMagic();
      case State.trailer:
        return this.readTrailer();
      default:
        return false;
    }
  }

  private readMagic(): boolean {
    const { scan, window } = this;
    this.magic = parseMagic(scan.bytes, window.start, window.end);
    if (this.magic === undefined) return false;
    this.dialect = this.magic.dialect;
    this.version = this.magic.version;
    this.useTypes();
    scan.at = window.start + this.magic.text.length;
    window.start = scan.at;
    this.state = State.record;
    return true;
  }

  private useTypes(): void {
    this.types = typeTable(this.dialect, this.version);
    this.shortTypes = Uint8Array.from(this.types, (type) => (type?.isString ? 1 : 0));
  }

  private readRecord(): boolean {
    const { scan, window } = this;
    const start = window.start;
    if (start >= scan.end) return false;
    const code = scan.bytes[start] as number;
    scan.at = start + 1;
    const type = this.types[code];
    if (type !== undefined) return this.readKey(type);
    if (this.readOpcode(code)) {
      window.start = scan.at;
      return true;
    }
    scan.at = start;
    return false;
  }

  /**
   * Reads as many keys as follow one another whose key and value are strings of less than 16 KiB,
   * wholly in view, and stops before anything else: that is left to `readKey`, which reads all
   * cases. One loop without calls is what V8 optimizes soonest; it halves the time of a scan.
   */
  private readShortKeys(stop: number): void {
    const { window, file, types, shortTypes, pool, records } = this;
    const { bytes, end } = this.scan;
    const { batchRecords, maxInlineValue } = this.limits;
    let { count, expireAtMs, idleSeconds, frequency } = this;
    let start = window.start;
    while (count < batchRecords && start < stop) {
      if (bytes[start] === Opcode.expireMs && start + 9 < end) {
        expireAtMs = readInt64LE(bytes, start + 1);
        start += 9;
      }
      const code = bytes[start] as number;
      if (shortTypes[code] !== 1) break;
      let keyStart = start + 2;
      const first = bytes[start + 1] as number;
      let keyEnd = keyStart + first;
      if (first >= 0x40) {
        if (first >= 0x80) break;
        keyEnd = ++keyStart + (((first & 0x3f) << 8) | (bytes[start + 2] as number));
      }
      if (keyEnd >= end) break;
      const valueEnd = shortStringEnd(bytes, keyEnd);
      if (valueEnd < 0 || valueEnd > end || valueEnd - keyEnd > maxInlineValue) break;
      const record = (pool[count] ??= new KeyRecord());
      record.db = file.db;
      record.type = types[code] as ValueType;
      record.keyBytes = bytes;
      record.keyStart = keyStart;
      record.keyEnd = keyEnd;
      record.expireAtMs = expireAtMs;
      record.idleSeconds = idleSeconds;
      record.frequency = frequency;
      record.metadata = file.metadata;
      record.index = ++this.keys;
      record.offset = window.base + start;
      record.valueOffset = window.base + keyEnd;
      record.templates = this.templates;
      record.valueBytes = bytes;
      record.valueStart = keyEnd;
      record.valueEnd = valueEnd;
      record.largestString = 0;
      records[count++] = record;
      expireAtMs = undefined;
      idleSeconds = undefined;
      frequency = undefined;
      file.metadata = undefined;
      start = valueEnd;
    }
    window.start = start;
    this.count = count;
    this.expireAtMs = expireAtMs;
    this.idleSeconds = idleSeconds;
    this.frequency = frequency;
  }

  private readKey(type: ValueType): boolean {
    const { scan, window } = this;
    if (!scan.readText('a key')) return false;
    this.keys++;
    this.current = type;
    this.keyBytes = scan.text === scan.bytes ? undefined : scan.text;
    const origin = this.keyBytes === undefined ? window.start : 0;
    this.keyStart = scan.textStart - origin;
    this.keyEnd = scan.textEnd - origin;
    this.valueStart = scan.at - window.start;
    scan.begin(type.program, scan.at, this.templates);
    this.state = State.value;
    return this.walkValue();
  }

  private walkValue(): boolean {
    const { scan, window } = this;
    const complete = scan.walk();
    if (scan.at - window.start - this.valueStart > this.limits.maxInlineValue) {
      this.valueComplete = complete;
      this.beginParts();
      return false;
    }
    if (!complete) return false;
    const origin = this.keyBytes === undefined ? window.start : 0;
    const keyBytes = this.keyBytes ?? window.bytes;
    const record = (this.pool[this.count] ??= new KeyRecord());
    this.setHead(record, this.current, keyBytes, origin + this.keyStart, origin + this.keyEnd);
    record.valueBytes = window.bytes;
    record.valueStart = window.start + this.valueStart;
    record.valueEnd = scan.at;
    record.largestString = scan.largest;
    this.add(record);
    window.start = scan.at;
    this.state = State.record;
    return true;
  }

  private setHead(
    head: KeyHead,
    type: ValueType,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    const { file, window } = this;
    head.db = file.db;
    head.type = type;
    head.keyBytes = keyBytes;
    head.keyStart = keyStart;
    head.keyEnd = keyEnd;
    head.expireAtMs = this.expireAtMs;
    head.idleSeconds = this.idleSeconds;
    head.frequency = this.frequency;
    head.metadata = file.metadata;
    head.index = this.keys;
    head.offset = window.base + window.start;
    head.valueOffset = head.offset + this.valueStart;
    head.templates = this.templates;
    this.expireAtMs = undefined;
    this.idleSeconds = undefined;
    this.frequency = undefined;
    file.metadata = undefined;
  }

  /** Announces a value that is too large to be held. Its key is copied: the window moves on. */
  private beginParts(): void {
    const begin = new KeyBegin();
    const origin = this.keyBytes === undefined ? this.window.start : 0;
    const key = (this.keyBytes ?? this.window.bytes).slice(origin + this.keyStart, origin + this.keyEnd);
    this.setHead(begin, this.current, key, 0, key.length);
    this.keyBytes = key;
    this.keyStart = 0;
    this.keyEnd = key.length;
    this.add(begin);
    this.window.start += this.valueStart;
    this.partsSize = 0;
    this.state = State.parts;
  }

  /** Hands out the next part, or the end of the value. A part is the only record of its batch. */
  private readPart(): boolean {
    const { scan, window } = this;
    if (this.count > 0) return false;
    if (!this.valueComplete) this.valueComplete = scan.walk();
    const size = Math.min(scan.at - window.start, this.limits.partBytes);
    if (size > 0) {
      this.add({ kind: 'key-part', bytes: window.bytes.subarray(window.start, window.start + size) });
      window.start += size;
      this.partsSize += size;
    } else if (this.valueComplete) {
      this.add({ kind: 'key-end', size: this.partsSize });
      this.state = State.record;
    }
    return false;
  }

  /** Reads what follows an opcode; false when bytes are missing. */
  private readOpcode(opcode: number): boolean {
    const { scan, file } = this;
    switch (opcode) {
      case Opcode.expireMs:
        if (scan.at + 8 > scan.end) return false;
        this.expireAtMs = readInt64LE(scan.bytes, scan.at);
        scan.at += 8;
        return true;
      case Opcode.expireSeconds:
        if (scan.at + 4 > scan.end) return false;
        this.expireAtMs = readInt32LE(scan.bytes, scan.at) * 1000;
        scan.at += 4;
        return true;
      case Opcode.frequency:
        if (scan.at >= scan.end) return false;
        this.frequency = scan.bytes[scan.at++] as number;
        return true;
      case Opcode.idle:
        if (!scan.readLength()) return false;
        this.idleSeconds = scan.length;
        return true;
      case Opcode.resizeDb:
        return scan.readLength() && scan.readLength();
      case Opcode.selectDb:
        if (!scan.readLength()) return false;
        if (scan.high !== 0 || scan.low < 0) {
          throw new RdbkitError('INPUT_CORRUPT', `selects database ${scan.length}`);
        }
        file.db = scan.low;
        return true;
      case Opcode.eof:
        this.window.start = scan.at;
        this.digest();
        if (this.version >= FIRST_CHECKSUM_VERSION) this.state = State.trailer;
        else this.finish('absent');
        return true;
      default:
        return this.readMetadata(opcode);
    }
  }

  private readMetadata(opcode: number): boolean {
    const { file } = this;
    file.offset = this.window.offset;
    const read = metadataReaders[this.dialect][opcode];
    if (read === undefined) return this.refuseType(opcode);
    const record = read(file);
    if (record === 'short') return false;
    if (record === 'none') return true;
    this.add(record);
    if (record.kind === 'aux' && latin1Text(record.name) === 'df-ver') {
      this.dialect = 'dragonfly';
      this.useTypes();
    }
    return true;
  }

  /** Ends the read at a type that cannot be framed, naming the key that should follow it. */
  private refuseType(code: number): boolean {
    const { scan } = this;
    const error = unknownType(this.dialect, code);
    const inView = scan.end - scan.at;
    let named = false;
    try {
      named = scan.readText('a key');
    } catch (thrown) {
      RdbkitError.from(thrown);
    }
    if (!named && inView < LONGEST_NAMED_KEY && !this.ended) return false;
    if (named) {
      error.key = scan.text.slice(scan.textStart, scan.textEnd);
      error.where = `key ${this.keys + 1} ${printable(error.key)}`;
    }
    throw error;
  }

  private readTrailer(): boolean {
    const { window } = this;
    if (window.end - window.start < 8) return false;
    const low = readInt32LE(window.bytes, window.start);
    const high = readInt32LE(window.bytes, window.start + 4);
    window.start += 8;
    if (low === 0 && high === 0) this.finish('absent');
    else if (this.checksum === 'ignored') this.finish('ignored');
    else if (low === this.crc.low && high === this.crc.high) this.finish('ok');
    else {
      this.finish('bad');
      throw new RdbkitError(
        'INPUT_CHECKSUM',
        `the checksum is ${hex64(high, low)} where the content has ${hex64(this.crc.high, this.crc.low)}: bytes were changed after the server wrote the dump`,
        { offset: window.offset - 8 },
      );
    }
    return true;
  }

  private finish(checksum: ChecksumState): void {
    this.checksum = checksum;
    this.state = State.done;
  }

  /** Brings the checksum up to the first unread byte. */
  private digest(): void {
    const { window } = this;
    if (this.state >= State.trailer) return;
    const from = this.digested - window.base;
    if (this.checksum !== 'ignored') this.crc.update(window.bytes, from, window.start);
    this.digested = window.offset;
  }

  /** Makes room for input, which is when consumed bytes are given up. */
  private reserve(size: number): void {
    this.digest();
    this.scan.at -= this.window.reserve(size);
  }

  /** Moves some pushed input into the window; false when there is none. */
  private takeQueued(): boolean {
    const chunk = this.queue[0];
    if (chunk === undefined) return false;
    const size = Math.min(chunk.length, this.limits.partBytes);
    this.reserve(size);
    this.window.bytes.set(chunk.subarray(0, size), this.window.end);
    this.window.end += size;
    if (size === chunk.length) this.queue.shift();
    else this.queue[0] = chunk.subarray(size);
    return true;
  }

  private truncated(): RdbkitError {
    const { window } = this;
    const size = window.base + window.end;
    return new RdbkitError(
      'INPUT_TRUNCATED',
      size === 0 ? 'the input is empty' : `the input ends after ${size} bytes, before the end of the dump`,
      { offset: size },
    );
  }

  /** Gives an error its place in the file, and anything else its name: a bug of ours. */
  private explain(thrown: unknown): RdbkitError {
    const error = RdbkitError.from(thrown);
    error.offset ??= this.window.offset;
    if (this.state === State.value || this.state === State.parts) {
      const { window } = this;
      const origin = this.keyBytes === undefined ? window.start : 0;
      const key = (this.keyBytes ?? window.bytes).slice(origin + this.keyStart, origin + this.keyEnd);
      error.key ??= key;
      error.where = [`key ${this.keys} ${printable(key)}`, this.current.name, error.where]
        .filter((part) => part !== undefined)
        .join(' > ');
    } else if (this.state === State.record) {
      error.where ??= this.keys === 0 ? 'before the first key' : `after key ${this.keys}`;
    }
    return error;
  }
}

/**
 * The end of a string that begins at `at`, when its header says at once: a short raw string, an
 * integer or a short LZF block. -1 for any other. The string may reach past what is in view.
 */
function shortStringEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x40) return at + 1 + first;
  if (first < 0x80) return at + 2 + (((first & 0x3f) << 8) | (bytes[at + 1] as number));
  if (first !== 0xc3) return first >= 0xc0 && first < 0xc3 ? at + 1 + (1 << (first - 0xc0)) : -1;
  let next = at + 2;
  let stored = bytes[at + 1] as number;
  if (stored >= 0x40) {
    if (stored >= 0x80) return -1;
    stored = ((stored & 0x3f) << 8) | (bytes[next++] as number);
  }
  let size = bytes[next++] as number;
  if (size >= 0x40) {
    if (size >= 0x80) return -1;
    size = ((size & 0x3f) << 8) | (bytes[next++] as number);
  }
  return size > stored * MAX_EXPANSION || stored > 2 * size ? -1 : next + stored;
}

function unknownType(dialect: Dialect, code: number): RdbkitError {
  const name = unreadableOpcode(dialect, code);
  return new RdbkitError(
    'INPUT_UNSUPPORTED',
    name === undefined
      ? `type or opcode ${code} is not known`
      : `type or opcode ${code} (${name}) cannot be read`,
    {
      hint: 'nothing behind it can be found; check the file, or use a newer rdbkit if a newer server wrote it',
    },
  );
}

function hex64(high: number, low: number): string {
  const half = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
  return half(high) + half(low);
}
