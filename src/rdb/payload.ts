import { putInt32LE } from '../bytes/integer.js';
import { Crc64 } from '../codec/crc64.js';

/** Bytes behind the value in a DUMP payload: version and checksum. */
export const FOOTER_BYTES = 10;

/**
 * Writes the footer of a DUMP payload: the RDB version, then the checksum of all before it,
 * version included. Feed it the payload's bytes in order, then call `put`.
 */
export class PayloadFooter {
  private readonly crc = new Crc64();
  private readonly version = new Uint8Array(2);

  /** @param rdbVersion the version that the payload will claim */
  constructor(rdbVersion: number) {
    this.version[0] = rdbVersion;
    this.version[1] = rdbVersion >>> 8;
  }

  /** Starts on the next payload. */
  reset(): void {
    this.crc.low = 0;
    this.crc.high = 0;
  }

  update(bytes: Uint8Array, start: number, end: number): void {
    this.crc.update(bytes, start, end);
  }

  /** Writes the ten bytes of the footer at `at`. */
  put(target: Uint8Array, at: number): void {
    this.crc.update(this.version);
    target.set(this.version, at);
    putInt32LE(target, at + 2, this.crc.low);
    putInt32LE(target, at + 6, this.crc.high);
  }
}

/** The DUMP payload of a serialized value, whole. */
export function dumpPayload(typeCode: number, value: Uint8Array, rdbVersion: number): Uint8Array {
  const payload = new Uint8Array(1 + value.length + FOOTER_BYTES);
  payload[0] = typeCode;
  payload.set(value, 1);
  const footer = new PayloadFooter(rdbVersion);
  footer.update(payload, 0, 1 + value.length);
  footer.put(payload, 1 + value.length);
  return payload;
}
