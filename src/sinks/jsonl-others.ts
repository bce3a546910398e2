import type { CommandRecord, FunctionRecord } from '../record.js';
import { putBase64 } from './json-base64.js';
import type { LineStrings } from './jsonl-strings.js';
import type { OutputBuffer } from './output-buffer.js';
import type { OtherRecord } from './record-format.js';

/**
 * Writes a record that is no key as a line: `{"function": code}`, `{"aux": [name, value]}`,
 * `{"moduleAux": {module, payload}}`, `{"db": n, "command": [argument, …]}`. False for what a line
 * would say nothing with: how many keys a slot holds, which is a hint that a reader can count.
 */
export function putOther(record: OtherRecord, out: OutputBuffer, strings: LineStrings): boolean {
  if (record.kind === 'slot-info') return false;
  const start = out.at;
  const { mayFlush } = out;
  out.mayFlush = false;
  strings.isLatin1 = false;
  if (!putLine(record, out, strings)) {
    out.at = start;
    strings.isLatin1 = true;
    putLine(record, out, strings);
  }
  out.mayFlush = mayFlush;
  return true;
}

function putLine(
  record: Exclude<OtherRecord, { kind: 'slot-info' }>,
  out: OutputBuffer,
  strings: LineStrings,
): boolean {
  out.ascii(strings.isLatin1 ? '{"bytes":"latin1",' : '{');
  switch (record.kind) {
    case 'function':
      if (!putFunction(record, out, strings)) return false;
      break;
    case 'aux':
      out.ascii('"aux":[');
      if (!putBytes(record.name, out, strings)) return false;
      out.ascii(',');
      if (!putBytes(record.value, out, strings)) return false;
      out.ascii(']');
      break;
    case 'module-aux':
      out.ascii(`"moduleAux":{"module":"${record.module}","payload":`);
      putBase64(out, [record.bytes]);
      out.ascii('}');
      break;
    case 'command':
      if (!putCommand(record, out, strings)) return false;
  }
  out.ascii('}\n');
  return true;
}

/** A library of the 7.0 release candidates has its name and engine besides. */
function putFunction({ code, preGa }: FunctionRecord, out: OutputBuffer, strings: LineStrings): boolean {
  out.ascii('"function":');
  if (!putBytes(code, out, strings)) return false;
  if (preGa === undefined) return true;
  out.ascii(',"name":');
  if (!putBytes(preGa.name, out, strings)) return false;
  out.ascii(',"engine":');
  return putBytes(preGa.engine, out, strings);
}

/** The record is a whole RESP array of bulk strings: every one is a length line and its bytes. */
function putCommand({ db, bytes }: CommandRecord, out: OutputBuffer, strings: LineStrings): boolean {
  out.ascii(`"db":${db},"command":[`);
  let at = lineEnd(bytes, 0);
  for (let isFirst = true; at < bytes.length; isFirst = false) {
    if (!isFirst) out.ascii(',');
    const start = lineEnd(bytes, at);
    const size = lineNumber(bytes, at + 1);
    if (!strings.put(out, bytes, start, start + size)) return false;
    at = start + size + 2;
  }
  out.ascii(']');
  return true;
}

/** Position behind the CR LF that ends a line. */
function lineEnd(bytes: Uint8Array, start: number): number {
  return bytes.indexOf(0x0a, start) + 1;
}

function lineNumber(bytes: Uint8Array, start: number): number {
  let number = 0;
  for (let i = start; bytes[i] !== 0x0d; i++) number = number * 10 + (bytes[i] as number) - 0x30;
  return number;
}

function putBytes(bytes: Uint8Array, out: OutputBuffer, strings: LineStrings): boolean {
  return strings.put(out, bytes, 0, bytes.length);
}
