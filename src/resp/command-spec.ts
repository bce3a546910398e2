/** What the reader of a log, and who replays it, has to do at a command besides carrying it out. */
export type CommandRole = 'select' | 'multi' | 'exec' | 'discard' | 'plain';

/** Where the keys of a command stand: how to find the first, and how to go on from there. */
export interface KeyRule {
  /** The argument where the search begins, or the word behind which it does. */
  readonly begin:
    | { readonly kind: 'index'; readonly index: number }
    /** @param from the argument where the word is looked for first; negative counts from the end, backwards */
    | { readonly kind: 'keyword'; readonly word: string; readonly from: number }
    | { readonly kind: 'unknown' };
  readonly find: /**
   * Every `step`-th argument up to `last`, counted from the first key; negative counts from the
   * end of the command. A `limit` of 2 or more stops at that fraction of the arguments left.
   */
    | { readonly kind: 'range'; readonly last: number; readonly step: number; readonly limit: number }
    /** As many as argument `count` says, from `first` on, both counted from the beginning found. */
    | { readonly kind: 'count'; readonly count: number; readonly first: number; readonly step: number }
    | { readonly kind: 'unknown' };
  readonly access: 'read' | 'write';
  /** The rule may name fewer keys than there are. */
  readonly incomplete: boolean;
}

/** A command, or a subcommand, as servers describe it. */
export interface CommandSpec {
  /** Number of the row, for flat tables; those of one table are dense from 0. */
  readonly index: number;
  /** Upper case; a subcommand with its container before it: `XGROUP CREATE`. */
  readonly name: string;
  /** As COMMAND DOCS has it: `string`, `sorted-set`, `generic`, …; `module`, or `unknown`. */
  readonly group: string;
  /** Family of the values it works on, as in `RecordType.family`; undefined for any, and for none. */
  readonly family: string | undefined;
  readonly isWrite: boolean;
  /** Arguments with the name; negative for at least so many. 0 where it is not known. */
  readonly arity: number;
  readonly keys: readonly KeyRule[];
  readonly role: CommandRole;
}
