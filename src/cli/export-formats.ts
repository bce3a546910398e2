import {
  type AnySource,
  AofFormat,
  CsvFormat,
  type DumpTarget,
  jsonFormat,
  jsonLinesFormat,
  KeysFormat,
  RdbkitError,
  type RecordFormat,
  RespFormat,
  rdbFormat,
  Spool,
} from '../index.js';
import { dumpTarget } from './dump-options.js';
import type { ExportOptions, FormatName } from './export-options.js';

/** What a format is made from, besides the options. */
interface FormatContext {
  readonly sources: readonly AnySource[];
  /** Opens the sources once more. */
  readonly open: () => AnySource[];
  readonly signal: AbortSignal;
}

type Make = (options: ExportOptions, context: FormatContext) => RecordFormat | Promise<RecordFormat>;

interface Row {
  readonly make: Make;
  /** Options that mean something for this format and not for every other. */
  readonly options: readonly (keyof ExportOptions)[];
}

const formats: Readonly<Record<FormatName, Row>> = {
  jsonl: { make: () => jsonLinesFormat(), options: [] },
  json: {
    make: ({ layout }) => jsonFormat(layout === undefined ? {} : { layout }),
    options: ['layout'],
  },
  keys: { make: (options) => new KeysFormat({ nul: options.null === true }), options: ['null'] },
  csv: {
    make: ({ values, guardFormulas }) =>
      new CsvFormat({ values: values === true, guardFormulas: guardFormulas === true }),
    options: ['values', 'guardFormulas'],
  },
  resp: {
    make: (options) =>
      new RespFormat({
        restore: options.restore === true,
        replace: options.replace === true,
        target: chosenTarget(options),
      }),
    options: ['restore', 'replace', 'target', 'rdbVersion'],
  },
  aof: {
    make: (options) => new AofFormat({ target: chosenTarget(options) }),
    options: ['target', 'rdbVersion'],
  },
  rdb: {
    make: async (options, { sources, open, signal }) =>
      rdbFormat({
        target: await dumpTarget(options, sources, open, signal),
        makeSpill: () => new Spool(),
        unsupported: options.unsupported ?? 'refuse',
      }),
    options: ['target', 'rdbVersion', 'unsupported'],
  },
};

const FLAGS: Readonly<Partial<Record<keyof ExportOptions, string>>> = {
  layout: '--layout',
  null: '--null',
  values: '--values',
  guardFormulas: '--guard-formulas',
  restore: '--restore',
  replace: '--replace',
  target: '--target',
  rdbVersion: '--rdb-version',
  unsupported: '--unsupported',
};

/**
 * The format that the options ask for.
 * @throws RdbkitError USAGE for an option that the format has no use for
 */
export async function formatFor(options: ExportOptions, context: FormatContext): Promise<RecordFormat> {
  const row = formats[options.format];
  for (const name of Object.keys(FLAGS) as (keyof ExportOptions)[]) {
    if (options[name] === undefined || row.options.includes(name)) continue;
    const takers = Object.entries(formats).filter(([, other]) => other.options.includes(name));
    throw new RdbkitError('USAGE', `${FLAGS[name]} means nothing for --format ${options.format}`, {
      hint: `it is for --format ${takers.map(([taker]) => taker).join(' and ')}`,
    });
  }
  return row.make(options, context);
}

function chosenTarget({ target, rdbVersion }: ExportOptions): DumpTarget | undefined {
  if (target !== undefined && rdbVersion !== undefined) {
    throw new RdbkitError('USAGE', '--target and --rdb-version exclude each other', {
      hint: 'give one of them',
    });
  }
  return target ?? rdbVersion;
}
