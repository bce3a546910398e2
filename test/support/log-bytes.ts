// Append-only logs put together, and what damage leaves of them.

/** An argument: text is one byte a character. */
export type Argument = string | Uint8Array;

/** A command as a RESP array of bulk strings. */
export function respBytes(...parts: readonly Argument[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const body = typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    pieces.push(Buffer.from(`$${body.length}\r\n`), body, Buffer.from('\r\n'));
  }
  return Buffer.concat(pieces);
}

/** A log of commands, each given as words with a blank between them. */
export function logOf(...lines: readonly string[]): Buffer {
  return Buffer.concat(
    lines.map((line) => (line.startsWith('#') ? Buffer.from(`${line}\r\n`) : respBytes(...line.split(' ')))),
  );
}

/** Where the nth time (from 0) some text stands in bytes. */
export function placeIn(bytes: Uint8Array, text: string, nth = 0): number {
  const all = Buffer.from(bytes).toString('latin1');
  let at = -1;
  for (let i = 0; i <= nth; i++) at = all.indexOf(text, at + 1);
  if (at < 0) throw new Error(`${JSON.stringify(text)} is not there`);
  return at;
}
