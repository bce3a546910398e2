import { type Palette, plainPalette } from '../index.js';

/** What is needed of a stream to know whether colours suit it. */
interface Terminal {
  readonly isTTY?: boolean;
}

const colours: Palette = {
  label: '\x1b[2m',
  key: '\x1b[1m',
  name: '\x1b[36m',
  number: '\x1b[33m',
  aside: '\x1b[2m',
  fault: '\x1b[31m',
  off: '\x1b[0m',
};

/**
 * Colours for output to a stream: on a terminal only, never with `NO_COLOR` (no-color.org),
 * always with `FORCE_COLOR` (force-color.org; 0 and false stand for never, as in Node).
 */
export function paletteFor(
  stream: Terminal,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Palette {
  return wantsColour(stream, env) ? colours : plainPalette;
}

function wantsColour({ isTTY }: Terminal, env: Readonly<Record<string, string | undefined>>): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY === true && TERM !== 'dumb';
}
