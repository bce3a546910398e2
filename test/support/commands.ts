/** Takes RESP commands apart, strictly: each a list of arguments as Latin-1 text. */
export function commandsOf(bytes: Uint8Array): string[][] {
  const text = Buffer.from(bytes).toString('latin1');
  const commands: string[][] = [];
  let at = 0;
  const header = (mark: string): number => {
    const end = text.indexOf('\r\n', at);
    const line = text.slice(at, end);
    if (end < 0 || !new RegExp(`^\\${mark}(0|[1-9][0-9]*)$`).test(line)) {
      throw new Error(`no ${mark} header at ${at}: ${JSON.stringify(line.slice(0, 40))}`);
    }
    at = end + 2;
    return Number(line.slice(1));
  };
  while (at < text.length) {
    const command = Array.from({ length: header('*') }, () => {
      const size = header('$');
      const argument = text.slice(at, at + size);
      if (argument.length !== size || text.slice(at + size, at + size + 2) !== '\r\n') {
        throw new Error(`an argument at ${at} does not end`);
      }
      at += size + 2;
      return argument;
    });
    commands.push(command);
  }
  return commands;
}
