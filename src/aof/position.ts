import { RdbkitError } from '../errors.js';

/** A place in a log, as a person names it. */
export type LogPosition =
  /** Unix seconds, as the log's `#TS:` lines tell them. */
  | { readonly kind: 'time'; readonly seconds: number }
  /** `part` is a file's name, or the sequence number of an increment. */
  | { readonly kind: 'part-offset'; readonly part: string | number; readonly offset: number }
  /** Behind the base: before the first command that came after it. */
  | { readonly kind: 'end-of-base' };

/** From so many on, a bare number is milliseconds: as seconds it would be the year 5138. */
const FIRST_MILLISECONDS = 1e11;

const FORMS =
  'a position is a time (2026-03-01T12:00:00Z, or Unix seconds or milliseconds), PART:OFFSET, or end-of-base';

const ISO = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * Understands a position. A time must name its zone: the same text would else be another moment on
 * another machine. It must be a whole second, as the times of logs are.
 * @throws RdbkitError USAGE
 */
export function parsePosition(text: string): LogPosition {
  if (text === 'end-of-base') return { kind: 'end-of-base' };
  if (/^\d+$/.test(text)) return { kind: 'time', seconds: unixSeconds(text) };
  if (ISO.test(text)) return { kind: 'time', seconds: isoSeconds(text) };
  if (DATE.test(text)) throw usage(text, 'a day is no moment', 'add the time and its zone: T12:00:00Z');
  const [, part, digits] = /^(.+):(\d+)$/s.exec(text) ?? [];
  if (part === undefined || digits === undefined) throw usage(text, 'it is no position in a log', FORMS);
  const offset = Number(digits);
  if (!Number.isSafeInteger(offset)) throw usage(text, 'no file is that long', FORMS);
  const sequence = /^[1-9]\d*$/.test(part) ? Number(part) : undefined;
  return {
    kind: 'part-offset',
    part: sequence !== undefined && Number.isSafeInteger(sequence) ? sequence : part,
    offset,
  };
}

/** The text that `parsePosition` reads as the same position. */
export function positionText(position: LogPosition): string {
  switch (position.kind) {
    case 'time':
      return timeText(position.seconds);
    case 'part-offset':
      return `${position.part}:${position.offset}`;
    default:
      return position.kind;
  }
}

/** A time of a log in ISO 8601, or Unix seconds where ISO has no year for it. */
export function timeText(seconds: number): string {
  return seconds < 253_402_300_800
    ? new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
    : String(seconds);
}

function unixSeconds(text: string): number {
  const value = Number(text);
  if (value < FIRST_MILLISECONDS) return value;
  return wholeSeconds(text, value / 1000);
}

function isoSeconds(text: string): number {
  const [, day, minute, second = '00', fraction = '', zone] = ISO.exec(text) as RegExpExecArray;
  if (zone === undefined) {
    throw usage(text, 'it names no time zone', 'end it with Z for UTC, or with an offset such as +02:00');
  }
  const offset = /[zZ]/.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  const milliseconds = Date.parse(`${day}T${minute}:${second}${offset}`);
  // Date.parse takes 30 February for a day in March.
  const start = Date.parse(`${day}T00:00:00Z`);
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(day as string);
  if (Number.isNaN(milliseconds) || !isDay) throw usage(text, 'there is no such time', FORMS);
  if (/[1-9]/.test(fraction)) wholeSeconds(text, Number.NaN);
  return milliseconds / 1000;
}

function wholeSeconds(text: string, seconds: number): number {
  if (Number.isSafeInteger(seconds)) return seconds;
  throw usage(text, 'the times in a log are whole seconds', 'give a whole second');
}

function usage(text: string, message: string, hint: string): RdbkitError {
  return new RdbkitError('USAGE', `${JSON.stringify(text)} cannot be used as a position: ${message}`, {
    hint,
  });
}
