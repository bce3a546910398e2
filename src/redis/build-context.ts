import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import type { Token } from '../rdb/values/token.js';
import type { Reply } from '../resp/reply.js';
import type { Link } from './link.js';
import type { Target } from './probe.js';
import type { Expectation } from './window.js';

/** Says why a value cannot be built by commands on the target; the key fails with that cause. */
export class Unbuildable extends RdbkitError {
  constructor(message: string) {
    super('TARGET_INCOMPATIBLE', message);
  }
}

/** Writes the commands that build one value under a temporary key. */
export interface Builder {
  /** True in the middle of a command. */
  readonly isOpen: boolean;
  take(token: Token, cursor: ValueCursor): void;
  /** Writes what is left when the value has ended. */
  finish(): void;
  /**
   * After a fault in the middle of a command: writes some more of it, any bytes, as the value is
   * thrown away. To be called while `isOpen`.
   */
  abandon(): void;
}

/** Sends commands for the temporary key and keeps the first refusal. */
export class BuildContext implements Expectation {
  /** The first error reply, or why the value cannot be built. */
  refused: string | undefined;
  /** Commands that were sent. */
  sent = 0;

  constructor(
    readonly link: Link,
    readonly target: Target,
    readonly limits: Limits,
    readonly key: Uint8Array,
  ) {}

  /** Begins a command on the temporary key with so many arguments behind it. */
  begin(name: string, argumentCount: number): void {
    const { writer } = this.link.window;
    writer.begin(2 + argumentCount);
    writer.text(name);
    writer.bytes(this.key);
  }

  /** Ends the command. */
  end(expectation: Expectation = this): void {
    this.sent++;
    this.link.window.expect(expectation);
  }

  onOk(): void {}

  onReply(_: number, reply: Reply): void {
    if (reply.kind === 'error') this.refused ??= reply.text;
  }

  onLost(): void {}
}

/** @throws Unbuildable for an argument that the target would not take */
export function requireBulk({ target }: BuildContext, size: number): void {
  if (size <= target.maxBulkBytes) return;
  throw new Unbuildable(
    `a string of ${size} bytes is longer than the target's proto-max-bulk-len of ${target.maxBulkBytes}`,
  );
}
