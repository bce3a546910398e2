import type { Account } from '../account.js';
import { latin1Text } from '../bytes/ascii.js';
import { highHalf, type Integer, lowHalf, putInt32BE, putInt32LE } from '../bytes/integer.js';
import { type ConverterOptions, type NoteDropped, ValueConverter } from '../rdb/convert.js';
import type { DumpTarget } from '../rdb/dump-target.js';
import { libraryName } from '../rdb/library-name.js';
import { Opcode } from '../rdb/opcodes.js';
import { putLength } from '../rdb/string-header.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { CommandRecord, FunctionRecord, KeyBegin, KeyHead, KeyRecord } from '../record.js';
import type { OutputBuffer } from './output-buffer.js';
import { putString, RdbFrame } from './rdb-frame.js';
import type { Handling, OtherRecord, PartsFormat, RecordFormat } from './record-format.js';

/** With `unsupported: 'drop'`, keys of types that the target does not know are skipped, not failed. */
export interface RdbFormatOptions extends ConverterOptions {
  /**
   * What the dump is for. A function is asked when the first record is there, so that it can go
   * by the header of the source.
   */
  readonly target: DumpTarget | (() => DumpTarget);
}

/** First versions with access times, with data of modules outside keys, and with functions. */
const ACCESS = 9;
const MODULE_AUX = 9;
const FUNCTIONS = 10;

/** Expiry, idle time, counter and type byte before a key, and the length of the key. */
const HEAD_BYTES = 9 + 10 + 2 + 1 + 9;

/** Notes and reasons in the account. */
const NOTE_MODULE = 'keys of modules: a server without the module refuses the whole dump';
const NOTE_MODULE_AUX = 'data of modules outside keys: a server without the module refuses the whole dump';
const NOTE_KEYDB = 'expiries of set members and hash fields of KeyDB are not carried over';
const PRE_GA = 'it has the form of the 7.0 release candidates, which no release loads';
const NO_FUNCTIONS = 'functions need Redis 7.0, Valkey 7.2 or newer';
const NO_MODULE_AUX = 'data of modules outside keys needs Redis 5.0 or newer';
const TWICE = 'a library of that name was written before';
const COMMANDS = 'commands inside a dump are not carried over';

/** A dump that servers load: values as they are where the target reads them, else re-encoded. */
export function rdbFormat(options: RdbFormatOptions): RecordFormat {
  return rdbFormats(options)();
}

/** For several dumps that are written at the same time: makes formats that share their memory. */
export function rdbFormats(options: RdbFormatOptions): () => RecordFormat {
  const { target } = options;
  let converter: ValueConverter | undefined;
  // Made late: the target may depend on the header of the source.
  const shared = () => {
    converter ??= new ValueConverter(typeof target === 'function' ? target() : target, options);
    return converter;
  };
  return () => new RdbFormat(shared, options.unsupported === 'drop');
}

class RdbFormat implements RecordFormat {
  readonly name = 'rdb';
  readonly parts: PartsFormat;
  private frame!: RdbFrame;
  private account!: Account;
  private known: ValueConverter | undefined;
  private readonly libraries = new Set<string>();

  constructor(
    private readonly makeConverter: () => ValueConverter,
    private readonly drops: boolean,
  ) {
    let current: KeyBegin;
    this.parts = {
      begin: (head, out) => {
        current = head;
        this.frame.select(head.db);
        this.head(head, head.type.code, out);
      },
      part: (bytes, out) => out.put(bytes),
      end: () => this.frame.entered(current),
    };
  }

  private readonly note: NoteDropped = (text, times) => this.account.note(text, times);

  begin(out: OutputBuffer, account: Account): void {
    this.account = account;
    this.frame = new RdbFrame(out, () => this.converter.target);
  }

  handling(head: KeyHead): Handling {
    this.frame.begin();
    const way = this.converter.way(head);
    if (typeof way === 'object') {
      return this.drops
        ? { skipped: way.refused }
        : { refused: { code: 'TARGET_INCOMPATIBLE', cause: way.refused } };
    }
    if (head.type.family === 'module') this.account.note(NOTE_MODULE);
    return way === 'copy' ? 'copy' : 'read';
  }

  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const encoded = this.converter.convert(head, value, this.note);
    try {
      this.frame.select(head.db);
      this.head(head, encoded?.type.code ?? head.type.code, out);
      if (encoded === undefined && head.kind === 'key') {
        const { valueBytes, valueStart, valueEnd } = head as KeyRecord;
        out.put(valueBytes, valueStart, valueEnd);
      } else {
        for (const piece of (encoded ?? value).pieces()) out.put(piece);
      }
    } finally {
      encoded?.close();
    }
    this.frame.entered(head);
  }

  other(record: OtherRecord, out: OutputBuffer): boolean | string {
    switch (record.kind) {
      case 'aux':
        if (latin1Text(record.name) === 'keydb-subexpire-key') this.account.note(NOTE_KEYDB);
        return this.frame.aux(record);
      case 'function':
        return this.library(record, out);
      case 'module-aux':
        if (this.converter.target.rdbVersion < MODULE_AUX) return NO_MODULE_AUX;
        this.account.note(NOTE_MODULE_AUX);
        this.frame.begin();
        out.byte(Opcode.moduleAux);
        out.put(record.bytes);
        return true;
      case 'command':
        return this.command(record, out);
      case 'slot-info':
        return false;
    }
  }

  end(): void {
    this.frame.end();
  }

  private get converter(): ValueConverter {
    this.known ??= this.makeConverter();
    return this.known;
  }

  /** What stands before the value: attributes, type and key. */
  private head(head: KeyHead, code: number, out: OutputBuffer): void {
    const { keyBytes, keyStart, keyEnd, expireAtMs, metadata } = head;
    out.ensure(HEAD_BYTES);
    if (expireAtMs !== undefined) {
      out.bytes[out.at] = Opcode.expireMs;
      putInt32LE(out.bytes, out.at + 1, lowHalf(expireAtMs));
      putInt32LE(out.bytes, out.at + 5, highHalf(expireAtMs));
      out.at += 9;
    }
    if (head.idleSeconds !== undefined || head.frequency !== undefined) this.access(head, out);
    if (metadata !== undefined && this.converter.takesMetadata) out.put(metadata);
    out.ensure(HEAD_BYTES);
    out.bytes[out.at] = code;
    out.at = putLength(out.bytes, out.at + 1, keyEnd - keyStart);
    out.put(keyBytes, keyStart, keyEnd);
  }

  private access({ idleSeconds, frequency }: KeyHead, out: OutputBuffer): void {
    if (this.converter.target.rdbVersion < ACCESS) return;
    if (idleSeconds !== undefined) {
      out.bytes[out.at] = Opcode.idle;
      out.at = putInteger(out.bytes, out.at + 1, idleSeconds);
    }
    if (frequency !== undefined) {
      out.bytes[out.at] = Opcode.frequency;
      out.bytes[out.at + 1] = frequency;
      out.at += 2;
    }
  }

  private library(record: FunctionRecord, out: OutputBuffer): boolean | string {
    const { rdbVersion } = this.converter.target;
    if (record.preGa !== undefined) return PRE_GA;
    if (rdbVersion < FUNCTIONS) return NO_FUNCTIONS;
    const name = libraryName(record);
    if (this.libraries.has(name)) return TWICE;
    this.libraries.add(name);
    this.frame.begin();
    out.byte(Opcode.function);
    putString(out, record.code);
    return true;
  }

  /** Only a dump of the same server carries out the commands that it holds. */
  private command({ db, bytes }: CommandRecord, out: OutputBuffer): boolean | string {
    const { dialect, asStored } = this.converter.target;
    if (dialect !== 'valkey' || !asStored) return COMMANDS;
    this.frame.begin();
    this.frame.select(db);
    this.frame.enterDatabase(db);
    out.byte(Opcode.update);
    out.put(bytes);
    return true;
  }
}

/** An unsigned 64-bit integer as a length. */
function putInteger(target: Uint8Array, at: number, value: Integer): number {
  if (typeof value === 'number') return putLength(target, at, value);
  target[at] = 0x81;
  putInt32BE(target, at + 1, highHalf(value));
  putInt32BE(target, at + 5, lowHalf(value));
  return at + 9;
}
