import type { Integer } from '../bytes/integer.js';

/**
 * Expiries that are held back: written as times so far ahead that nothing expires, from which the
 * time meant can be told.
 *
 * A key's expiry is spread out, 1024 apart, and stands in the middle of its span: a server that only
 * tells how much is left of it (PTTL, before 7.0) may be misread by half a second, as may one that
 * only takes what is left (RESTORE before 5.0), and the expiry is still exact. All of it stays below
 * 2^53, which doubles hold; servers take key expiries up to 2^63 - 1 (`expireGenericCommand` in
 * expire.c). Fields of a Redis hash take up to 2^46 - 1 only (`HFE_MAX_ABS_TIME_MSEC` in t_hash.c);
 * servers that have them tell expiries exactly, so these are only moved.
 */
export interface HeldTimes {
  /** The time to be written for an expiry from 1 to `LATEST_HELD`; for an earlier one that for 1. */
  hold(atMs: number): number;
  /** Whether a time is one that stands for another. */
  isHeld(atMs: Integer): boolean;
  /** The expiry that a time stands for, which must be one that `isHeld` affirms. */
  release(atMs: number): number;
}

/** What of a key has held expiries, as bits: itself, fields of its hash. */
export const HeldPart = { key: 1, fields: 2 } as const;

/** The latest expiry that can be held, Unix ms: in the year 2109. */
export const LATEST_HELD = 2 ** 42 - 1;

/** How far a held expiry of a key may be misread, either way, and is still told exactly, ms. */
export const HELD_TOLERANCE_MS = 511;

const SPAN = 1024;
const MIDDLE = 512;
const FIRST_OF_KEYS = 4_100_000_000_000_000;
const FIRST_OF_FIELDS = 55_000_000_000_000;

/** Of keys: times from about the year 131,900 to 274,600. */
export const keyTimes: HeldTimes = spread(FIRST_OF_KEYS, SPAN, MIDDLE);

/** Of fields of a hash: times in the years 3712 to 3852. */
export const fieldTimes: HeldTimes = spread(FIRST_OF_FIELDS, 1, 0);

function spread(first: number, span: number, middle: number): HeldTimes {
  const end = first + (LATEST_HELD + 1) * span;
  return {
    hold: (atMs) => first + Math.max(1, atMs) * span + middle,
    isHeld: (atMs) => atMs >= first + span && atMs < end,
    release: (atMs) => Math.floor((atMs - first) / span),
  };
}
