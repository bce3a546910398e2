import { latin1Text } from '../../bytes/ascii.js';
import { RdbkitError } from '../../errors.js';
import { magicOf, targetOfServer, targetOfVersion } from '../dump-target.js';
import { type Magic, NEWEST_VERSION, parseMagic } from '../magic.js';

/** Bytes of the beginning in which the version of the server is looked for. */
export const HEADER_BYTES = 4096;

export interface Header {
  readonly magic: Magic;
  /** What is wrong with the magic of the file, and how it was found out what it was. */
  readonly damage: string | undefined;
}

const MAGIC_BYTES = 9;

/** Letters of the name that may be wrong where the version behind it is one that is known. */
const WRONG_LETTERS = 2;

/**
 * Reads the header of a file that may be damaged there, too. What its magic was is taken from
 * `given`, else from what is left of it, else from the aux field with the server's version.
 * @param head the first `HEADER_BYTES` of the file
 * @throws RdbkitError INPUT_CORRUPT when it cannot be found out
 */
export function readHeader(head: Uint8Array, given?: Magic): Header {
  const read = tryMagic(head);
  if (given !== undefined) {
    if (read instanceof RdbkitError) return { magic: given, damage: `${said(head)} ${given.text} was given` };
    const differs = read.text !== given.text;
    return {
      magic: given,
      damage: differs ? `it says ${read.text} where ${given.text} was given` : undefined,
    };
  }
  if (!(read instanceof RdbkitError) && read.version <= newest(read))
    return { magic: read, damage: undefined };
  const left = read instanceof RdbkitError ? fromLetters(head) : undefined;
  if (left !== undefined) {
    return { magic: left, damage: `${said(head)} all but the name says ${left.text}` };
  }
  const known = fromAux(head);
  if (known !== undefined) {
    return { magic: known, damage: `${said(head)} the version of the server says ${known.text}` };
  }
  if (!(read instanceof RdbkitError)) return { magic: read, damage: undefined };
  read.hint = 'if it is a dump, say of which version: --rdb-version 11, or --rdb-version 80 for Valkey';
  throw read;
}

/** The magic of a version that is known: of Valkey from 80 on, else of Redis. */
export function magicOfVersion(version: number): Magic | undefined {
  const isKnown =
    version >= 80 ? version <= NEWEST_VERSION.valkey : version >= 1 && version <= NEWEST_VERSION.redis;
  return isKnown ? magicOfText(magicOf({ ...targetOfVersion(version), rdbVersion: version })) : undefined;
}

function magicOfText(text: string): Magic {
  const magic = parseMagic(new Uint8Array([...text].map((letter) => letter.charCodeAt(0))), 0, text.length);
  if (magic === undefined) throw new RdbkitError('INTERNAL', `${text} is no magic`);
  return magic;
}

function said(head: Uint8Array): string {
  const text = latin1Text(head, 0, Math.min(MAGIC_BYTES, head.length));
  return `it begins with ${JSON.stringify(text)};`;
}

function newest({ dialect }: Magic): number {
  return NEWEST_VERSION[dialect === 'valkey' ? 'valkey' : 'redis'];
}

function tryMagic(head: Uint8Array): Magic | RdbkitError {
  try {
    const magic = parseMagic(head, 0, head.length);
    return magic ?? new RdbkitError('INPUT_TRUNCATED', 'the input ends before the end of its header');
  } catch (thrown) {
    return RdbkitError.from(thrown);
  }
}

function fromLetters(head: Uint8Array): Magic | undefined {
  const text = latin1Text(head, 0, Math.min(MAGIC_BYTES, head.length));
  for (const name of ['REDIS', 'VALKEY']) {
    const version = text.slice(name.length);
    if (!/^\d+$/.test(version) || text.length < MAGIC_BYTES) continue;
    const wrong = [...name].filter((letter, i) => text[i] !== letter).length;
    if (wrong > WRONG_LETTERS) continue;
    const magic = magicOfText(name + version.padStart(MAGIC_BYTES - name.length, '0'));
    const isKnown = name === 'VALKEY' ? magic.version >= 80 : magic.version >= 1;
    if (isKnown && magic.version <= newest(magic)) return magic;
  }
  return undefined;
}

/** By the first aux field that names the version of a server. */
function fromAux(head: Uint8Array): Magic | undefined {
  const found = /(redis|valkey)-ver([\s\S])(\d{1,3}\.\d{1,3}\.\d{1,3})/.exec(
    latin1Text(head, 0, head.length),
  );
  if (found === null || (found[2] as string).charCodeAt(0) !== (found[3] as string).length) return undefined;
  const target = targetOfServer(`${found[1]}-${found[3]}`);
  return target === undefined ? undefined : magicOfText(magicOf(target));
}
