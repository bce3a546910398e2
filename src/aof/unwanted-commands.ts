import type { LogHead } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { isNamed, type MendRules, type PartPosition } from './mend-rules.js';

/** Knows the commands that the rules of a repair leave out, and which of them came. */
export class UnwantedCommands {
  /** Positions of `withoutPositions` at which a command was found. */
  readonly hits = new Set<PartPosition>();
  /** Those of the part that is read. */
  private positions: readonly PartPosition[] = [];
  private readonly isUnwanted = new Map<CommandSpec, boolean>();

  constructor(private readonly rules: MendRules) {}

  /** Goes on with a part. */
  begin(part: string): void {
    const { withoutPositions = [] } = this.rules;
    this.positions = withoutPositions.filter((position) => position.part === part);
  }

  /** Whether a command is one of them. */
  has(record: LogHead): boolean {
    const { withoutNames } = this.rules;
    const { spec } = record;
    for (const position of this.positions) {
      if (position.offset !== record.offset) continue;
      this.hits.add(position);
      return true;
    }
    if (withoutNames === undefined || withoutNames.size === 0) return false;
    let isOut = this.isUnwanted.get(spec);
    if (isOut === undefined) {
      isOut = [...withoutNames].some((name) => isNamed(spec, name));
      this.isUnwanted.set(spec, isOut);
    }
    return isOut;
  }

  /** Whether commands of this name were left out. @param name in upper case */
  hasMet(name: string): boolean {
    for (const [spec, isOut] of this.isUnwanted) if (isOut && isNamed(spec, name)) return true;
    return false;
  }
}
