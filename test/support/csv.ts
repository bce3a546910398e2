/** Reads CSV as RFC 4180 has it and nothing else: every line ends with CRLF, and no quote is loose. */
export function parseCsv(text: string): string[][] {
  const lines: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const fields: string[] = [];
    for (;;) {
      const found = text[at] === '"' ? /"((?:[^"]|"")*)"/y : /([^",\r\n]*)/y;
      found.lastIndex = at;
      const [whole, content] = found.exec(text) ?? [];
      if (whole === undefined || content === undefined) throw new Error(`no field at ${at}`);
      fields.push(text[at] === '"' ? content.replaceAll('""', '"') : content);
      at += whole.length;
      if (text.startsWith('\r\n', at)) break;
      if (text[at] !== ',') throw new Error(`neither comma nor CRLF at ${at}`);
      at++;
    }
    at += 2;
    lines.push(fields);
  }
  return lines;
}
