/** A repeatable source of numbers, so that every machine makes the same data. */
export class Random {
  constructor(seed) {
    this.state = seed;
  }

  /** A number from 0 to 1. */
  next() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0;
    return (this.state >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from `low` to `high`. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Letters and digits. */
  text(low, high) {
    let text = '';
    for (let left = this.between(low, high); left > 0; left--)
      text += LETTERS[this.between(0, LETTERS.length - 1)];
    return text;
  }

  pick(list) {
    return list[this.between(0, list.length - 1)];
  }
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
