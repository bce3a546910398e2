import { closeSync, openSync, readSync } from 'node:fs';
import { Crc64 } from '../codec/crc64.js';

/** So many bytes before a place tell it from one in another file of the same name. */
const BYTES = 256;

/**
 * What stands before a place in a file, as a checksum: a server that writes its log anew may give
 * the file the name of the old one. Undefined where the file cannot be read up to there.
 */
export function logWitness(path: string, offset: number): string | undefined {
  const bytes = new Uint8Array(Math.min(BYTES, offset));
  try {
    const file = openSync(path, 'r');
    try {
      if (readSync(file, bytes, 0, bytes.length, offset - bytes.length) < bytes.length) return undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    // Gone, or not for us: who reads the log says so.
    return undefined;
  }
  const crc = new Crc64();
  crc.update(bytes);
  return [crc.high, crc.low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
