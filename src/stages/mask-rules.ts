import { utf8Bytes } from '../bytes/ascii.js';
import { globMatches } from '../bytes/glob.js';
import { RdbkitError } from '../errors.js';
import type { MaskMethod } from '../rdb/mask-method.js';
import type { ValueMask } from '../rdb/mask-reader.js';
import type { KeyHead } from '../record.js';

/** What is replaced, for the keys that match a glob, and by what. */
export interface MaskRule {
  /**
   * `values`: every string of a value; `field`: the values of fields of a name; `field-name`: the
   * names of fields; `key`: keys themselves.
   */
  readonly target: 'values' | 'field' | 'field-name' | 'key';
  /** Glob that the key matches. */
  readonly keys: Uint8Array;
  /** Glob that the name of the field matches; for `field` and `field-name`. */
  readonly fields?: Uint8Array;
  readonly method: MaskMethod;
  /** As it was given, for messages. */
  readonly text: string;
}

const FIXED_TEXT = 'masked';

const FORMS =
  'give KEYS=METHOD, "KEYS field NAMES=METHOD", "KEYS field-name NAMES=METHOD" or "key KEYS=METHOD", where METHOD is hash, noise, fixed, fixed:TEXT or keep';

/**
 * Reads a rule:
 *
 *     user:*:email=hash               the values of the keys that match
 *     user:* field email=noise        the values of that field, in hashes and entries of streams
 *     cart:* field-name *=hash        the names of fields
 *     key session:*=hash              the keys; what the glob names at its ends stays
 *     config:*=keep                   nothing, whatever later rules say
 *
 * Both globs are those of KEYS and SCAN. The method stands behind the first `=` that one follows.
 * @throws RdbkitError USAGE for anything else, naming the forms
 */
export function parseMaskRule(text: string): MaskRule {
  const [, place, method, fixed] = /^(.+?)=(hash|noise|keep|fixed(?::(.*))?)$/s.exec(text) ?? [];
  if (place === undefined || method === undefined) {
    throw new RdbkitError('USAGE', `there is no mask rule ${JSON.stringify(text)}`, { hint: FORMS });
  }
  const rule = { method: methodOf(method, fixed), text };
  const key = /^key (.+)$/s.exec(place)?.[1];
  if (key !== undefined) {
    if (rule.method.kind === 'fixed') {
      throw new RdbkitError('USAGE', `the mask rule ${JSON.stringify(text)} would make all keys one`, {
        hint: 'mask keys by hash or noise',
      });
    }
    return { ...rule, target: 'key', keys: utf8Bytes(key) };
  }
  const [, keys, target, fields] = /^(.+?) (field|field-name) (.+)$/s.exec(place) ?? [];
  if (keys === undefined || fields === undefined)
    return { ...rule, target: 'values', keys: utf8Bytes(place) };
  return { ...rule, target: target as MaskRule['target'], keys: utf8Bytes(keys), fields: utf8Bytes(fields) };
}

function methodOf(name: string, fixed: string | undefined): MaskMethod {
  if (name.startsWith('fixed')) return { kind: 'fixed', text: utf8Bytes(fixed ?? FIXED_TEXT) };
  return { kind: name as 'hash' | 'noise' | 'keep' };
}

/** Every value masked by hash: what `--mask-values` stands for, behind all other rules. */
export const MASK_ALL_VALUES: MaskRule = {
  target: 'values',
  keys: utf8Bytes('*'),
  method: { kind: 'hash' },
  text: 'all values',
};

/**
 * The rules of a run, in order: of those that match a string, the first decides. Notes which were
 * of use.
 */
export class MaskRules {
  private readonly used = new Set<MaskRule>();
  private readonly selected = new SelectedRules(this.used);

  constructor(readonly rules: readonly MaskRule[]) {}

  /** What the value of a key is masked by, until the next key is asked for; undefined for nothing. */
  ofValue(head: KeyHead): SelectedRules | undefined {
    this.selected.clear();
    for (const rule of this.rules) if (rule.target !== 'key' && matches(rule, head)) this.selected.add(rule);
    return this.selected.isIdle ? undefined : this.selected;
  }

  /** What a key itself is masked by. */
  ofKey(head: KeyHead): MaskRule | undefined {
    for (const rule of this.rules) {
      if (rule.target !== 'key' || !matches(rule, head)) continue;
      this.used.add(rule);
      return rule.method.kind === 'keep' ? undefined : rule;
    }
    return undefined;
  }

  /** Whether some rule changes values, and whether one changes keys. */
  get masksValues(): boolean {
    return this.rules.some(({ target, method }) => target !== 'key' && method.kind !== 'keep');
  }

  get masksKeys(): boolean {
    return this.rules.some(({ target, method }) => target === 'key' && method.kind !== 'keep');
  }

  /** Rules that have not matched anything so far: perhaps not what was meant. */
  get unused(): readonly MaskRule[] {
    return this.rules.filter((rule) => !this.used.has(rule));
  }
}

function matches({ keys }: MaskRule, { keyBytes, keyStart, keyEnd }: KeyHead): boolean {
  return globMatches(keys, keyBytes, keyStart, keyEnd);
}

/** The rules whose keys match one key, as they apply to its value. */
class SelectedRules implements ValueMask {
  asksNames = false;
  masksNames = false;
  private readonly rules: MaskRule[] = [];

  constructor(private readonly used: Set<MaskRule>) {}

  clear(): void {
    this.rules.length = 0;
    this.asksNames = false;
    this.masksNames = false;
  }

  add(rule: MaskRule): void {
    this.rules.push(rule);
    if (rule.target !== 'values') this.asksNames = true;
    if (rule.target === 'field-name' && rule.method.kind !== 'keep') this.masksNames = true;
    if (rule.target === 'values') this.used.add(rule);
  }

  /** Nothing is replaced. */
  get isIdle(): boolean {
    const first = this.rules[0];
    if (first?.target === 'values' && first.method.kind === 'keep' && !this.masksNames) return true;
    return this.rules.every(({ method }) => method.kind === 'keep');
  }

  get element(): MaskMethod | undefined {
    return this.rules.find(({ target }) => target === 'values')?.method;
  }

  field(name: Uint8Array, start: number, end: number): MaskMethod | undefined {
    return this.first('field', name, start, end);
  }

  fieldName(name: Uint8Array, start: number, end: number): MaskMethod | undefined {
    return this.first('field-name', name, start, end);
  }

  private first(
    wanted: 'field' | 'field-name',
    name: Uint8Array,
    start: number,
    end: number,
  ): MaskMethod | undefined {
    for (const rule of this.rules) {
      if (wanted === 'field' && rule.target === 'values') return rule.method;
      if (rule.target !== wanted || !globMatches(rule.fields ?? NOTHING, name, start, end)) continue;
      this.used.add(rule);
      return rule.method;
    }
    return undefined;
  }
}

const NOTHING = new Uint8Array(0);
