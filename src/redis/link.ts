import type { Socket } from 'node:net';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { Chunk } from '../resp/command-writer.js';
import type { Reply } from '../resp/reply.js';
import type { Address } from './address.js';
import { connectData, connectError, credentialsOf } from './connection.js';
import { CommandWindow, type Expectation } from './window.js';

/** Output that may wait in the socket while one long command is being written. */
const MAX_UNSENT = 1024 * 1024;

/** How long replies are waited for after a fault before the connection is given up. */
export const LAST_REPLIES_MS = 10_000;

/**
 * The data connection: a command window on a socket. Once `failure` is set nothing more can be
 * sent, and every command without reply has been told so.
 */
export class Link {
  readonly window: CommandWindow;
  failure: RdbkitError | undefined;
  /** What a user can do after the connection was lost. */
  lostHint = () => 'run the import again with --conflict skip to go on: what was written is then passed over';
  /** Called after every piece of replies, when all that is in it was handed out. */
  onReplies: (() => void) | undefined;
  private interrupted = false;
  private waiting: (() => void)[] = [];
  /** Chunks that are kept back, while `holding`. */
  private readonly held: { readonly chunk: Chunk; readonly size: number }[] = [];
  private holding = false;

  private constructor(
    private readonly socket: Socket,
    readonly label: string,
    limits: Limits,
  ) {
    this.window = new CommandWindow(limits, (chunk, size) => this.send(chunk, size));
    socket.on('data', (bytes) => this.receive(bytes));
    socket.on('error', (error) => this.fail(this.lost(error)));
    socket.on('close', () => this.fail(this.lost(undefined)));
  }

  /** Connects and authenticates. @param name what the server is to call the connection */
  static async open(address: Address, limits: Limits, name = 'rdbkit'): Promise<Link> {
    const link = new Link(await connectData(address), address.label, limits);
    try {
      const credentials = credentialsOf(address);
      if (credentials.length > 0) await link.first('AUTH', ...credentials);
      await link.first('PING');
      await link.call('CLIENT', 'SETNAME', name);
      return link;
    } catch (thrown) {
      link.close();
      const { cause } = RdbkitError.from(thrown);
      throw connectError(cause instanceof Error ? cause : thrown, address);
    }
  }

  /** A command that the server has to take before anything is written. */
  private async first(...command: readonly string[]): Promise<void> {
    const reply = await this.call(...command);
    if (reply.kind === 'error')
      throw new RdbkitError('TARGET_REPLY', reply.text, { cause: new Error(reply.text) });
  }

  /** Sends one command and waits for its reply. */
  async call(...command: readonly (string | Uint8Array)[]): Promise<Reply> {
    const { writer } = this.window;
    writer.begin(command.length);
    for (const argument of command) {
      if (typeof argument === 'string') writer.text(argument);
      else writer.bytes(argument);
    }
    const reply = this.expectReply();
    writer.flush();
    return reply;
  }

  /** Ends the command that was written with a promise of its reply. */
  expectReply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const once: Expectation = {
        onOk: () => resolve({ kind: 'status', text: 'OK' }),
        onReply: (_, reply) => resolve(reply),
        onLost: () => reject(this.failure ?? this.lost(undefined)),
      };
      this.window.expect(once);
    });
  }

  /**
   * Resolves when commands may be added again.
   * @throws RdbkitError once the link has failed, or ABORTED when the run was interrupted
   */
  async room(): Promise<void> {
    this.window.writer.flush();
    while (this.failure === undefined && !this.interrupted && !this.window.hasRoom) await this.turn();
    this.check();
    if (this.interrupted) throw new RdbkitError('ABORTED', 'interrupted');
  }

  /** Resolves when the socket has taken most of a long command that is still being written. */
  async socketRoom(): Promise<void> {
    this.window.writer.flush();
    while (this.failure === undefined && this.socket.writableLength > MAX_UNSENT) await this.turn();
    this.check();
  }

  /** Resolves when all commands have their reply, or the link has failed. */
  async drain(): Promise<void> {
    this.window.writer.flush();
    while (this.failure === undefined && this.window.pending > 0) await this.turn();
  }

  /** Resolves when `isDone` says so after a reply or a write, or the link has failed. */
  async until(isDone: () => boolean): Promise<void> {
    while (this.failure === undefined && !isDone()) await this.turn();
  }

  /** Keeps what is written from now on from the socket, until `letGo`. */
  holdBack(): void {
    this.holding = true;
  }

  /** Sends what was kept back, and what is in the writer. */
  letGo(): void {
    this.holding = false;
    for (const { chunk, size } of this.held.splice(0)) this.send(chunk, size);
    this.window.writer.flush();
  }

  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Lets nobody wait for room any more; replies that are on their way still have some time. */
  interrupt(): void {
    this.interrupted = true;
    this.wake();
    setTimeout(() => this.fail(new RdbkitError('ABORTED', 'interrupted')), LAST_REPLIES_MS).unref();
  }

  /** Ends the connection for a reason that makes further writing useless. */
  fail(reason: RdbkitError): void {
    if (this.failure !== undefined) return;
    this.failure = reason;
    this.socket.destroy();
    this.window.lose();
    this.wake();
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.end();
    this.socket.unref();
  }

  private send(chunk: Chunk, size: number): void {
    const { writer } = this.window;
    if (this.failure !== undefined) {
      writer.release(chunk);
      return;
    }
    if (this.holding) {
      this.held.push({ chunk, size });
      return;
    }
    this.socket.write(chunk.bytes.subarray(0, size), () => {
      writer.release(chunk);
      this.wake();
    });
  }

  private receive(bytes: Uint8Array): void {
    try {
      this.window.receive(bytes);
      this.onReplies?.();
    } catch (thrown) {
      this.fail(RdbkitError.from(thrown));
    }
    this.wake();
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** The error for a reply that makes it unsafe to go on. */
  replyError(message: string): RdbkitError {
    return new RdbkitError('TARGET_REPLY', message, { subject: this.label });
  }

  private lost(cause: Error | undefined): RdbkitError {
    return new RdbkitError(
      'TARGET_LOST',
      `the connection was lost${cause === undefined ? '' : `: ${cause.message}`}`,
      {
        subject: this.label,
        hint: this.lostHint(),
        cause,
      },
    );
  }
}
