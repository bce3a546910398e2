/** The copy of a part that is being made: all its bytes, but those that are cut. */
export interface PartEdit {
  /** Leaves out what stands between two positions of the part; never before what was told earlier. */
  cut(from: number, to: number): void;
  /** Puts bytes before those at a position. */
  insert(at: number, bytes: Uint8Array): void;
  /** Size of the copy up to a position, for `takeBack`. */
  sizeAt(offset: number): number;
  /** Takes the copy back to a position at which it had this size. */
  takeBack(offset: number, size: number): void;
}
