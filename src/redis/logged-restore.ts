import { latin1Bytes } from '../bytes/ascii.js';
import { putInt32LE } from '../bytes/integer.js';
import { Crc64 } from '../codec/crc64.js';
import type { Limits } from '../limits.js';
import { valueWithBacklens } from '../rdb/backlen.js';
import { passageOf, type TargetFormat } from '../rdb/compat.js';
import { dumpPayload, FOOTER_BYTES } from '../rdb/payload.js';
import { type TypeTable, typeTable } from '../rdb/types.js';
import { KeyRecord, type LogHead } from '../record.js';

/** RESTORE key ttl payload [option …] */
const PAYLOAD = 3;

const CHECKSUM_BYTES = 8;

/** The first RDB version of Valkey's own, and those of Redis that Valkey does not read. */
const VALKEY = 80;
const FOREIGN = 12;

/** What becomes of a RESTORE of a log. */
export type LoggedPayload = { readonly refused: string } | { readonly command: Uint8Array };

export function isRestore({ kind, spec, argumentCount }: LogHead): boolean {
  const { name } = spec;
  return (
    (name === 'RESTORE' || name === 'RESTORE-ASKING') && kind === 'log-command' && argumentCount > PAYLOAD
  );
}

/** Makes payloads that the source of a log took over into such as a target reads. */
export class LoggedRestore {
  /** By the RDB version of a payload. */
  private readonly tables = new Map<number, TypeTable>();

  constructor(
    private readonly target: TargetFormat,
    private readonly limits: Limits,
  ) {}

  /**
   * The command with a payload for the target, or why there is none. Undefined where the command
   * can go as it is: the target reads the payload, or says best itself what is wrong with it.
   * @throws RdbkitError INPUT_CORRUPT when a listpack in it is malformed
   */
  translate(command: LogHead): LoggedPayload | undefined {
    const payload = command.argument(PAYLOAD);
    if (payload.length <= FOOTER_BYTES || !isWhole(payload)) return undefined;
    const version = versionOf(payload);
    const code = payload[0] as number;
    const type = this.typesOf(version)[code];
    if (type === undefined) return undefined;
    const record = new KeyRecord();
    record.type = type;
    record.valueBytes = payload;
    record.valueStart = 1;
    record.valueEnd = payload.length - FOOTER_BYTES;
    record.largestString = payload.length;
    const passage = passageOf(record, this.target);
    if (typeof passage === 'object') return passage;
    if (passage !== 'as-is') return undefined;
    const value = valueWithBacklens(record, this.target.backlen, this.limits);
    if (value === undefined && this.accepts(version)) return undefined;
    return { command: replaced(command, dumpPayload(code, value ?? record.value, this.target.rdbVersion)) };
  }

  private typesOf(version: number): TypeTable {
    let table = this.tables.get(version);
    if (table === undefined) {
      table = typeTable(version >= VALKEY ? 'valkey' : 'redis', version);
      this.tables.set(version, table);
    }
    return table;
  }

  private accepts(version: number): boolean {
    const { dialect, rdbVersion } = this.target;
    if (dialect === 'valkey' && version >= FOREIGN && version < VALKEY) return false;
    return version <= rdbVersion;
  }
}

function versionOf(payload: Uint8Array): number {
  const at = payload.length - FOOTER_BYTES;
  return (payload[at] as number) + 256 * (payload[at + 1] as number);
}

/** Whether the checksum is right. */
function isWhole(payload: Uint8Array): boolean {
  const end = payload.length - CHECKSUM_BYTES;
  const crc = new Crc64();
  crc.update(payload, 0, end);
  const found = new Uint8Array(CHECKSUM_BYTES);
  putInt32LE(found, 0, crc.low);
  putInt32LE(found, 4, crc.high);
  return found.every((byte, i) => byte === payload[end + i]);
}

/** The command as a RESP array with another payload. */
function replaced(command: LogHead, payload: Uint8Array): Uint8Array {
  const { bytes, start, end } = command;
  const before = bytes.subarray(start, command.argumentEnd(PAYLOAD - 1) + 2);
  const header = latin1Bytes(`$${payload.length}\r\n`);
  const behind = bytes.subarray(command.argumentEnd(PAYLOAD), end);
  const made = new Uint8Array(before.length + header.length + payload.length + behind.length);
  let at = 0;
  for (const piece of [before, header, payload, behind]) {
    made.set(piece, at);
    at += piece.length;
  }
  return made;
}
