import { latin1Text } from '../bytes/ascii.js';
import type { Limits } from '../limits.js';
import { formatOfServer, type TargetFormat } from '../rdb/compat.js';
import { ValueEncoder } from '../rdb/encode/value-encoder.js';
import { allTypes, type ValueType } from '../rdb/types.js';
import type { AuxRecord } from '../record.js';
import type { MakeSpill } from '../spill.js';

/** What values are encoded for where nothing says who wrote the dump. */
const REDIS_7_2: TargetFormat = { dialect: 'redis', rdbVersion: 11, backlen: 'old' };

/** Formats that know more than the ones before, each under both dialects, the oldest first. */
const NEWER: readonly TargetFormat[] = [
  { dialect: 'redis', rdbVersion: 12, backlen: 'old' },
  { dialect: 'redis', rdbVersion: 13, backlen: 'old' },
  { dialect: 'redis', rdbVersion: 14, backlen: 'new' },
  { dialect: 'redis', rdbVersion: 15, backlen: 'new' },
  { dialect: 'valkey', rdbVersion: 80, backlen: 'old' },
  { dialect: 'valkey', rdbVersion: 81, backlen: 'new' },
];

/** Aux fields that name the server which wrote the dump. */
const SERVER_FIELDS: Readonly<Record<string, TargetFormat['dialect']>> = {
  'redis-ver': 'redis',
  'valkey-ver': 'valkey',
};

/**
 * Chooses the server whose encodings a value gets: the given one, else the one that the aux lines
 * name, else Redis 7.2. A value that this server cannot hold, or was not stored by it, gets those
 * of the oldest server that can; unless the server was given.
 */
export class ValueEncoders {
  /** The server whose encodings values get unless they need more. */
  base: TargetFormat;
  private readonly encoders = new Map<string, ValueEncoder>();

  constructor(
    private readonly limits: Limits,
    private readonly makeSpill: MakeSpill,
    private readonly given: TargetFormat | undefined,
  ) {
    this.base = given ?? REDIS_7_2;
  }

  /** Takes note of who wrote the dump. */
  learn({ name, value }: AuxRecord): void {
    const dialect = SERVER_FIELDS[latin1Text(name)];
    const version = latin1Text(value.subarray(0, 64));
    if (this.given !== undefined || dialect === undefined || !/^\d+\.\d+/.test(version)) return;
    this.base = formatOfServer(dialect, version);
  }

  /** The formats for a value, the next to be tried where it needs more than the one before has. */
  *formats(): Generator<TargetFormat> {
    const { base, given } = this;
    yield base;
    if (given !== undefined) return;
    for (const same of [true, false]) {
      for (const format of NEWER) {
        const isSame = format.dialect === base.dialect;
        if (isSame === same && (!isSame || format.rdbVersion > base.rdbVersion)) yield format;
      }
    }
  }

  /** The encoder of a format, or of the oldest that has the encoding of a record. */
  encoder(format: TargetFormat, family: string, encoding: string | undefined): ValueEncoder {
    const stored =
      this.given !== undefined || encoding === undefined || isKnown(format, family, encoding)
        ? undefined
        : NEWER.find((newer) => isKnown(newer, family, encoding));
    const chosen = stored ?? format;
    const name = `${chosen.dialect} ${chosen.rdbVersion} ${chosen.backlen}`;
    let encoder = this.encoders.get(name);
    if (encoder === undefined) {
      encoder = new ValueEncoder(chosen, {
        limits: this.limits,
        makeSpill: this.makeSpill,
        streamDetails: this.given === undefined ? 'refuse' : 'drop',
      });
      this.encoders.set(name, encoder);
    }
    return encoder;
  }

  /** Gives temporary files and memory back. */
  close(): void {
    for (const encoder of this.encoders.values()) encoder.close();
    this.encoders.clear();
  }
}

function isKnown({ dialect, rdbVersion }: TargetFormat, family: string, encoding: string): boolean {
  const since = typesOf(family, encoding).map((type) => type[dialect]);
  return since.some((version) => version !== undefined && version <= rdbVersion);
}

function typesOf(family: string, encoding: string): readonly ValueType[] {
  return ENCODINGS.get(`${family} ${encoding}`) ?? [];
}

/** The only row of the registry for most; some encodings have one in each dialect. */
const ENCODINGS: ReadonlyMap<string, ValueType[]> = byEncoding();

function byEncoding(): Map<string, ValueType[]> {
  const encodings = new Map<string, ValueType[]>();
  for (const type of allTypes()) {
    if (type.fileOnly) continue;
    const name = `${type.family} ${type.encoding}`;
    const rows = encodings.get(name);
    if (rows === undefined) encodings.set(name, [type]);
    else rows.push(type);
  }
  return encodings;
}
