import { type Account, positionText, type Refusal } from '../account.js';
import type { RdbkitError } from '../errors.js';
import type { LogPart } from '../record.js';
import type { Reply } from '../resp/reply.js';
import { missedEffect } from './effects.js';
import { causeOf, type StopContext, stopped, stoppingReply } from './log-fatal.js';
import { LOST } from './outcome.js';
import type { SentCommands } from './sent-commands.js';
import type { Expectation } from './window.js';

/** What becomes of the commands of a transaction that is given up: refused, or left out for a reason. */
export type Discarded = Refusal | { readonly reason: string };

/** Enters what becomes of the commands of a log into the account, by the replies to them. */
export class LogReplies {
  /** Set by the first reply after which nothing more may be sent. */
  fatal: RdbkitError | undefined;
  /** How many transactions have ended: replies to EXEC and DISCARD. */
  ended = 0;
  /** Commands from this number on were not let go to the socket. */
  sentTo = 0;
  /** The last command such that it and all before have their final reply; whether it is new. */
  hasNews = false;
  acknowledgedPart: LogPart | undefined;
  acknowledgedEnd = 0;
  readonly plain: Expectation;
  readonly multi: Expectation;
  /** A command, or a SELECT of our own, inside of a transaction. */
  readonly queued: Expectation;
  readonly exec: Expectation;
  readonly discard: Expectation;
  private readonly discards: Discarded[] = [];
  /** Elements of the answer to EXEC that came so far. */
  private entered = 0;
  /** The command that was refused when it was queued, and what was said. */
  private refusedNumber = -1;
  private refusedText = '';

  /** @param stopsAtAbort a transaction that fails ends the run */
  constructor(
    private readonly account: Account,
    private readonly sent: SentCommands,
    private readonly stop: StopContext,
    private readonly stopsAtAbort: boolean,
  ) {
    this.plain = {
      onOk: () => {
        account.written(sent.tallyOf(sent.first));
        this.acknowledge();
      },
      onReply: (_, reply) => {
        if (reply.kind === 'status' && reply.text === 'QUEUED')
          this.astray('a command was queued without MULTI');
        this.enter(sent.first, reply);
        this.acknowledge();
      },
      onLost: () => this.lose(),
    };
    this.multi = {
      onOk: () => {},
      onReply: (_, reply) => this.astray(`MULTI failed: ${textOf(reply)}`),
      onLost: () => {},
    };
    this.queued = {
      onOk: () => this.astray('a command inside of a transaction was carried out at once'),
      onReply: (_, reply) => this.onQueued(reply),
      onLost: () => {
        sent.answered++;
      },
    };
    this.exec = {
      onOk: () => this.astray('EXEC was answered with OK'),
      onElement: (_, index, reply) => this.onElement(index, reply),
      onReply: (_, reply) => this.onExec(reply),
      onLost: () => {
        for (; this.entered > 0; this.entered--) sent.pop();
        while (sent.first <= sent.answered && sent.first < sent.next) this.lose();
      },
    };
    this.discard = {
      onOk: () => this.onDiscard(),
      onReply: (_, reply) => this.astray(`DISCARD failed: ${textOf(reply)}`),
      onLost: () => this.onDiscard(),
    };
  }

  /** What becomes of the commands of the transaction whose DISCARD is sent next. */
  willDiscard(outcome: Discarded): void {
    this.discards.push(outcome);
  }

  /** Ends a transaction of a dry run. @param outcome undefined when it would be carried out */
  settle(outcome: Discarded | undefined): void {
    const { sent } = this;
    while (sent.first < sent.next) {
      if (outcome === undefined) this.account.written(sent.tallyOf(sent.first));
      else this.giveUp(sent.first, outcome);
      sent.pop();
    }
  }

  private onQueued(reply: Reply): void {
    const { sent } = this;
    if (reply.kind !== 'error' && (reply.kind !== 'status' || reply.text !== 'QUEUED')) {
      this.astray('a command inside of a transaction was carried out at once');
    }
    const number = sent.answered++;
    if (reply.kind !== 'error') return;
    this.stopBy(number, reply.text);
    if (this.refusedNumber >= sent.first) return;
    this.refusedNumber = number;
    this.refusedText = causeOf(reply.text, sent.specOf(number));
  }

  private onElement(index: number, reply: Reply): void {
    const { sent } = this;
    const number = sent.first + index;
    if (number >= sent.answered) return;
    this.entered++;
    if (sent.specOf(number) !== undefined) this.enter(number, reply);
    else if (reply.kind === 'error') this.astray(`a command inside of a transaction failed: ${reply.text}`);
  }

  private onExec(reply: Reply): void {
    const { sent } = this;
    if (reply.kind === 'array' && reply.size === sent.answered - sent.first) {
      this.entered = 0;
      while (sent.first < sent.answered) sent.pop();
      this.acknowledge();
    } else if (reply.kind === 'error' && reply.text.startsWith('EXECABORT')) this.onAborted(reply.text);
    else this.astray(`EXEC failed: ${textOf(reply)}`);
    this.ended++;
  }

  /** Nothing of the transaction was carried out. */
  private onAborted(text: string): void {
    const { sent, stop } = this;
    const said = this.refusedNumber >= sent.first ? this.refusedText : causeOf(text);
    this.stopBy(sent.first, text);
    if (this.stopsAtAbort) {
      const place = this.position(sent.first);
      this.fatal ??= stopped(
        `a transaction was refused, nothing of it was carried out (${said})`,
        undefined,
        place,
        stop,
      );
    }
    const cause = `its transaction was refused: ${said}`;
    while (sent.first < sent.answered) {
      const own = sent.first === this.refusedNumber;
      this.giveUp(sent.first, { code: 'TARGET_REPLY', cause: own ? said : cause });
      sent.pop();
    }
    this.acknowledge();
  }

  private onDiscard(): void {
    const { sent } = this;
    this.ended++;
    const outcome = this.discards.shift() as Discarded;
    while (sent.first < sent.answered) {
      this.giveUp(sent.first, outcome);
      sent.pop();
    }
    // Not acknowledged: a run that went on from there would begin inside of the transaction.
    sent.pop();
  }

  private enter(number: number, reply: Reply): void {
    const { account, sent } = this;
    if (reply.kind === 'error') {
      this.stopBy(number, reply.text);
      this.giveUp(number, { code: 'TARGET_REPLY', cause: causeOf(reply.text, sent.specOf(number)) });
      return;
    }
    account.written(sent.tallyOf(number));
    const spec = sent.specOf(number);
    const missed = spec && missedEffect(spec, reply);
    if (missed !== undefined) account.differ(missed);
  }

  private giveUp(number: number, outcome: Discarded): void {
    const { account, sent } = this;
    const spec = sent.specOf(number);
    if (spec === undefined) return;
    const tally = sent.tallyOf(number);
    if ('reason' in outcome) {
      account.skipped(tally, outcome.reason);
      return;
    }
    account.failed(tally, outcome.cause);
    account.reject({
      db: sent.dbOf(number),
      key: sent.keyOf(number),
      command: spec.name,
      position: this.position(number),
      ...outcome,
    });
  }

  /** The oldest command has no reply and will get none. One that was not sent is not entered. */
  private lose(): void {
    const { sent } = this;
    if (sent.first < this.sentTo) this.giveUp(sent.first, LOST);
    sent.pop();
  }

  /** The oldest command has its final reply, and nobody needs it any more. */
  private acknowledge(): void {
    const { sent } = this;
    if (this.fatal === undefined) {
      this.acknowledgedPart = sent.partOf(sent.first);
      this.acknowledgedEnd = sent.endOffsetOf(sent.first);
      this.hasNews = true;
    }
    sent.pop();
  }

  private stopBy(number: number, text: string): void {
    this.fatal ??= stoppingReply(text, this.position(number), this.stop);
  }

  private position(number: number): string {
    return positionText({ part: this.sent.partOf(number), offset: this.sent.offsetOf(number) });
  }

  /** The server is not in the state that what is on its way was written for: the link ends. */
  private astray(message: string): never {
    const { sent } = this;
    const next = Math.min(sent.first, Math.max(0, sent.next - 1));
    throw stopped(message, undefined, this.position(next), this.stop);
  }
}

function textOf(reply: Reply): string {
  return reply.kind === 'error' || reply.kind === 'status'
    ? reply.text
    : `a reply of another kind (${reply.kind})`;
}
