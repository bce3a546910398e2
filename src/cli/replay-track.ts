import type { Checkpoint, HeldExpiries, LogPart, LogPlace, ReplayTracker } from '../index.js';

/** A place, with what tells which of two comes first. */
interface Reached {
  readonly part: LogPart;
  readonly offset: number;
}

/** How far a replay has come in the target; kept in its checkpoint, where it has one. */
export class ReplayTrack implements ReplayTracker {
  private carriedOut: Reached | undefined;
  private sentTo: Reached | undefined;

  private checkpoint: Checkpoint | undefined;
  private held: HeldExpiries | undefined;

  /** Where it is kept, and what must be kept before: a name must outlive whatever the position does. */
  keepIn(checkpoint: Checkpoint, held: HeldExpiries): void {
    this.checkpoint = checkpoint;
    this.held = held;
  }

  /** All before was carried out by the target, or left out; undefined before anything was. */
  get done(): LogPlace | undefined {
    return placeOf(this.carriedOut);
  }

  /** Nothing behind was sent. */
  get sent(): LogPlace | undefined {
    return placeOf(this.sentTo);
  }

  /** Where the replay begins, before anything is sent. */
  begin(part: LogPart, offset: number): void {
    this.carriedOut = this.sentTo = { part, offset };
    this.checkpoint?.knowPart(part);
    this.checkpoint?.begin({ part: part.name, offset });
  }

  willSend(part: LogPart, offset: number): void {
    this.held?.sync();
    this.checkpoint?.willSend(part, offset);
    this.sentTo = { part, offset };
  }

  acknowledged(part: LogPart, offset: number): void {
    this.carriedOut = { part, offset };
    this.checkpoint?.acknowledged(part, offset);
  }

  /** All up to there has come to its end, and nothing else was sent. */
  settle(part: LogPart, offset: number): void {
    const { carriedOut } = this;
    const place =
      carriedOut !== undefined && isBefore(part, offset, carriedOut) ? carriedOut : { part, offset };
    this.carriedOut = this.sentTo = place;
    this.checkpoint?.knowPart(place.part);
    this.checkpoint?.settle({ part: place.part.name, offset: place.offset });
  }
}

function isBefore(part: LogPart, offset: number, other: Reached): boolean {
  return part.index < other.part.index || (part.index === other.part.index && offset < other.offset);
}

function placeOf(reached: Reached | undefined): LogPlace | undefined {
  return reached && { part: reached.part.name, offset: reached.offset };
}

/** A place as `part:offset`. */
export function textOf({ part, offset }: LogPlace): string {
  return `${part}:${offset}`;
}
