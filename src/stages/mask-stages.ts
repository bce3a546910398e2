import type { Stage } from '../pipeline.js';
import type { KeyedHash } from '../rdb/mask-method.js';
import type { MakeSpill } from '../spill.js';
import { maskKeys } from './mask-keys.js';
import type { MaskRules } from './mask-rules.js';
import { type MaskValuesOptions, maskValues } from './mask-values.js';

/**
 * The stages that apply rules, for one run: values first, because rules name keys as they were.
 * They stand behind the selection and before what else changes keys.
 */
export function maskStages(
  rules: MaskRules,
  hash: KeyedHash,
  makeSpill: MakeSpill,
  options: MaskValuesOptions = {},
): Stage[] {
  return [
    ...(rules.masksValues ? [maskValues(rules, hash, makeSpill, options)] : []),
    ...(rules.masksKeys ? [maskKeys(rules, hash, options.limits)] : []),
  ];
}
