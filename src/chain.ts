import type { Account, Refusal } from './account.js';
import type { Emit, Stage } from './pipeline.js';
import {
  type DumpRecord,
  type FaultRecord,
  KeyHead,
  type LogCommand,
  type LogHead,
  type RecordBatch,
} from './record.js';

const NO_KEY = new Uint8Array(0);

/** What the account calls a line that is no record. */
const LINE = 'line';

/** The stages, fused: each calls the next. Collects what comes out for the sink. */
export class Chain {
  private readonly records: DumpRecord[] = [];
  readonly batch: RecordBatch = { records: this.records };
  private readonly entry: (record: DumpRecord) => void;
  private readonly flushes: (() => void)[] = [];
  private readonly closes: (() => void)[] = [];
  private readonly befores: (() => void)[] = [];
  /** How many of `records` are of this batch. An array that is emptied would lose its memory. */
  private count = 0;
  /** A stage has ended the run. */
  stopped = false;
  /** What stages pour, the last first, and who is next to each. */
  private readonly pours: { readonly records: Iterator<DumpRecord>; readonly emit: Emit }[] = [];
  /** Records of the batch that were entered. */
  private input: readonly DumpRecord[] = [];
  private taken = 0;
  /** Entering is interrupted: the run is ended, or something is poured first. */
  private halted = false;
  private tally = -1;
  /** True while the parts of a value belong to a key or command that a stage has dropped. */
  private dropping = false;
  private readonly commandTallies: CommandTallies;

  constructor(
    stages: readonly Stage[],
    private readonly account: Account,
    private readonly sinkAccounts: boolean,
  ) {
    this.commandTallies = new CommandTallies(account);
    const last = sinkAccounts
      ? (record: DumpRecord) => {
          this.records[this.count++] = record;
        }
      : (record: DumpRecord) => {
          this.records[this.count++] = record;
          if (isAccounted(record)) account.written(record.tally);
        };
    this.entry = stages.reduceRight<(record: DumpRecord) => void>(
      (next, stage) => this.link(stage, next),
      last,
    );
  }

  /** Enters a batch's records as read and sends them through. */
  take(batch: RecordBatch): void {
    this.input = batch.records;
    this.taken = 0;
    this.enter();
  }

  /** Goes on with what is poured, then with the rest of the batch; false when there is no more. */
  goOn(signal: AbortSignal): boolean {
    const pour = this.pours.at(-1);
    if (this.stopped || (pour === undefined && this.taken === this.input.length)) return false;
    signal.throwIfAborted();
    if (pour === undefined) {
      this.enter();
      return true;
    }
    this.count = 0;
    const { done, value: record } = pour.records.next();
    if (done === true) {
      this.pours.pop();
    } else if (this.dropping && isPart(record)) {
      this.pours.pop();
      pour.records.return?.();
    } else {
      this.dropping = false;
      pour.emit(record);
    }
    this.handOut();
    return true;
  }

  /** Ends what was left unfinished. */
  close(): void {
    for (const { records } of this.pours.splice(0)) records.return?.();
    for (const close of this.closes) close();
  }

  /** Enters records until there are no more or something comes first. */
  private enter(): void {
    const { account, entry, input } = this;
    this.count = 0;
    this.halted = false;
    while (this.taken < input.length && !this.halted) {
      const record = input[this.taken++] as DumpRecord;
      switch (record.kind) {
        case 'key':
          record.tally = account.read(
            record.db,
            record.type.family,
            record.keyEnd - record.keyStart + record.size,
          );
          entry(record);
          break;
        case 'key-begin':
          this.tally = account.read(record.db, record.type.family, record.keyEnd - record.keyStart);
          record.tally = this.tally;
          this.dropping = false;
          entry(record);
          break;
        case 'key-part':
          account.addBytes(this.tally, record.bytes.length);
          if (!this.dropping) entry(record);
          break;
        case 'log-command':
          record.tally = this.commandTallies.enter(record, record.end - record.start);
          entry(record);
          break;
        case 'log-begin':
          record.tally = this.commandTallies.enter(record, record.size);
          this.dropping = false;
          entry(record);
          break;
        case 'fault':
          this.fail(record);
          break;
        default:
          if (!this.dropping || !isPart(record)) entry(record);
      }
    }
    this.handOut();
  }

  /** Lets stages give what they held back; true when there is any. */
  flush(): boolean {
    this.count = 0;
    for (const flush of this.flushes) flush();
    this.handOut();
    return this.count > 0;
  }

  /** The batch is what has come out. */
  private handOut(): void {
    this.records.length = this.count;
    for (const before of this.befores) before();
  }

  /** Enters what could not be read as failed; no stage is shown it. */
  private fail(fault: FaultRecord): void {
    const { account } = this;
    account.failed(account.read(-1, LINE, 0), fault.reason);
    account.reject({
      db: -1,
      key: NO_KEY,
      command: undefined,
      code: fault.code,
      cause: `line ${fault.line}, column ${fault.column}: ${fault.reason}`,
    });
    if (!this.sinkAccounts) this.records[this.count++] = fault;
  }

  private link(stage: Stage, next: (record: DumpRecord) => void): (record: DumpRecord) => void {
    const { account } = this;
    let passed = false;
    const emit: Emit = Object.assign(
      (record: DumpRecord) => {
        passed = true;
        next(record);
      },
      {
        fail: (record: KeyHead | LogHead, refusal: Refusal) => {
          passed = true;
          if (record.kind === 'key-begin' || record.kind === 'log-begin') this.dropping = true;
          if (record instanceof KeyHead) account.fail(record, undefined, refusal);
          else account.failCommand(record, refusal);
        },
        skip: (record: KeyHead | LogHead, reason: string) => {
          passed = true;
          if (record.kind === 'key-begin' || record.kind === 'log-begin') this.dropping = true;
          if (record.tally >= 0) account.skipped(record.tally, reason);
        },
        add: (command: LogCommand) => {
          command.tally = this.commandTallies.enter(command, 0);
          next(command);
        },
        note: (text: string) => account.note(text),
        hold: () => {
          passed = true;
        },
        pour: (records: Iterator<DumpRecord>) => {
          this.pours.push({ records, emit });
          this.halted = true;
        },
      },
    );
    const { flush, close, beforeSink } = stage;
    if (beforeSink !== undefined) this.befores.push(() => beforeSink.call(stage));
    if (flush !== undefined) this.flushes.push(() => flush.call(stage, emit));
    if (close !== undefined) this.closes.push(() => close.call(stage));
    return (record) => {
      passed = false;
      if (stage.write(record, emit) === false) this.stopped = this.halted = true;
      if (passed) return;
      if (isAccounted(record)) {
        account.skipped(record.tally, stage.name);
        if (record.kind === 'key-begin' || record.kind === 'log-begin') this.dropping = true;
      } else if (this.sinkAccounts && (record.kind === 'function' || record.kind === 'module-aux')) {
        // Such a sink enters them itself, if it is shown them.
        const size = record.kind === 'function' ? record.code.length : record.bytes.length;
        account.skipped(account.read(-1, record.kind, size), stage.name);
      }
    };
  }
}

/** Where the account keeps the commands of a log, found without a text made for each. */
class CommandTallies {
  private readonly byDb = new Map<number, number[]>();
  private db = -1;
  private tallies: number[] = [];

  constructor(private readonly account: Account) {}

  /** Enters a command as read; -1 for those that are not counted. */
  enter({ db, spec }: LogHead, bytes: number): number {
    if (spec.role !== 'plain') return -1;
    if (db !== this.db) {
      this.tallies = this.byDb.get(db) ?? [];
      this.byDb.set(db, this.tallies);
      this.db = db;
    }
    const index = (this.tallies[spec.index] ??= this.account.tallyIndex(db, spec.name, 'command'));
    return this.account.readAt(index, bytes);
  }
}

type Accounted = DumpRecord & { readonly kind: 'key' | 'key-begin' | 'log-command' | 'log-begin' };

/** Keys and commands that are entered one by one. */
function isAccounted(record: DumpRecord): record is Accounted {
  switch (record.kind) {
    case 'key':
    case 'key-begin':
      return true;
    case 'log-command':
    case 'log-begin':
      return record.tally >= 0;
    default:
      return false;
  }
}

/** What belongs to a key or command begun before. */
function isPart({ kind }: DumpRecord): boolean {
  return kind === 'key-part' || kind === 'key-end' || kind === 'log-part' || kind === 'log-end';
}
