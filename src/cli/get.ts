import {
  Account,
  ExportSink,
  findKey,
  humanFormat,
  isClosedPipe,
  jsonLinesFormat,
  type KeyFinder,
  printable,
  RdbkitError,
  type RecordFormat,
  type Reject,
  run,
  Spool,
  stdoutOutput,
} from '../index.js';
import { paletteFor } from './colour.js';
import type { GetOptions } from './get-options.js';
import { openSource, requireDumps } from './input.js';
import { linesText, unreadable } from './lines-text.js';
import { note } from './output.js';
import { parseBytes } from './parse.js';
import { Progress } from './progress.js';

/** `rdbkit get`: one key's value. Exit code 1 when it is not in the dump. */
export async function getCommand(
  name: string,
  keyText: string,
  options: GetOptions,
  signal: AbortSignal,
): Promise<number> {
  await requireDumps([name]);
  const source = openSource(name);
  const finder = findKey(parseBytes(keyText), options.db);
  const format: RecordFormat =
    options.json === true ? jsonLinesFormat() : humanFormat({ palette: paletteFor(process.stdout) });
  const account = new Account();
  // The key's own; lines that cannot be read have no database.
  let refused: Reject | undefined;
  account.onReject = (reject) => {
    if (reject.db >= 0) refused = reject;
  };
  const progress = new Progress(source, undefined, options.quiet === true);
  try {
    await run(source, [finder], new ExportSink(format, stdoutOutput(), () => new Spool()), {
      signal,
      account,
      onProgress: progress.update,
    }).finally(() => progress.clear());
  } catch (thrown) {
    if (isClosedPipe(thrown)) return 0;
    throw thrown;
  }
  if (refused !== undefined) throw damaged(name, refused);
  const lines = unreadable(account);
  if (finder.found) {
    if (lines > 0 && options.quiet !== true) note(`${name}: ${linesText(lines)}; rdbkit check tells more`);
    return 0;
  }
  // The key may be what one of them was.
  if (account.shown[0] !== undefined) throw damaged(name, account.shown[0]);
  process.stderr.write(`rdbkit: ${missing(name, keyText, options.db, finder)}\n`);
  return 1;
}

function damaged(name: string, { code, cause }: Reject): RdbkitError {
  return new RdbkitError(code === 'CONFLICT' ? 'INTERNAL' : code, cause, { subject: name });
}

function missing(name: string, keyText: string, db: number | undefined, { elsewhere }: KeyFinder): string {
  const place = db === undefined ? '' : ` in database ${db}`;
  const sentence = `${name}: there is no key ${printable(parseBytes(keyText), 200)}${place}`;
  if (elsewhere.size > 0) {
    const dbs = [...elsewhere].sort((a, b) => a - b);
    return `${sentence}; it is in database ${dbs.slice(0, 8).join(', ')}${dbs.length > 8 ? ', …' : ''}`;
  }
  if (/[*?[]/.test(keyText)) return `${sentence}; rdbkit head --key lists the keys that match a pattern`;
  if (keyText.includes('\\') && !keyText.startsWith('"')) {
    return `${sentence}; a key with escapes has to be in double quotes`;
  }
  return sentence;
}
