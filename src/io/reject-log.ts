import { closeSync, openSync, writeSync } from 'node:fs';
import type { Reject } from '../account.js';
import { jsonText } from '../bytes/text.js';
import { RdbkitError } from '../errors.js';

const BUFFER = 64 * 1024;

/** Writes rejected records to a file, one JSON object a line: db, key, command, code, cause. */
export class RejectLog {
  private readonly file: number;
  private buffered: string[] = [];
  private bufferedBytes = 0;

  /** @throws RdbkitError IO when the file cannot be made */
  constructor(private readonly path: string) {
    this.file = this.guard(() => openSync(path, 'w', 0o600));
  }

  readonly add = ({ db, key, command, position, code, cause }: Reject): void => {
    const { text, ...form } = jsonText(key);
    const line = `${JSON.stringify({ db, key: text, ...form, command, position, code, cause })}\n`;
    this.buffered.push(line);
    this.bufferedBytes += line.length;
    if (this.bufferedBytes >= BUFFER) this.flush();
  };

  close(): void {
    this.flush();
    this.guard(() => closeSync(this.file));
  }

  /** Writes what waits for more, for a run without end. */
  flush(): void {
    if (this.buffered.length === 0) return;
    const bytes = Buffer.from(this.buffered.join(''));
    this.buffered = [];
    this.bufferedBytes = 0;
    this.guard(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.file, bytes, at);
    });
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      throw new RdbkitError('IO', `the list of rejects cannot be written: ${(thrown as Error).message}`, {
        subject: this.path,
        hint: 'check the folder, its permissions and the room on the disk',
        cause: thrown,
      });
    }
  }
}
