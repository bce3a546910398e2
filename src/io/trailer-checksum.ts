import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { readInt32LE } from '../bytes/integer.js';
import { Crc64 } from '../codec/crc64.js';
import { readError } from './read-error.js';

const CHUNK = 1 << 20;

/**
 * Compares the last eight bytes of a file with the checksum of all before them, without reading
 * what it is: `ok` means that the file is byte for byte what the server wrote. A dump with
 * commands behind it, and one from before RDB 5, comes out as `bad`.
 */
export async function trailerChecksum(path: string): Promise<'ok' | 'absent' | 'bad'> {
  const file = openFile(path);
  try {
    const size = fstatSync(file).size;
    if (size < 8) return 'bad';
    const crc = new Crc64();
    const buffer = new Uint8Array(CHUNK);
    for (let at = 0; at < size - 8; ) {
      const count = readSync(file, buffer, 0, Math.min(CHUNK, size - 8 - at), at);
      if (count === 0) return 'bad';
      crc.update(buffer, 0, count);
      at += count;
      if ((at & (8 * CHUNK - 1)) === 0) await setImmediate();
    }
    readSync(file, buffer, 0, 8, size - 8);
    const low = readInt32LE(buffer, 0);
    const high = readInt32LE(buffer, 4);
    if (low === 0 && high === 0) return 'absent';
    return low === crc.low && high === crc.high ? 'ok' : 'bad';
  } catch (thrown) {
    throw readError(thrown, path);
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (thrown) {
    throw readError(thrown, path);
  }
}
