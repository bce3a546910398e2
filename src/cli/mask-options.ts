import { type Command, InvalidArgumentError } from 'commander';
import {
  type KeyedHash,
  keyedHash,
  MASK_ALL_VALUES,
  type MaskRule,
  MaskRules,
  type MaskValuesOptions,
  maskStages,
  parseMaskRule,
  RdbkitError,
  readMaskKey,
  Spool,
  type Stage,
} from '../index.js';

export interface MaskOptions {
  mask?: MaskRule[];
  maskValues?: boolean;
  maskKeyFile?: string;
}

/** The masks of a run. */
export interface Masks {
  readonly rules: MaskRules;
  readonly hash: KeyedHash;
  /** Their stages, for one pass: behind the selection, before all that changes keys. */
  stages(options?: MaskValuesOptions): Stage[];
}

/** Adds the options that mask what leaves. */
export function addMasks(command: Command): Command {
  return command
    .optionsGroup('Masks:')
    .option(
      '--mask <rule>',
      "replace values, fields or keys: 'user:*=hash', 'user:* field email=noise', 'key session:*=hash' (repeatable; see below)",
      (text: string, before: MaskRule[] | undefined) => [...(before ?? []), parseRule(text)],
    )
    .option('--mask-values', 'replace every value by its hash, where no --mask says otherwise; keys stay')
    .option('--mask-key-file <file>', 'the secret that hashes depend on (default: a random one every run)')
    .addHelpText('after', HELP);
}

const HELP = `
Mask rules, of which the first that matches decides; globs are those of SCAN:
  KEYS=METHOD                   every string in the values of the keys that match
  KEYS field NAMES=METHOD       the values of these fields, in hashes and entries of streams
  KEYS field-name NAMES=METHOD  the names of these fields
  key KEYS=METHOD               the keys; what the glob names at its ends stays (session:* keeps session:)
Methods:
  hash        32 hexadecimal digits, HMAC-SHA-256 under the secret
  noise       as many bytes of the same kind: digits become digits, letters letters; marks stay
  fixed:TEXT  the same text everywhere; "masked" without TEXT
  keep        nothing, whatever comes behind: --mask 'config:*=keep' --mask-values
  Equal strings become equal ones, so that references hold; with the same --mask-key-file in every
  run. Who has the file can try likely values: keep it secret. Scores, expiries, stream ids, names of
  fields, groups and consumers, and functions stay. Members of a set stay different: fixed texts are
  numbered, noise that is taken is drawn again. Values of modules are refused where a rule matches.`;

function parseRule(text: string): MaskRule {
  try {
    return parseMaskRule(text);
  } catch (thrown) {
    const { message, hint } = RdbkitError.from(thrown);
    throw new InvalidArgumentError(hint === undefined ? message : `${message}; ${hint}.`);
  }
}

/**
 * The masks that the options stand for; undefined for none. To be read once a run, because a random
 * secret must be the same in all its passes.
 */
export function readMasks({ mask: given = [], maskValues, maskKeyFile }: MaskOptions): Masks | undefined {
  const rules = new MaskRules(maskValues === true ? [...given, MASK_ALL_VALUES] : given);
  if (rules.rules.length === 0) {
    if (maskKeyFile === undefined) return undefined;
    throw new RdbkitError('USAGE', '--mask-key-file is given, but nothing to mask', {
      hint: 'say what to mask by --mask or --mask-values',
    });
  }
  const hash = keyedHash(maskKeyFile === undefined ? undefined : readMaskKey(maskKeyFile));
  return {
    rules,
    hash,
    stages: (options) => maskStages(rules, hash, () => new Spool(), options),
  };
}

/** Says on standard error which rules matched nothing: perhaps they are not what was meant. */
export function warnOfUnused({ rules }: Masks): void {
  for (const { text, target } of rules.unused) {
    const what = target === 'field' || target === 'field-name' ? 'field' : 'key';
    process.stderr.write(`rdbkit: note: the mask rule '${text}' has matched no ${what}\n`);
  }
}
