import type { Refusal } from '../account.js';
import { type HeldTimes, LATEST_HELD } from '../aof/held-time.js';
import type { Integer } from '../bytes/integer.js';

export const OUT_OF_RANGE: Refusal = {
  code: 'TARGET_INCOMPATIBLE',
  cause: 'its expiry is one of those that stand for expiries held back',
};

/** What was found out about an expiry. */
export const Verdict = { leave: 0, hold: 1, outOfRange: 2 } as const;

/** Says which expiries are held: those that are past, or come in less than so many ms. */
export class HoldWindow {
  constructor(
    private readonly windowMs: number,
    readonly nowMs: () => number,
  ) {}

  /** @param now of `nowMs` @returns one of `Verdict` */
  judge(atMs: Integer, times: HeldTimes, now: number): number {
    if (atMs <= LATEST_HELD && atMs < now + this.windowMs) return Verdict.hold;
    return times.isHeld(atMs) ? Verdict.outOfRange : Verdict.leave;
  }
}

/** What was due before 1970 is due at its first moment, which is past as well. */
export function earliest(atMs: Integer): number {
  return Math.max(1, Number(atMs));
}
