import {
  ExportSink,
  humanHeadFormat,
  isClosedPipe,
  jsonLinesFormat,
  keysOnly,
  limit,
  run,
  Spool,
  stdoutOutput,
} from '../index.js';
import { paletteFor } from './colour.js';
import type { HeadOptions } from './head-options.js';
import { openSource, requireDumps } from './input.js';
import { linesText, unreadable } from './lines-text.js';
import { Progress } from './progress.js';
import { limitStages, selectionStages, withSelection } from './selection.js';

/** `rdbkit head`: the first keys. Exit code 1 when a value of theirs is damaged. */
export async function headCommand(name: string, options: HeadOptions, signal: AbortSignal): Promise<number> {
  await requireDumps([name]);
  const source = openSource(name);
  const { stdout } = process;
  const human = humanHeadFormat({
    palette: paletteFor(stdout),
    ...(stdout.isTTY === true ? { columns: stdout.columns } : {}),
  });
  const format = options.json === true ? jsonLinesFormat() : human;
  const stages = [keysOnly(), ...selectionStages(options), limit(options.keys), ...limitStages(options)];
  const progress = new Progress(source, undefined, options.quiet === true);
  try {
    const sink = new ExportSink(format, stdoutOutput(), () => new Spool());
    const { account } = await run(withSelection(source, options), stages, sink, {
      signal,
      onProgress: progress.update,
    }).finally(() => progress.clear());
    return sayDamaged(name, human.damaged + account.totals().failed, unreadable(account));
  } catch (thrown) {
    if (isClosedPipe(thrown)) return 0;
    throw thrown;
  }
}

function sayDamaged(name: string, damaged: number, lines: number): number {
  if (damaged === 0 && lines === 0) return 0;
  const faults = [
    damaged === 0 ? '' : damaged === 1 ? 'one value is damaged' : `${damaged} values are damaged`,
    lines === 0 ? '' : linesText(lines),
  ];
  const text = faults.filter((fault) => fault !== '').join(', ');
  process.stderr.write(`rdbkit: ${name}: ${text}; rdbkit check tells more\n`);
  return 1;
}
