import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { TemplateTable } from '../record.js';

/** The field names that HASH_TEMPLATE records of a file declare (Redis 8.10, opcode 242). */
export class HashTemplates implements TemplateTable {
  private readonly byId = new Map<string, readonly Uint8Array[]>();
  private heldBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** Bytes that may still be declared. */
  get room(): number {
    return this.maxBytes - this.heldBytes;
  }

  names(id: Integer): readonly Uint8Array[] | undefined {
    return this.byId.get(String(id));
  }

  /** @throws RdbkitError INPUT_CORRUPT when the id is taken, LIMIT_EXCEEDED when names are too many */
  declare(id: Integer, names: readonly Uint8Array[]): void {
    if (this.byId.has(String(id))) {
      throw new RdbkitError('INPUT_CORRUPT', `hash template ${id} is declared twice`);
    }
    for (const name of names) this.heldBytes += name.length + 16;
    if (this.room < 0) {
      throw new RdbkitError('LIMIT_EXCEEDED', `hash templates of more than ${this.maxBytes} bytes`);
    }
    this.byId.set(String(id), names);
  }
}
