import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { latin1Text } from '../bytes/ascii.js';
import { RdbDecoder } from '../rdb/reader.js';
import { type Compression, decompressor, detectCompression, VCS_HEADER } from './compression.js';
import { looksLikeManifest } from './manifest-file.js';
import { readError } from './read-error.js';
import { trailerChecksum } from './trailer-checksum.js';

/**
 * What an input is, by its content. `aof` is a log in one file, or one part of a log; `aof-folder`
 * any folder. What is nothing of all this is `rdb`, whose reader says best what it is instead.
 */
export type InputKind = 'rdb' | 'jsonl' | 'aof' | 'aof-folder' | 'manifest';

/** Room for the aux fields of a dump, which say whether it is the base of a log. */
const HEAD = 4096;

/** White space and a byte order mark, before the brace of JSON Lines. */
const JSON_LINES = /^(?:\xef\xbb\xbf)?[\t-\r ]*\{/;
const COMMANDS = /^(?:\*\d|#TS:)/;
const DUMP = /^(?:REDIS|VALKEY)/;
const LOG_DUMP = /aof-(?:base|preamble)/;

/** How a log's last command ends, where its last argument is short. */
const COMMAND_END = /\r\n\$\d{1,10}\r\n.*\r\n$/s;

/** A command in the middle of anything. */
const COMMAND = /\*[1-9]\d{0,9}\r\n\$\d{1,2}\r\n[A-Za-z]{3,20}\r\n/;

/** What a dump whose magic is damaged has near its beginning. */
const DUMP_FIELDS = /\xfa\x09(?:redis|valkey)-/;

const TRAILER = 9;
const END_OF_DUMP = 0xff;

/**
 * What a path is. A dump that is marked as the base of a log is `aof` when commands follow it, `rdb`
 * when it stands alone, as in the folder of a log.
 * @throws RdbkitError IO
 */
export async function detectInput(path: string): Promise<InputKind> {
  try {
    if (statSync(path).isDirectory()) return 'aof-folder';
    const { head, tail, isRegular } = endsOf(path);
    // A pipe gives its first bytes only once.
    if (!isRegular) return 'rdb';
    const compression = detectCompression(head);
    if (compression !== 'none') return kindOf(await unwrapHead(head, compression));
    const kind = kindOf(head);
    if (kind === 'aof' && DUMP.test(latin1Text(head, 0, 8))) return await withDump(path, tail);
    return kind === 'rdb' && !endsDump(tail) && isDamagedLog(head, tail) ? 'aof' : kind;
  } catch (thrown) {
    throw readError(thrown, path);
  }
}

/** What a stream is, by its first bytes, and a stream that gives them again, to be read instead. */
export async function detectStream(
  stream: Readable,
): Promise<{ readonly kind: InputKind; readonly stream: Readable }> {
  const head = await firstBytes(stream);
  const compression = detectCompression(head);
  const kind = kindOf(compression === 'none' ? head : await unwrapHead(head, compression));
  const whole = new PassThrough();
  if (head.length > 0) whole.write(head);
  if (stream.readableEnded) whole.end();
  // What goes wrong comes out of `whole` as well.
  else pipeline(stream, whole, () => {});
  return { kind, stream: whole };
}

/** What the first bytes say; for a dump, whether it is marked as the base of a log. */
function kindOf(head: Uint8Array): InputKind {
  const text = latin1Text(head.subarray(0, HEAD));
  if (JSON_LINES.test(text)) return 'jsonl';
  if (COMMANDS.test(text)) return 'aof';
  if (looksLikeManifest(head)) return 'manifest';
  return DUMP.test(text) && LOG_DUMP.test(text) && isLogDump(head) ? 'aof' : 'rdb';
}

/** Whether a file is a log whose first bytes do not tell, by the commands in it. */
function isDamagedLog(head: Uint8Array, tail: Uint8Array): boolean {
  const text = latin1Text(head);
  const endsInCommand = COMMAND_END.test(latin1Text(tail));
  if (DUMP.test(text)) return endsInCommand;
  return !DUMP_FIELDS.test(text) && (endsInCommand || COMMAND.test(text));
}

/** Whether the aux fields say that commands follow. */
function isLogDump(head: Uint8Array): boolean {
  const decoder = new RdbDecoder({ checksum: 'ignore' });
  decoder.push(head);
  try {
    const { records } = decoder.next() ?? { records: [] };
    return records.some(
      (record) =>
        record.kind === 'aux' &&
        /^aof-(?:base|preamble)$/.test(latin1Text(record.name)) &&
        record.value[0] === 0x31,
    );
  } catch {
    return false;
  }
}

/** A dump that stands alone ends with its checksum. */
async function withDump(path: string, tail: Uint8Array): Promise<InputKind> {
  if (!endsDump(tail)) return 'aof';
  const state = await trailerChecksum(path);
  return state === 'ok' || state === 'absent' ? 'rdb' : 'aof';
}

function endsDump(tail: Uint8Array): boolean {
  return tail[tail.length - TRAILER] === END_OF_DUMP;
}

function endsOf(path: string): { head: Uint8Array; tail: Uint8Array; isRegular: boolean } {
  const head = new Uint8Array(HEAD);
  const tail = new Uint8Array(HEAD);
  if (!statSync(path).isFile()) return { head, tail, isRegular: false };
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const held = readSync(file, head, 0, HEAD, 0);
    const kept = readSync(file, tail, 0, HEAD, Math.max(0, size - HEAD));
    return { head: head.subarray(0, held), tail: tail.subarray(0, kept), isRegular: true };
  } finally {
    closeSync(file);
  }
}

/** What the first bytes of a compressed input stand for; none when that cannot be told from them. */
async function unwrapHead(head: Uint8Array, compression: Exclude<Compression, 'none'>): Promise<Uint8Array> {
  const inner = await decompressor(compression);
  return new Promise((resolve) => {
    const settle = (bytes: Uint8Array) => {
      resolve(bytes);
      inner.destroy();
    };
    inner.once('data', settle);
    inner.once('error', () => settle(new Uint8Array(0)));
    inner.once('end', () => settle(new Uint8Array(0)));
    inner.end(compression === 'vcs-zstd' ? head.subarray(VCS_HEADER) : head);
  });
}

/** Reads `HEAD` bytes or more, or to the end. */
async function firstBytes(stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD) {
    const chunk = (stream.read() as Uint8Array | null) ?? undefined;
    if (chunk !== undefined) {
      chunks.push(chunk);
      size += chunk.length;
    } else if (!(await hasMore(stream))) break;
  }
  return Buffer.concat(chunks);
}

/** Waits for input; false when none comes any more. */
function hasMore(stream: Readable): Promise<boolean> {
  if (stream.readableEnded || stream.destroyed) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => () => {
      stream.off('readable', readable).off('end', ended).off('error', failed);
      end();
    };
    const readable = settle(() => resolve(stream.readableLength > 0));
    const ended = settle(() => resolve(false));
    const failed = (error: Error) => settle(() => reject(error))();
    stream.on('readable', readable).on('end', ended).on('error', failed);
  });
}
