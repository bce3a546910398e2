import type { Integer } from '../bytes/integer.js';

/** The last moment that a JavaScript date can stand for, Unix ms. */
const LAST_DATE = 8_640_000_000_000_000;

/** A moment: `2026-03-01 12:00:00 UTC`, with milliseconds where they are asked for. */
export function momentText(unixMs: Integer, withMs = false): string {
  const ms = Number(unixMs);
  if (Math.abs(ms) > LAST_DATE) return `${unixMs} ms`;
  const text = new Date(ms).toISOString().replace('T', ' ');
  return `${withMs ? text.slice(0, -1) : text.replace(/\.\d+Z$/, '')} UTC`;
}

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [365.25 * 86_400_000, 'year'],
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
  [1, 'millisecond'],
];

/** Milliseconds in the largest unit of which there is at least one: `3 days`. */
export function spanText(ms: number): string {
  const [size, name] = UNITS.find(([unit]) => ms >= unit) ?? ([1000, 'second'] as const);
  const count = Math.floor(ms / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** How far an expiry is away: `in 3 days`, `expired 2 hours ago`. */
export function expiryText(expireAtMs: Integer, nowMs: number): string {
  const left = Number(expireAtMs) - nowMs;
  return left > 0 ? `in ${spanText(left)}` : `expired ${spanText(-left)} ago`;
}

/** A whole number with commas. */
export function countText(count: Integer): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
