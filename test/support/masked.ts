import { Account } from '../../src/account.js';
import type { Integer } from '../../src/bytes/integer.js';
import { keyedHash } from '../../src/io/mask-key.js';
import { Spool } from '../../src/io/spool.js';
import { defaultLimits, type Limits } from '../../src/limits.js';
import { run, type Sink, type Stage } from '../../src/pipeline.js';
import { decodeValue } from '../../src/rdb/values/decode.js';
import { type KeyBegin, KeyRecord, type RecordBatch } from '../../src/record.js';
import { MaskRules, parseMaskRule } from '../../src/stages/mask-rules.js';
import { maskStages } from '../../src/stages/mask-stages.js';
import { DumpSource } from './dump-source.js';
import { plain } from './plain.js';

/** A key as it comes out of the masks. */
export interface MaskedKey {
  readonly db: number;
  /** Bytes as Latin-1. */
  readonly key: string;
  readonly type: string;
  readonly expireAtMs: Integer | undefined;
  /** As `plain` says it. */
  readonly value: unknown;
  /** Serialized. */
  readonly bytes: Uint8Array;
  /** Parts it came in; 0 for a whole one. */
  readonly parts: number;
}

export const MASK_KEY = new TextEncoder().encode('a key that only the tests know of');

export interface MaskedOptions {
  readonly limits?: Partial<Limits>;
  readonly key?: Uint8Array;
  readonly stages?: readonly Stage[];
}

/** What rules make of the keys of a dump. */
export async function masked(
  dump: Uint8Array,
  rules: readonly string[],
  { limits = {}, key = MASK_KEY, stages = [] }: MaskedOptions = {},
): Promise<{ keys: MaskedKey[]; account: Account; rules: MaskRules; spills: Spool[]; largestBatch: number }> {
  const spills: Spool[] = [];
  const parsed = new MaskRules(rules.map((rule) => parseMaskRule(rule)));
  const sink = new CollectingSink();
  const account = new Account();
  const makeSpill = () => {
    const spill = new Spool();
    spills.push(spill);
    return spill;
  };
  const masks = maskStages(parsed, keyedHash(key), makeSpill, { limits });
  await run(new DumpSource(dump, limits), [...masks, ...stages], sink, { account });
  return { keys: sink.keys, account, rules: parsed, spills, largestBatch: sink.largestBatch };
}

class CollectingSink implements Sink {
  readonly name = 'collecting';
  readonly keys: MaskedKey[] = [];
  /** Most bytes of parts in one batch. */
  largestBatch = 0;
  private head: KeyBegin | undefined;
  private pieces: Uint8Array[] = [];

  write({ records }: RecordBatch): void {
    let batchBytes = 0;
    for (const record of records) {
      switch (record.kind) {
        case 'key':
          this.add(record, 0);
          break;
        case 'key-begin':
          this.head = record;
          this.pieces = [];
          break;
        case 'key-part':
          if (this.head === undefined) throw new Error('a part without its key');
          this.pieces.push(record.bytes.slice());
          batchBytes += record.bytes.length;
          break;
        case 'key-end':
          this.join(record.size);
          break;
        default:
      }
    }
    this.largestBatch = Math.max(this.largestBatch, batchBytes);
  }

  close(): void {
    if (this.head !== undefined) throw new Error('a value in parts did not end');
  }

  abort(): void {}

  private join(size: number): void {
    const { head, pieces } = this;
    if (head === undefined) throw new Error('an end without its key');
    const { kind: _, size: __, ...fields } = head;
    const whole = Object.assign(new KeyRecord(), fields);
    whole.valueBytes = new Uint8Array(Buffer.concat(pieces));
    whole.valueStart = 0;
    whole.valueEnd = whole.valueBytes.length;
    if (size !== whole.valueEnd) throw new Error(`${whole.valueEnd} bytes came of ${size}`);
    this.add(whole, pieces.length);
    this.head = undefined;
  }

  private add(record: KeyRecord, parts: number): void {
    this.keys.push({
      db: record.db,
      key: Buffer.from(record.key).toString('latin1'),
      type: record.type.name,
      expireAtMs: record.expireAtMs,
      value: plain(decodeValue(record, defaultLimits)),
      bytes: record.value.slice(),
      parts,
    });
  }
}
