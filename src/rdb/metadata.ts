import { latin1Text } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { DumpRecord } from '../record.js';
import { commandEnd } from '../resp/command.js';
import type { HeldReader } from './held.js';
import { parseModuleId } from './module-id.js';
import { Opcode } from './opcodes.js';
import type { HashTemplates } from './templates.js';
import { type Dialect, moduleProgram } from './types.js';

/** What the readers of metadata records need to know of the file. */
export interface FileState {
  readonly scan: HeldReader;
  readonly templates: HashTemplates;
  /** Position of the opcode in the input. */
  offset: number;
  db: number;
  /** Set by KEY_META for the next key. */
  metadata: Uint8Array | undefined;
}

/**
 * Reads one metadata record behind its opcode: the record, `none` when there is nothing to hand
 * out, `short` when bytes are missing.
 */
type MetadataReader = (file: FileState) => DumpRecord | 'none' | 'short';

const SLOTS = 16_384;

const common: Readonly<Record<number, MetadataReader>> = {
  [Opcode.aux]: readAux,
  [Opcode.moduleAux]: readModuleAux,
  [Opcode.function]: readFunction,
  [Opcode.functionPreGa]: readPreGaFunction,
  [Opcode.slotInfo]: readSlotInfo,
};

const redis: Readonly<Record<number, MetadataReader>> = {
  ...common,
  [Opcode.keyMetadata]: readKeyMetadata,
  [Opcode.hashTemplate]: readTemplate,
  [Opcode.enterpriseSlot]: skipLength,
  [Opcode.enterpriseLru]: skipLength,
};

/** Readers of the opcodes that do not belong to a key, by dialect and opcode. */
export const metadataReaders: Readonly<Record<Dialect, Readonly<Record<number, MetadataReader>>>> = {
  redis,
  dragonfly: common,
  valkey: {
    ...common,
    [Opcode.slotImport]: skipSlotImport,
    [Opcode.update]: readUpdate,
  },
};

function readAux({ scan, offset }: FileState): DumpRecord | 'short' {
  const name = scan.readCopy('an aux name');
  const value = name === undefined ? undefined : scan.readCopy('an aux value');
  if (name === undefined || value === undefined) return 'short';
  return slotInfoOf(name, value, offset) ?? { kind: 'aux', name, value, offset };
}

/** Valkey's form of slot info: an aux field `slot,keys,expires` with more numbers since 9.0. */
function slotInfoOf(name: Uint8Array, value: Uint8Array, offset: number): DumpRecord | undefined {
  if (name.length !== 9 || latin1Text(name) !== 'slot-info') return undefined;
  const numbers = /^(\d{1,5}),(\d{1,15}),(\d{1,15})(?:,\d+)*$/.exec(latin1Text(value.subarray(0, 200)));
  if (numbers === null) return undefined;
  return slotInfo(Number(numbers[1]), Number(numbers[2]), Number(numbers[3]), offset);
}

function readSlotInfo({ scan, offset }: FileState): DumpRecord | 'short' {
  if (!scan.readLength()) return 'short';
  const slot = scan.length;
  if (!scan.readLength()) return 'short';
  const keys = scan.length;
  if (!scan.readLength()) return 'short';
  return slotInfo(slot, keys, scan.length, offset);
}

function slotInfo(slot: Integer, keys: Integer, expires: Integer, offset: number): DumpRecord {
  if (slot >= SLOTS) throw new RdbkitError('INPUT_CORRUPT', `slot ${slot} does not exist`, { offset });
  return { kind: 'slot-info', slot: Number(slot), keys, expires, offset };
}

function readFunction({ scan, offset }: FileState): DumpRecord | 'short' {
  const code = scan.readCopy('a function library');
  return code === undefined ? 'short' : { kind: 'function', code, offset };
}

/** Name, engine, whether a description follows, source (7.0 release candidates only). */
function readPreGaFunction({ scan, offset }: FileState): DumpRecord | 'short' {
  const name = scan.readCopy('a function name');
  const engine = name && scan.readCopy('a function engine');
  if (name === undefined || engine === undefined || !scan.readLength()) return 'short';
  const described = scan.high !== 0 || scan.low !== 0;
  if (described && !scan.readText('a function description')) return 'short';
  const code = scan.readCopy('a function library');
  return code === undefined ? 'short' : { kind: 'function', code, preGa: { name, engine }, offset };
}

function readModuleAux({ scan, offset }: FileState): DumpRecord | 'short' {
  const start = scan.at;
  if (!scan.readLength()) return 'short';
  const { name } = parseModuleId(scan.length);
  if (!passModuleItems(scan, start)) return 'short';
  return { kind: 'module-aux', module: name, bytes: scan.bytes.slice(start, scan.at), offset };
}

/** Passes an opcode stream; false when bytes are missing. `start` is where its record began. */
function passModuleItems(scan: HeldReader, start: number): boolean {
  scan.begin(moduleProgram, scan.at);
  if (scan.walk()) return true;
  scan.requireHeld(scan.end - start, 'a module record');
  return false;
}

/** Class specs and their data; the block goes with the next key, in a DUMP payload too. */
function readKeyMetadata(file: FileState): 'none' | 'short' {
  const { scan } = file;
  const start = scan.at - 1;
  const classes = scan.readCount();
  if (classes < 0) return 'short';
  if (classes < 1 || classes > 7) {
    throw new RdbkitError('INPUT_CORRUPT', `key metadata of ${classes} classes`, { offset: file.offset });
  }
  for (let i = 0; i < classes; i++) {
    scan.at += 4;
    if (scan.at > scan.end || !passModuleItems(scan, start)) return 'short';
  }
  file.metadata = scan.bytes.slice(start, scan.at);
  return 'none';
}

function readTemplate({ scan, templates, offset }: FileState): 'none' | 'short' {
  if (!scan.readLength()) return 'short';
  const id = scan.length;
  const count = scan.readCount();
  if (count < 0) return 'short';
  if (count === 0) throw new RdbkitError('INPUT_CORRUPT', `hash template ${id} has no fields`, { offset });
  const names: Uint8Array[] = [];
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const name = scan.readCopy('a field name');
    if (name === undefined) return 'short';
    bytes += name.length + 16;
    scan.requireRoom(bytes, templates.room, 'hash templates');
    names.push(name);
  }
  templates.declare(id, names);
  return 'none';
}

function skipLength({ scan }: FileState): 'none' | 'short' {
  return scan.readLength() ? 'none' : 'short';
}

/** Slot imports that were running in a Valkey cluster; nothing that belongs to the data. */
function skipSlotImport({ scan }: FileState): 'none' | 'short' {
  if (!scan.readText('a job name')) return 'short';
  const ranges = scan.readCount();
  if (ranges < 0) return 'short';
  for (let i = 0; i < ranges; i++) {
    if (!scan.readLength() || !scan.readLength()) return 'short';
  }
  return 'none';
}

/** A command in the stream of Valkey 9.2, to be run in the selected database. */
function readUpdate({ scan, db, offset }: FileState): DumpRecord | 'short' {
  const start = scan.at;
  const end = commandEnd(scan.bytes, start, scan.end);
  if (end < 0) {
    scan.requireHeld(scan.end - start, 'a command');
    return 'short';
  }
  scan.at = end;
  return { kind: 'command', db, bytes: scan.bytes.slice(start, end), offset };
}
