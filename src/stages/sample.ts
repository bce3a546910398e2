import { Fingerprint } from '../codec/fingerprint.js';
import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/**
 * Keeps about this share of the keys, 0 to 1. Which ones depends on the key alone, so that every
 * run over the same keys, and over a newer dump of them, picks the same.
 */
export function sample(share: number): Stage {
  const fingerprint = new Fingerprint(Int32Array.of(0x726462, 0x6b6974, 0x73616d, 0x706c65));
  const bound = share * 0x1_0000_0000;
  return keyStage('sample', ({ keyBytes, keyStart, keyEnd }) => {
    fingerprint.of(0, keyBytes, keyStart, keyEnd);
    return (fingerprint.words[0] as number) >>> 0 < bound;
  });
}
