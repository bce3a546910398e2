import { Account } from '../../src/account.js';
import type { Integer } from '../../src/bytes/integer.js';
import type { RdbkitError } from '../../src/errors.js';
import {
  type RunContext,
  type RunOptions,
  run,
  type Sink,
  type Source,
  type Stage,
} from '../../src/pipeline.js';
import { type DumpRecord, KeyBegin, type KeyHead, KeyRecord, type RecordBatch } from '../../src/record.js';
import { type BytesLike, bytes } from './bytes.js';

// Records made by hand, a source that gives them and a sink that notes what comes.

export interface HeadFields {
  readonly db?: number;
  readonly family?: string;
  readonly expireAtMs?: Integer | undefined;
}

/** A key whose bytes stand between others, as in a file. */
export function key(name: BytesLike, fields: HeadFields & { readonly value?: BytesLike } = {}): KeyRecord {
  const record = head(new KeyRecord(), name, fields);
  const value = bytes(fields.value ?? 'value');
  record.valueBytes = bytes('<', value, '>');
  record.valueStart = 1;
  record.valueEnd = 1 + value.length;
  return record;
}

/** A key whose value comes in parts: all records of it. */
export function keyInParts(
  name: BytesLike,
  parts: readonly string[],
  fields: HeadFields & { readonly size?: number } = {},
): DumpRecord[] {
  const begin = head(new KeyBegin(), name, fields);
  begin.size = fields.size;
  const pieces = parts.map((part) => bytes(part));
  return [
    begin,
    ...pieces.map((piece): DumpRecord => ({ kind: 'key-part', bytes: piece })),
    { kind: 'key-end', size: pieces.reduce((sum, piece) => sum + piece.length, 0) },
  ];
}

export function aux(name: string): DumpRecord {
  return { kind: 'aux', name: bytes(name), value: bytes('value'), offset: 0 };
}

function head<Head extends KeyHead>(record: Head, name: BytesLike, fields: HeadFields): Head {
  const family = fields.family ?? 'string';
  const size = bytes(name).length;
  record.db = fields.db ?? 0;
  record.type = { code: 0, family, encoding: 'raw', name: `${family}-raw` };
  record.keyBytes = bytes('(', name, ')');
  record.keyStart = 1;
  record.keyEnd = 1 + size;
  record.expireAtMs = fields.expireAtMs;
  return record;
}

export class MemorySource implements Source {
  readonly name = 'memory';
  readonly size = undefined;
  position = 0;
  /** Batches asked for, and whether the source was left, by its end or early. */
  asked = 0;
  closed = false;

  /** @param fault thrown behind the last batch */
  constructor(
    private readonly batches: readonly RecordBatch[],
    private readonly fault?: unknown,
  ) {}

  async *read(): AsyncGenerator<RecordBatch> {
    try {
      for (const batch of this.batches) {
        this.asked++;
        yield batch;
      }
      this.asked++;
      if (this.fault !== undefined) throw this.fault;
    } finally {
      this.closed = true;
    }
  }
}

/** A source of these records, each list a batch. */
export function sourceOf(...batches: readonly (readonly DumpRecord[])[]): MemorySource {
  return new MemorySource(batches.map((records) => ({ records })));
}

/** One record as text: `0 user:1`, with `@` and its expiry where it has one. */
export function textOf(record: DumpRecord): string {
  switch (record.kind) {
    case 'key':
    case 'key-begin': {
      const expiry = record.expireAtMs === undefined ? '' : ` @${record.expireAtMs}`;
      const more = record.kind === 'key-begin' ? ' …' : '';
      return `${record.db} ${Buffer.from(record.key).toString('latin1')}${expiry}${more}`;
    }
    case 'key-part':
      return `part ${Buffer.from(record.bytes).toString('latin1')}`;
    case 'key-end':
      return `end ${record.size}`;
    case 'aux':
      return `aux ${Buffer.from(record.name).toString('latin1')}`;
    default:
      return record.kind;
  }
}

/** Notes every call and every record, as text. */
export class NotingSink implements Sink<string> {
  readonly name = 'noting';
  readonly calls: string[] = [];
  readonly batches: string[][] = [];
  context: RunContext | undefined;
  reason: RdbkitError | undefined;

  open(context: RunContext): void {
    this.calls.push('open');
    this.context = context;
  }

  write(batch: RecordBatch): void | false | Promise<void | false> {
    this.calls.push('write');
    this.batches.push(batch.records.map(textOf));
  }

  close(): string | Promise<string> {
    this.calls.push('close');
    return 'report';
  }

  abort(reason: RdbkitError): void {
    this.calls.push('abort');
    this.reason = reason;
  }
}

/** What comes out of the stages, in order, and the account of it. */
export async function through(
  stages: readonly Stage[],
  batches: readonly (readonly DumpRecord[])[],
  options: RunOptions = {},
): Promise<{ out: string[]; account: Account; source: MemorySource }> {
  const account = new Account();
  const [source, sink] = [sourceOf(...batches), new NotingSink()];
  await run(source, stages, sink, { ...options, account });
  return { out: sink.batches.flat(), account, source };
}

/** The names of the keys that these stages let through. */
export async function kept(stages: readonly Stage[], records: readonly DumpRecord[]): Promise<string[]> {
  const { out } = await through(stages, [records]);
  return out.map((text) => text.replace(/^\d+ /, ''));
}
