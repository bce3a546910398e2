/** Which databases are selected, and where they go. */
export interface DatabaseOptions {
  /** Only these. */
  readonly only?: readonly number[] | undefined;
  /** Not these. */
  readonly not?: readonly number[] | undefined;
  /** From database, to database; what is not named stays. */
  readonly map?: ReadonlyMap<number, number> | undefined;
  /** All into this one; not together with `map`. */
  readonly to?: number | undefined;
}

/** What a selection and a mapping of databases say together. */
export class DatabasePlan {
  /** The databases selected, where they can be named. */
  readonly list: readonly number[] | undefined;
  readonly isFiltered: boolean;
  readonly isMapped: boolean;
  /** Where all go, if there is such a database. */
  readonly to: number | undefined;
  private readonly only: ReadonlySet<number> | undefined;
  private readonly not: ReadonlySet<number>;
  private readonly map: ReadonlyMap<number, number>;

  constructor({ only, not = [], map = new Map(), to }: DatabaseOptions) {
    this.only = only === undefined ? undefined : new Set(only);
    this.not = new Set(not);
    this.map = map;
    this.to = to;
    this.list = this.only === undefined ? undefined : [...this.only].filter((db) => !this.not.has(db));
    this.isFiltered = only !== undefined || not.length > 0;
    this.isMapped = to !== undefined || [...map].some(([from, target]) => from !== target);
  }

  selects(db: number): boolean {
    return this.only === undefined ? !this.not.has(db) : this.only.has(db) && !this.not.has(db);
  }

  target(db: number): number {
    return this.to ?? this.map.get(db) ?? db;
  }

  /** Whether another selected database may go to where this one goes. */
  isMerged(db: number): boolean {
    const target = this.target(db);
    if (this.list !== undefined)
      return this.list.some((other) => other !== db && this.target(other) === target);
    if (this.to !== undefined) return true;
    const others = [target, ...this.map.keys()];
    return others.some((other) => other !== db && this.selects(other) && this.target(other) === target);
  }
}
