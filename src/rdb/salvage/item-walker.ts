import { type Integer, readInt32LE, readInt64LE } from '../../bytes/integer.js';
import { RdbkitError } from '../../errors.js';
import type { Limits } from '../../limits.js';
import { KeyBegin, KeyRecord } from '../../record.js';
import { Op } from '../grammar.js';
import { HeldReader } from '../held.js';
import { FIRST_CHECKSUM_VERSION } from '../magic.js';
import { type FileState, metadataReaders } from '../metadata.js';
import { Opcode, unreadableOpcode } from '../opcodes.js';
import { StringForm } from '../scanner.js';
import type { HashTemplates } from '../templates.js';
import { type Dialect, NO_TYPE, type TypeTable, typeTable, type ValueType } from '../types.js';
import { ValueChecker } from '../values/check.js';
import { EmptyNames } from './empty-names.js';
import { FileView, type RandomAccess } from './file-view.js';

/** What an item of a dump is; `key` with all that stands before its type byte and belongs to it. */
export type ItemKind = 'key' | 'select' | 'resize' | 'aux' | 'other' | 'eof';

/** Bytes in view with which an item is begun; few are longer. */
const AHEAD = 64 * 1024;

/** Fewer bytes cost as much to read. */
const LEAST_READ = 4096;

/** Bytes that are read in the time that one is walked. */
const READS_A_WALK = 8;

/** Values up to this size are walked inside in one piece. */
const INLINE = 4 << 20;

/** The checksum behind EOF. */
export const TRAILER = 8;

/**
 * Reads a dump item by item from any place: a key with its attributes and its value, checked
 * inside, or one record of another kind. Attributes that no key follows at once are a fault: they
 * would come to belong to a key that they were not written for.
 */
export class ItemWalker {
  kind: ItemKind = 'other';
  /** Positions of the item that was read; of one that was not, where it begins. */
  start = 0;
  end = 0;
  /** Database that `select` names. */
  db = 0;
  /** Of a key: its type, where its type byte and its value begin, and its bytes (borrowed). */
  type: ValueType = NO_TYPE;
  typeAt = 0;
  valueAt = 0;
  key: Uint8Array = NOTHING;
  hasKey = false;
  private isHeld = false;
  /** Bytes of opcodes before the type byte. */
  expireAtMs: Integer | undefined;
  expiresInMs = false;
  keyIsInteger = false;
  idleSeconds: Integer | undefined;
  frequency: number | undefined;
  attributes = 0;
  /** Keys in the database and those with an expiry, as `resize` has it. */
  keys = 0;
  expires = 0;
  /** Elements, blobs or blocks whose inside was looked at and found right. */
  isChecked = false;
  /** Of an aux field: what it says; copies. */
  aux: { readonly name: Uint8Array; readonly value: Uint8Array } | undefined;

  /** Why the item cannot be read, */
  fault: RdbkitError | undefined;
  /** and where it should end, when only its inside is damaged; else -1. */
  faultEnd = -1;

  /** Bytes that the next item may be looked at for; Infinity for as many as it has. */
  budget = Number.POSITIVE_INFINITY;
  /** Bytes that the item was looked at for, so far. */
  work = 0;
  private readonly view: FileView;
  private readonly scan: HeldReader;
  private readonly checker: ValueChecker;
  private readonly empties: EmptyNames;
  private readonly record = new KeyRecord();
  private readonly file: FileState;
  private types: TypeTable = [];
  private dialect: Dialect = 'redis';
  private version = 0;
  private readonly parts: Uint8Array;

  constructor(
    private readonly input: RandomAccess,
    limits: Limits,
    viewBytes?: number,
  ) {
    this.view = new FileView(input, viewBytes);
    this.scan = new HeldReader(limits);
    this.scan.inputEnd = input.size;
    this.checker = new ValueChecker(limits);
    this.empties = new EmptyNames(limits);
    this.parts = new Uint8Array(limits.partBytes);
    this.file = { scan: this.scan, templates: undefined as never, offset: 0, db: 0, metadata: undefined };
  }

  /** Whether servers of the file's version write values of that type, not only read them. */
  get isWritten(): boolean {
    return this.version <= (LAST_WRITTEN[this.type.name] ?? this.version);
  }

  /** The KEY_META block of the key; a copy. */
  get metadata(): Uint8Array | undefined {
    return this.file.metadata;
  }

  /** Says whose numbering the file follows. */
  use(dialect: Dialect, version: number): void {
    this.dialect = dialect;
    this.version = version;
    this.types = typeTable(dialect, version);
  }

  /** Type bytes and opcodes that the dialect knows. */
  knows(code: number): boolean {
    return this.types[code] !== undefined || code in metadataReaders[this.dialect] || code >= Opcode.idle;
  }

  /**
   * Reads the item at `offset`. False when it cannot be read, see `fault` and `faultEnd`.
   * @param templates those that the file has declared before
   */
  read(offset: number, templates: HashTemplates): boolean {
    this.start = offset;
    this.end = offset;
    this.fault = undefined;
    this.faultEnd = -1;
    this.hasKey = false;
    this.isHeld = false;
    this.isChecked = false;
    this.work = 0;
    (this.file as { templates: HashTemplates }).templates = templates;
    const { stackTraceLimit } = Error;
    // Most places that are tried are none: where their fault came from takes longer than finding it.
    if (this.budget !== Number.POSITIVE_INFINITY) Error.stackTraceLimit = 0;
    try {
      this.readHead(offset, templates);
      return true;
    } catch (thrown) {
      const fault = RdbkitError.from(thrown);
      if (fault.code === 'IO' || fault.code === 'INTERNAL') throw fault;
      this.fault = fault;
      return false;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  /** Bytes that are read at once: few where few may be looked at. */
  private get ahead(): number | undefined {
    return this.budget < AHEAD ? Math.max(LEAST_READ, this.budget) : undefined;
  }

  /** Reads as far as the value with more and more in view, then the value. */
  private readHead(offset: number, templates: HashTemplates): void {
    const { scan, view } = this;
    for (let size = Math.min(AHEAD, this.budget); ; size *= 2) {
      this.work += view.show(offset, size, this.ahead) / READS_A_WALK;
      this.look(offset, size);
      scan.releaseDigits();
      if (this.tryHead(offset)) break;
      if (scan.base + scan.end >= this.input.size) throw this.cutOff();
      if (size > this.budget) throw tooMuch();
    }
    if (this.kind === 'key') this.readValue(templates);
    this.end = scan.base + scan.at;
  }

  /** Turns to what is in view: all of it, or no more than is asked for where that is bounded. */
  private look(offset: number, size: number): void {
    const { view, scan } = this;
    const start = offset - view.base;
    const end = this.budget === Number.POSITIVE_INFINITY ? view.end : Math.min(view.end, start + size);
    scan.view(view.bytes, end, view.base);
    scan.at = start;
  }

  /** False when bytes are missing. */
  private tryHead(offset: number): boolean {
    const { scan, file } = this;
    let seen = 0;
    this.expireAtMs = undefined;
    this.expiresInMs = false;
    this.idleSeconds = undefined;
    this.frequency = undefined;
    file.metadata = undefined;
    for (;;) {
      if (scan.at >= scan.end) return false;
      const code = scan.bytes[scan.at] as number;
      const type = this.types[code];
      const at = scan.base + scan.at;
      this.attributes = at - offset;
      if (type !== undefined) {
        this.kind = 'key';
        this.type = type;
        this.typeAt = at;
        scan.at++;
        if (!scan.readText('a key')) return false;
        this.key = scan.text.subarray(scan.textStart, scan.textEnd);
        this.hasKey = true;
        this.keyIsInteger = scan.form === StringForm.integer;
        this.valueAt = scan.base + scan.at;
        return true;
      }
      const attribute = attributeBit(code, this.dialect);
      if (attribute === 0) {
        if (seen > 0) throw this.corrupt('attributes of a key that is not there', at);
        return this.readOther(code);
      }
      if ((seen & attribute) !== 0) throw this.corrupt('an attribute that comes twice', at);
      seen |= attribute;
      if (!this.readAttribute(code)) return false;
    }
  }

  private readAttribute(code: number): boolean {
    const { scan } = this;
    scan.at++;
    switch (code) {
      case Opcode.expireMs:
        if (scan.at + 8 > scan.end) return false;
        this.expireAtMs = readInt64LE(scan.bytes, scan.at);
        this.expiresInMs = true;
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
      default: {
        this.file.offset = scan.base + scan.at - 1;
        return metadataReaders[this.dialect][code]?.(this.file) !== 'short';
      }
    }
  }

  /** Elements that the hash declares whose head was read. */
  declaredElements(): number {
    const { scan, view } = this;
    view.show(this.valueAt, AHEAD);
    scan.view(view.bytes, view.end, view.base);
    scan.at = this.valueAt - view.base + (this.type.program.code[0] === Op.int64 ? 8 : 0);
    try {
      return scan.readLength() && scan.high === 0 ? scan.low >>> 0 : 0;
    } catch {
      return 0;
    }
  }

  private readOther(code: number): boolean {
    const { scan, file } = this;
    const at = scan.base + scan.at;
    scan.at++;
    switch (code) {
      case Opcode.selectDb:
        if (!scan.readLength()) return false;
        if (scan.high !== 0 || scan.low < 0) throw this.corrupt(`selects database ${scan.length}`, at);
        this.kind = 'select';
        this.db = scan.low;
        return true;
      case Opcode.resizeDb:
        this.kind = 'resize';
        if (!scan.readLength()) return false;
        this.keys = Number(scan.length);
        if (!scan.readLength()) return false;
        this.expires = Number(scan.length);
        return true;
      case Opcode.eof:
        this.kind = 'eof';
        if (this.version < FIRST_CHECKSUM_VERSION) return true;
        scan.at += TRAILER;
        return scan.at <= scan.end;
      default: {
        file.offset = at;
        const read = metadataReaders[this.dialect][code];
        if (read === undefined) throw this.unknown(code, at);
        const record = read(file);
        if (record === 'short') return false;
        this.kind = typeof record === 'object' && record.kind === 'aux' ? 'aux' : 'other';
        this.aux = typeof record === 'object' && record.kind === 'aux' ? record : undefined;
        return true;
      }
    }
  }

  private readValue(templates: HashTemplates): void {
    const { scan, view, input } = this;
    const { type, valueAt } = this;
    scan.begin(type.program, scan.at, templates);
    const least = Math.min(AHEAD, this.budget);
    let room = least;
    let from = valueAt;
    for (let before = -1; !scan.walk(); ) {
      const passed = scan.base + scan.at;
      this.work += passed - from;
      const at = passed + scan.passUnseen();
      if (passed === before && scan.base + scan.end >= input.size) throw this.cutOff();
      if (this.work > this.budget) throw tooMuch();
      // What must be seen as a whole does not move on until it is.
      room = passed === before ? 2 * room : least;
      before = at;
      from = at;
      this.holdKey();
      this.work += view.show(at, room, this.ahead) / READS_A_WALK;
      this.look(at, room);
    }
    this.faultEnd = scan.base + scan.at;
    this.work += this.faultEnd - from;
    if (this.work > this.budget) throw tooMuch();
    this.check(templates, this.faultEnd);
    this.faultEnd = -1;
  }

  /** Walks the inside of the value, which ends at `end`. */
  private check(templates: HashTemplates, end: number): void {
    const { view, scan, record, valueAt } = this;
    const size = end - valueAt;
    if (size > INLINE) {
      // On trial, what leads on is enough; it is looked into when it is taken.
      if (this.budget !== Number.POSITIVE_INFINITY) return;
      this.checkParts(templates, end);
    } else {
      if (view.base > valueAt || view.limit < end) {
        this.holdKey();
        view.show(valueAt, size);
        scan.view(view.bytes, view.end, view.base);
        scan.at = end - view.base;
      }
      this.fillHead(record, templates);
      record.valueBytes = view.bytes;
      record.valueStart = valueAt - view.base;
      record.valueEnd = end - view.base;
      const fault = this.checker.check(record);
      if (fault !== undefined) throw fault;
      if (this.empties.concerns(this.type)) {
        this.empties.begin(record);
        this.empties.feed(record.value);
      }
    }
    this.isChecked = true;
  }

  private checkParts(templates: HashTemplates, end: number): void {
    const { checker, parts, valueAt } = this;
    const head = new KeyBegin();
    this.holdKey();
    this.fillHead(head, templates);
    checker.begin(head);
    const empties = this.empties.concerns(this.type) ? this.empties : undefined;
    empties?.begin(head);
    for (let at = valueAt; at < end; ) {
      const piece = parts.subarray(0, Math.min(parts.length, end - at));
      at += this.input.readAt(at, piece);
      const fault = checker.part({ kind: 'key-part', bytes: piece });
      if (fault !== undefined) throw fault;
      empties?.feed(piece);
    }
    const fault = checker.part(undefined);
    if (fault !== undefined) throw fault;
  }

  /** Copies the key, before what is in view changes. */
  private holdKey(): void {
    if (!this.isHeld) this.key = this.key.slice();
    this.isHeld = true;
  }

  private fillHead(head: KeyRecord | KeyBegin, templates: HashTemplates): void {
    head.type = this.type;
    head.rename(this.key);
    head.offset = this.typeAt;
    head.valueOffset = this.valueAt;
    head.templates = templates;
  }

  private cutOff(): RdbkitError {
    return new RdbkitError('INPUT_TRUNCATED', 'the input ends inside of it', { offset: this.start });
  }

  private corrupt(message: string, offset: number): RdbkitError {
    return new RdbkitError('INPUT_CORRUPT', message, { offset });
  }

  private unknown(code: number, offset: number): RdbkitError {
    const name = unreadableOpcode(this.dialect, code);
    return new RdbkitError(
      'INPUT_UNSUPPORTED',
      `type or opcode ${code} ${name === undefined ? 'is not known' : `(${name}) cannot be read`}`,
      { offset },
    );
  }
}

/** Last versions in which servers have written a type that all later ones read. */
const LAST_WRITTEN: Readonly<Record<string, number>> = {
  'list-linkedlist': 6,
  'zset-skiplist': 7,
  'hash-zipmap': 3,
  'list-ziplist': 6,
  'zset-ziplist': 9,
  'hash-ziplist': 9,
  'list-quicklist': 9,
};

/** A bit for each opcode that belongs to the key behind it, 0 for any other. */
function attributeBit(code: number, dialect: Dialect): number {
  switch (code) {
    case Opcode.expireMs:
    case Opcode.expireSeconds:
      return 1;
    case Opcode.idle:
      return 2;
    case Opcode.frequency:
      return 4;
    case Opcode.keyMetadata:
      return dialect === 'redis' ? 8 : 0;
    case Opcode.enterpriseSlot:
      return dialect === 'redis' ? 16 : 0;
    case Opcode.enterpriseLru:
      return dialect === 'redis' ? 32 : 0;
    default:
      return 0;
  }
}

function tooMuch(): RdbkitError {
  return new RdbkitError('LIMIT_EXCEEDED', 'more than may be looked at here');
}

const NOTHING = new Uint8Array(0);
