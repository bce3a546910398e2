import { type Limits, withLimits } from '../limits.js';
import type { Stage } from '../pipeline.js';
import type { KeyedHash } from '../rdb/mask-method.js';
import { MaskStrings } from '../rdb/mask-strings.js';
import { keyStage } from './key-stage.js';
import { refuseCommands } from './mask-commands.js';
import type { MaskRules } from './mask-rules.js';

/**
 * Masks keys. What the glob of the rule names before its first and behind its last wildcard stays:
 * `session:*` leaves `session:`. An equal part of a key, or an equal string in a value, is masked
 * to the same, so that references from values to keys still lead there.
 * @throws RdbkitError USAGE for commands
 */
export function maskKeys(rules: MaskRules, hash: KeyedHash, limits?: Partial<Limits>): Stage {
  const strings = new MaskStrings(hash, withLimits(limits));
  const masked = keyStage('mask', (head) => {
    const rule = rules.ofKey(head);
    if (rule === undefined) return true;
    const { keyBytes, keyStart, keyEnd } = head;
    const { before, behind } = literalEnds(rule.keys);
    strings.mask(rule.method, keyBytes, keyStart + before, keyEnd - behind);
    const key = new Uint8Array(before + strings.size + behind);
    key.set(keyBytes.subarray(keyStart, keyStart + before));
    key.set(strings.bytes.subarray(0, strings.size), before);
    key.set(keyBytes.subarray(keyEnd - behind, keyEnd), before + strings.size);
    head.rename(key);
    return true;
  });
  return {
    name: masked.name,
    write(record, emit) {
      refuseCommands(record);
      return masked.write(record, emit);
    },
  };
}

/**
 * Bytes that every match of a glob has at its beginning and at its end; none for a glob without
 * wildcards, whose one match is masked whole.
 */
export function literalEnds(glob: Uint8Array): { readonly before: number; readonly behind: number } {
  let before = 0;
  let run = 0;
  let hasWildcard = false;
  for (let at = 0; at < glob.length; at++) {
    const byte = glob[at] as number;
    if (byte === STAR || byte === QUESTION || byte === OPEN) {
      if (!hasWildcard) before = run;
      hasWildcard = true;
      run = 0;
      if (byte === OPEN) at = classEnd(glob, at + 1);
    } else {
      if (byte === BACKSLASH && at + 1 < glob.length) at++;
      run++;
    }
  }
  return hasWildcard ? { before, behind: run } : { before: 0, behind: 0 };
}

/** Where the bracket is that closes a class; the end when none does. */
function classEnd(glob: Uint8Array, from: number): number {
  for (let at = from; at < glob.length; at++) {
    if (glob[at] === BACKSLASH) at++;
    else if (glob[at] === CLOSE) return at;
  }
  return glob.length;
}

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
