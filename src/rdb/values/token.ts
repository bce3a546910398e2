/** What `ValueCursor.next` found. */
export const Token = {
  /** More of the value is needed: `feed` it, or say `finish`. */
  needInput: 0,
  end: 1,
  /** A string, as an integer (`isInteger`) or as bytes (`text`). */
  string: 2,
  /** The next piece of a long string: `text`, `total` and `isLast`. */
  fragment: 3,
  /** An integer, see `integer`. */
  number: 4,
  /** A double, see `double`. */
  double: 5,
  /** A loop of `integer` turns begins. */
  count: 6,
  /** A stream entry begins: id, `deleted`, `pairs`. */
  entry: 7,
  /** A stream id. */
  id: 8,
  /** The opcode of a module item, see `integer`. */
  tag: 9,
  /**
   * Only where `showsListpacks` asks for it: a listpack whose entries have `listpackRoles` was opened.
   * They come next, unless they are read from `listpack`; entries in pairs are to be read in pairs.
   */
  listpack: 10,
} as const;
export type Token = (typeof Token)[keyof typeof Token];

/** What reading one instruction of a layout gave: a token, or one of the two below. */
export type Found = Token | typeof NOTHING | typeof OPENED;
/** Nothing to hand out; read on. */
export const NOTHING = -1;
/** A packed blob or a long string was opened; its first token comes next. */
export const OPENED = -2;
