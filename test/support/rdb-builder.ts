import { Crc64 } from '../../src/codec/crc64.js';
import { Opcode } from '../../src/rdb/opcodes.js';
import { type BytesLike, bytes, length, littleEndian, string } from './bytes.js';

/** Builds RDB files record by record, each as the caller wants it, right or wrong. */
export class RdbBuilder {
  private readonly parts: Uint8Array[] = [];

  constructor(magic = 'REDIS0011') {
    this.raw(magic);
  }

  /** Any bytes. */
  raw(...parts: readonly BytesLike[]): this {
    this.parts.push(bytes(...parts));
    return this;
  }

  aux(name: BytesLike, value: BytesLike): this {
    return this.raw(Opcode.aux, string(name), string(value));
  }

  selectDb(db: number): this {
    return this.raw(Opcode.selectDb, length(db));
  }

  resizeDb(keys: number, expires: number): this {
    return this.raw(Opcode.resizeDb, length(keys), length(expires));
  }

  expireMs(ms: number | bigint): this {
    return this.raw(Opcode.expireMs, littleEndian(ms, 8));
  }

  expireSeconds(seconds: number): this {
    return this.raw(Opcode.expireSeconds, littleEndian(seconds, 4));
  }

  idle(seconds: number | bigint): this {
    return this.raw(Opcode.idle, length(seconds));
  }

  frequency(counter: number): this {
    return this.raw(Opcode.frequency, counter);
  }

  /** A key; the value is given serialized. */
  key(type: number, key: BytesLike, value: BytesLike): this {
    return this.raw(type, string(key), value);
  }

  /** The file so far with EOF and, from version 5 on, its checksum. */
  build(checksum: 'right' | 'zero' | 'wrong' | 'none' = 'right'): Uint8Array {
    const content = bytes(...this.parts, Opcode.eof);
    if (checksum === 'none') return content;
    if (checksum === 'zero') return bytes(content, new Uint8Array(8));
    const crc = new Crc64();
    crc.update(content);
    return bytes(
      content,
      littleEndian(crc.low ^ (checksum === 'wrong' ? 1 : 0), 4),
      littleEndian(crc.high, 4),
    );
  }

  /** The bytes so far, without an end. */
  open(): Uint8Array {
    return bytes(...this.parts);
  }
}
