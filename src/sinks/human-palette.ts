/**
 * How output for a person sets its parts apart: what to write before each, `off` behind. Empty
 * strings write plain text.
 */
export interface Palette {
  /** Names of what stands beside them: `database`, `expiry`. */
  readonly label: string;
  readonly key: string;
  /** Names of types, fields and ids. */
  readonly name: string;
  readonly number: string;
  /** What is said about a value and is no part of it. */
  readonly aside: string;
  readonly fault: string;
  readonly off: string;
}

export const plainPalette: Palette = {
  label: '',
  key: '',
  name: '',
  number: '',
  aside: '',
  fault: '',
  off: '',
};

/** Text between the marks of a palette. */
export function painted(palette: Palette, part: Exclude<keyof Palette, 'off'>, text: string): string {
  const mark = palette[part];
  return mark === '' ? text : `${mark}${text}${palette.off}`;
}
