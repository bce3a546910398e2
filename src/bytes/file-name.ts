/** Longest name, so that there is room for more in what file systems take (255 bytes). */
const LONGEST = 120;

/**
 * Text of bytes (a character for each) as a part of a file name: letters, digits, `.`, `_` and `-`
 * stay, all else is `%` and two hexadecimal digits. Long names are cut, empty ones are `%`.
 */
export function escapeName(text: string): string {
  const escaped = text.replace(
    /[^A-Za-z0-9._-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return escaped === '' ? '%' : escaped.slice(0, LONGEST);
}
