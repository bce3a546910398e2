import type { Stage } from '../pipeline.js';
import type { KeyHead } from '../record.js';
import { keyStage } from './key-stage.js';

/** Which keys `selectExpiry` keeps; `live` are those without expiry or with one still to come. */
export type ExpirySelection = 'any' | 'with' | 'without' | 'live' | 'expired';

/** Keeps keys by their expiry in the source, seen from `nowMs` (Unix ms). */
export function selectExpiry(selection: ExpirySelection, nowMs: () => number = Date.now): Stage {
  const keep: Record<ExpirySelection, (head: KeyHead) => boolean> = {
    any: () => true,
    with: (head) => head.expireAtMs !== undefined,
    without: (head) => head.expireAtMs === undefined,
    live: (head) => !isExpired(head, nowMs()),
    expired: (head) => isExpired(head, nowMs()),
  };
  return keyStage('expiry', keep[selection]);
}

/** Whether a server would treat the key as gone at that time. */
export function isExpired(head: KeyHead, nowMs: number): boolean {
  return head.expireAtMs !== undefined && head.expireAtMs <= nowMs;
}
