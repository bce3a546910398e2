import { Account } from '../../src/account.js';
import type { Limits } from '../../src/limits.js';
import { run, type Sink, type Stage } from '../../src/pipeline.js';
import type { LogHead, RecordBatch } from '../../src/record.js';
import { commandsOf } from './commands.js';
import { LogSource } from './log-source.js';

/** A command that came out of stages: its arguments as Latin-1 text. */
export interface OutCommand {
  readonly db: number;
  readonly args: readonly string[];
  readonly name: string;
  readonly offset: number;
  readonly endOffset: number;
  readonly counted: boolean;
  readonly inParts: boolean;
}

export interface ThroughLog {
  /** All but SELECT, whole. */
  readonly commands: readonly OutCommand[];
  /** The same as `0 SET a b`. */
  readonly out: readonly string[];
  readonly account: Account;
}

/** Sends a log through stages; what comes out is read anew from its bytes and held against its marks. */
export async function throughLog(
  stages: readonly Stage[],
  log: Uint8Array,
  limits: Partial<Limits> = {},
): Promise<ThroughLog> {
  const account = new Account();
  const commands: OutCommand[] = [];
  let begun: { head: LogHead; size: number; pieces: Buffer[] } | undefined;
  const add = (head: LogHead, bytes: Buffer) => {
    const [args, ...rest] = commandsOf(bytes);
    if (args === undefined || rest.length > 0) throw new Error('a record is not one command');
    if (args.length !== head.argumentCount) throw new Error('a record miscounts its arguments');
    if (head.spec.role === 'select') return;
    const { db, offset, endOffset, tally, spec } = head;
    commands.push({
      ...{ db, args, name: spec.name, offset, endOffset },
      ...{ counted: tally >= 0, inParts: head.kind === 'log-begin' },
    });
  };
  const sink: Sink = {
    name: 'commands',
    write(batch: RecordBatch) {
      for (const record of batch.records) {
        switch (record.kind) {
          case 'log-command':
            holdMarks(record, record.argumentCount);
            add(record, Buffer.from(record.bytes.subarray(record.start, record.end)));
            break;
          case 'log-begin': {
            holdMarks(record, record.heldArguments);
            const head = Object.assign(Object.create(Object.getPrototypeOf(record)), record);
            const piece = Buffer.from(record.bytes.subarray(record.start, record.end));
            begun = { head, size: record.size, pieces: [piece] };
            break;
          }
          case 'log-part':
            begun?.pieces.push(Buffer.from(record.bytes));
            break;
          case 'log-end': {
            if (begun === undefined) throw new Error('an end without a beginning');
            const bytes = Buffer.concat(begun.pieces);
            if (bytes.length !== begun.size) throw new Error('a command in parts has another size');
            add(begun.head, bytes);
            begun = undefined;
          }
        }
      }
    },
    close() {},
    abort() {},
  };
  await run(new LogSource(log, limits), stages, sink, { account });
  return { commands, out: commands.map(({ db, args }) => `${db} ${args.join(' ')}`), account };
}

/** Marks must stand where the headers of the arguments say. */
function holdMarks(record: LogHead, count: number): void {
  for (let i = 0; i < count; i++) {
    const start = record.argumentStart(i);
    const end = record.argumentEnd(i);
    const header = `$${end - start}\r\n`;
    const before = Buffer.from(record.bytes.subarray(start - header.length, start)).toString('latin1');
    if (before !== header) throw new Error(`argument ${i} is not where its marks say`);
  }
}
