/** What happened in a span of time. */
export interface TimeBucket {
  /** Unix seconds at which it begins. */
  readonly from: number;
  /** Length in seconds; the same for all. */
  readonly seconds: number;
  commands: number;
  bytes: number;
}

const MAX_BUCKETS = 128;

/**
 * Counts by time in a bounded number of spans of equal length, which doubles as the time goes on.
 * Times may come in any order.
 */
export class TimeBuckets {
  /** Of the first span; it can be less than 0, the times cannot. */
  private start = 0;
  private width = 1;
  private readonly commands = new Float64Array(MAX_BUCKETS);
  private readonly bytes = new Float64Array(MAX_BUCKETS);
  private used = 0;

  /** @param seconds Unix time */
  add(seconds: number, bytes: number): void {
    if (this.used === 0) this.start = seconds;
    if (seconds < this.start) this.beginAt(seconds);
    let index = Math.floor((seconds - this.start) / this.width);
    while (index >= MAX_BUCKETS) {
      this.halve();
      index = Math.floor((seconds - this.start) / this.width);
    }
    this.commands[index] = (this.commands[index] as number) + 1;
    this.bytes[index] = (this.bytes[index] as number) + bytes;
    if (index >= this.used) this.used = index + 1;
  }

  /** From the first to the last, those in which nothing happened included. */
  list(): TimeBucket[] {
    const { start, width } = this;
    return Array.from({ length: this.used }, (_, i) => ({
      from: start + i * width,
      seconds: width,
      commands: this.commands[i] as number,
      bytes: this.bytes[i] as number,
    }));
  }

  /** Makes room for an earlier time: whole spans before the first. */
  private beginAt(seconds: number): void {
    let spans = Math.ceil((this.start - seconds) / this.width);
    while (spans + this.used > MAX_BUCKETS) {
      this.halve();
      spans = Math.ceil((this.start - seconds) / this.width);
    }
    for (const counts of [this.commands, this.bytes]) {
      counts.copyWithin(spans, 0, this.used);
      counts.fill(0, 0, spans);
    }
    this.start -= spans * this.width;
    this.used += spans;
  }

  private halve(): void {
    for (const counts of [this.commands, this.bytes]) {
      for (let i = 0; i < MAX_BUCKETS / 2; i++) {
        counts[i] = (counts[2 * i] as number) + (counts[2 * i + 1] as number);
      }
      counts.fill(0, MAX_BUCKETS / 2);
    }
    this.used = Math.ceil(this.used / 2);
    this.width *= 2;
  }
}
