import { type Integer, normalInteger } from '../bytes/integer.js';
import { Fingerprint } from '../codec/fingerprint.js';
import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/** What to do with expiries; times are ms. */
export type TtlRule =
  | { readonly kind: 'keep' | 'drop' }
  /** Moves every expiry by so much, which may be negative. */
  | { readonly kind: 'shift'; readonly ms: number }
  /** Brings expiries that are further away than this down to it; keys without expiry get none. */
  | { readonly kind: 'max'; readonly ms: number }
  /** Changes the time left by up to this share, 0 to 1, up or down, the same for a key in every run. */
  | { readonly kind: 'jitter'; readonly share: number };

/** The new expiry of the key `bytes[start, end)`, which has one (Unix ms); undefined for none. */
export type TtlChange = (bytes: Uint8Array, start: number, end: number, at: Integer) => Integer | undefined;

/** Changes the expiry of keys that have one. */
export function ttl(rule: TtlRule, nowMs: () => number = Date.now): Stage {
  const change = ttlChange(rule, nowMs);
  return keyStage('ttl', (head) => {
    const { keyBytes, keyStart, keyEnd, expireAtMs } = head;
    if (expireAtMs !== undefined) head.expireAtMs = change(keyBytes, keyStart, keyEnd, expireAtMs);
    return true;
  });
}

/** What a rule makes of expiries. */
export function ttlChange(rule: TtlRule, nowMs: () => number): TtlChange {
  switch (rule.kind) {
    case 'keep':
      return (_bytes, _start, _end, at) => at;
    case 'drop':
      return () => undefined;
    case 'shift':
      return (_bytes, _start, _end, at) => shifted(at, Math.round(rule.ms));
    case 'max':
      return (_bytes, _start, _end, at) => nearer(at, nowMs() + Math.round(rule.ms));
    case 'jitter':
      return jitter(rule.share, nowMs);
  }
}

/** The expiry moved, no further than 64 bits with a sign reach. */
function shifted(at: Integer, ms: number): Integer {
  const moved = BigInt(at) + BigInt(ms);
  if (moved > LATEST) return normalInteger(LATEST);
  return normalInteger(moved < -LATEST ? -LATEST : moved);
}

const LATEST = 2n ** 63n - 1n;

function nearer(at: Integer, latest: number): Integer {
  if (at > latest) return latest;
  return at;
}

function jitter(share: number, nowMs: () => number): TtlChange {
  const fingerprint = new Fingerprint(Int32Array.of(0x6a697474, 0x65720000, 0x74746c00, 1));
  return (bytes, start, end, at) => {
    const now = nowMs();
    if (typeof at === 'bigint' || at <= now) return at;
    fingerprint.of(0, bytes, start, end);
    const turn = ((fingerprint.words[0] as number) >>> 0) / 0x8000_0000 - 1;
    return now + Math.max(1, Math.round((at - now) * (1 + share * turn)));
  };
}
