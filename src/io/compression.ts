import type { Transform } from 'node:stream';
import { RdbkitError } from '../errors.js';

/** How a file is wrapped, by its first bytes. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'vcs-zstd';

/** Bytes that `detectCompression` looks at. */
export const COMPRESSION_HEAD = 7;

/** Header of a dump that Valkey 9.2 compressed as a whole: `VCS`, version, codec, 0, kind. */
export const VCS_HEADER = 7;
const VCS_ZSTD = 2;

/** @throws RdbkitError INPUT_UNSUPPORTED for a compression that cannot be undone here */
export function detectCompression(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd';
  if (startsWith(head, [0x04, 0x22, 0x4d, 0x18])) throw lz4('an LZ4 frame');
  if (startsWith(head, [0x56, 0x43, 0x53, 0x01]) && head.length >= VCS_HEADER) {
    if (head[4] !== VCS_ZSTD) throw lz4('a dump that Valkey compressed with LZ4');
    return 'vcs-zstd';
  }
  return 'none';
}

/** The stream that undoes a compression. zlib is loaded only here: most dumps are not compressed. */
export async function decompressor(compression: Exclude<Compression, 'none'>): Promise<Transform> {
  const zlib = await import('node:zlib');
  if (compression === 'gzip') return zlib.createGunzip();
  const create = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  if (create === undefined) {
    throw new RdbkitError('INPUT_UNSUPPORTED', 'zstd needs Node 22.15 or newer', {
      hint: 'pipe it through: zstd -dc FILE | rdbkit … -',
    });
  }
  return create();
}

/** What a decompressor's error means. */
export function decompressionError(thrown: unknown, compression: Compression): unknown {
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  if (!/^(?:Z_|ZSTD_)/.test(code)) return thrown;
  const cut = code === 'Z_BUF_ERROR' || code === 'ZSTD_error_srcSize_wrong';
  return cut
    ? new RdbkitError('INPUT_TRUNCATED', `the ${compression} stream ends too soon`, { cause: thrown })
    : new RdbkitError('INPUT_CORRUPT', `the ${compression} stream is damaged`, { cause: thrown });
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}

function lz4(what: string): RdbkitError {
  return new RdbkitError('INPUT_UNSUPPORTED', `${what} cannot be read`, {
    hint: 'decompress it first: lz4 -dc FILE | rdbkit … -',
  });
}
