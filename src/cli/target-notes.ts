import type { Target } from '../index.js';
import { formatBytes } from './format.js';

/** What a user should know of a target before it is written to. */
export function targetNotes({ label, notes, maxMemory, usedMemory, evictionPolicy }: Target): string[] {
  const lines = notes.map((note) => `note: ${label}: ${note}`);
  if (maxMemory > 0 && evictionPolicy !== 'noeviction') {
    lines.push(
      `warning: ${label} may use ${formatBytes(maxMemory)}, uses ${formatBytes(usedMemory)}, and evicts keys when it is full (${evictionPolicy}): keys can get lost there`,
    );
  }
  return lines;
}
