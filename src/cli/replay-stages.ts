import { type Emit, RdbkitError, type Source, type Stage } from '../index.js';
import type { ReplayTrack } from './replay-track.js';

/** Notes, before anything is sent, where the replay begins. */
export function beginsAt(track: ReplayTrack): Stage {
  let hasBegun = false;
  return {
    name: 'begin',
    write(record, emit) {
      if (!hasBegun && (record.kind === 'log-command' || record.kind === 'log-begin')) {
        hasBegun = true;
        track.begin(record.part, record.offset);
      }
      emit(record);
    },
  };
}

/**
 * Stages that may stop a replay at a command, as one does at FLUSHALL: all before it is carried
 * out then, and the command itself is not.
 */
export class StoppingStages {
  /** Why the replay was stopped, if it was. */
  reason: RdbkitError | undefined;
  readonly stages: Stage[];

  constructor(stages: readonly Stage[]) {
    this.stages = stages.map((stage) => this.around(stage));
  }

  private around(stage: Stage): Stage {
    return {
      name: stage.name,
      beforeSink: () => stage.beforeSink?.(),
      flush: (emit) => stage.flush?.(emit),
      close: () => stage.close?.(),
      write: (record, emit) => {
        try {
          return stage.write(record, emit);
        } catch (thrown) {
          const reason = RdbkitError.from(thrown);
          if (reason.code === 'INTERNAL' || !('tally' in record)) throw thrown;
          this.reason = reason;
          leaveOut(record, emit, reason);
          return false;
        }
      },
    };
  }
}

function leaveOut(record: Parameters<Emit['fail']>[0], emit: Emit, { code, message }: RdbkitError): void {
  if (record.tally >= 0) emit.fail(record, { code, cause: message });
}

/** A source of which is known whether it was read to its end. */
export class ReadToEnd implements Source {
  hasEnded = false;

  constructor(private readonly source: Source) {}

  get name(): string {
    return this.source.name;
  }

  get size(): number | undefined {
    return this.source.size;
  }

  get position(): number {
    return this.source.position;
  }

  async *read(signal: AbortSignal) {
    yield* this.source.read(signal);
    this.hasEnded = true;
  }
}
