import type { Stage } from '../pipeline.js';
import type { KeyHead } from '../record.js';

/** A stage that lets one key pass and ends the run with it. */
export interface KeyFinder extends Stage {
  /** Whether the key was there. */
  readonly found: boolean;
  /** Databases met that have a key of this name, but were not asked for. */
  readonly elsewhere: ReadonlySet<number>;
}

/** Looks for a key in one database, or in all of them; nothing else passes. */
export function findKey(key: Uint8Array, db?: number): KeyFinder {
  const elsewhere = new Set<number>();
  let found = false;
  return {
    name: 'not the key',
    elsewhere,
    get found() {
      return found;
    },
    write(record, emit) {
      if (record.kind === 'key' || record.kind === 'key-begin') {
        if (!isNamed(record, key)) return;
        if (db === undefined || record.db === db) {
          found = true;
          emit(record);
        } else {
          elsewhere.add(record.db);
        }
      } else if (record.kind === 'key-part' || record.kind === 'key-end') {
        emit(record);
      }
      return found && record.kind !== 'key-begin' && record.kind !== 'key-part' ? false : undefined;
    },
  };
}

function isNamed({ keyBytes, keyStart, keyEnd }: KeyHead, key: Uint8Array): boolean {
  if (keyEnd - keyStart !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (keyBytes[keyStart + i] !== key[i]) return false;
  return true;
}
