import { latin1Bytes } from '../bytes/ascii.js';
import { ByteWriter } from '../bytes/writer.js';
import { RdbkitError } from '../errors.js';
import { parseModuleId } from '../rdb/module-id.js';
import { RdbDecoder } from '../rdb/reader.js';
import { allTypes, type ValueType } from '../rdb/types.js';
import type { AuxRecord, CommandRecord, ModuleAuxRecord } from '../record.js';
import type { LineFields } from './jsonl-fields.js';
import type { PayloadReader } from './jsonl-payload.js';
import { Json } from './jsonl-tokens.js';

// Records that are no keys, as the lines of design section 7 and of the writer have them.

/** `[name, value]`. */
export function readAux(fields: LineFields, offset: number): AuxRecord {
  fields.expect(Json.beginArray, 'an array of two strings');
  const name = fields.nextBytes('the name of an aux field');
  const value = fields.nextBytes('an aux field');
  fields.endArray();
  return { kind: 'aux', name, value, offset };
}

/** `{module, payload}`; the payload has the layout of a module's value. */
export function* readModuleAux(
  fields: LineFields,
  payloads: PayloadReader,
  offset: number,
): Generator<void, ModuleAuxRecord> {
  const names = new Set<string>();
  let module: string | undefined;
  let bytes: Uint8Array | undefined;
  fields.expect(Json.beginObject, 'an object');
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    if (name === 'module') module = fields.nextWord();
    else if (name !== 'payload') throw fields.unknownMember(name);
    else {
      fields.next();
      bytes = yield* payloads.readHeld(fields, 'a module record', moduleType());
    }
  }
  fields.requireMembers(names, 'module', 'payload');
  if (parseModuleId(payloads.id).name !== module) {
    throw fields.wrong('the payload is of another module than the record says');
  }
  return { kind: 'module-aux', module, bytes: bytes as Uint8Array, offset };
}

/** `[argument, …]`, framed as a RESP array. */
export function readCommand(fields: LineFields, db: number, offset: number): CommandRecord {
  const body = new ByteWriter();
  let count = 0;
  fields.expect(Json.beginArray, 'an array of strings');
  while (fields.nextElement()) {
    fields.requireString();
    const argument = fields.bytesOf(fields.heldText('a command'), 'a command');
    count++;
    body.put(latin1Bytes(`$${argument.length}\r\n`));
    body.put(argument);
    body.put(CRLF);
    if (body.size > fields.limits.maxHeldString) {
      throw new RdbkitError(
        'LIMIT_EXCEEDED',
        `a command is longer than ${fields.limits.maxHeldString} bytes`,
      );
    }
  }
  if (count === 0) throw fields.wrong('a command has a name');
  const head = latin1Bytes(`*${count}\r\n`);
  const bytes = new Uint8Array(head.length + body.size);
  bytes.set(head);
  bytes.set(body.bytes, head.length);
  return { kind: 'command', db, bytes, offset };
}

/** Whether bytes are the metadata of a key, whole: a file of them and a key is read. */
export function isKeyMetadata(bytes: Uint8Array): boolean {
  const decoder = new RdbDecoder({ checksum: 'ignore' });
  decoder.push(latin1Bytes('REDIS0015'));
  decoder.push(bytes);
  decoder.push(KEY_AND_END);
  decoder.end();
  try {
    const [key, ...others] = decoder.next()?.records ?? [];
    return others.length === 0 && key?.kind === 'key' && key.metadata?.length === bytes.length;
  } catch (thrown) {
    RdbkitError.from(thrown);
    return false;
  }
}

export function moduleType(): ValueType {
  return allTypes().find((row) => row.family === 'module') as ValueType;
}

const CRLF = latin1Bytes('\r\n');

/** A string key of no bytes with a value of none, the end of a file and a checksum. */
const KEY_AND_END = Uint8Array.of(0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0);
