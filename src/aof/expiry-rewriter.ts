import { latin1Bytes, MAX_INTEGER_DIGITS, putInteger } from '../bytes/ascii.js';
import type { LogCommand } from '../record.js';
import { wordIndex } from './command-arguments.js';
import { CommandEditor } from './command-editor.js';
import type { ExpiryArgument } from './expiry-arguments.js';

/** What a server knows that is to get the commands. */
export interface ExpiryDialect {
  /** RESTORE knows ABSTTL (5.0). */
  readonly absoluteTtl: boolean;
  /** SET knows PXAT (6.2). */
  readonly absoluteSet: boolean;
  /** Fields of a hash can expire (Redis 7.4, Valkey 9.0). */
  readonly fieldExpiry: boolean;
}

const PEXPIREAT = latin1Bytes('PEXPIREAT');
const HPEXPIREAT = latin1Bytes('HPEXPIREAT');
const SET = latin1Bytes('SET');
const PSETEX = latin1Bytes('PSETEX');
const PX = latin1Bytes('PX');
const PXAT = latin1Bytes('PXAT');
const ABSTTL = latin1Bytes('ABSTTL');

const CONDITIONS = ['NX', 'XX', 'GT', 'LT'];

/** Gives commands of a log other expiries, as absolute times where the target knows these. */
export class ExpiryRewriter {
  private readonly editor = new CommandEditor();
  private readonly digits = new Uint8Array(MAX_INTEGER_DIGITS);

  constructor(private readonly dialect: ExpiryDialect) {}

  /**
   * Changes when a key, or the fields of a hash, expire; conditions of EXPIRE and its like go. All
   * other arguments stay as they are.
   *
   * @param expiry as `expiryOf` or `fieldExpiryOf` told it, not `unknown`
   * @param nowMs from when a relative time counts
   */
  setExpiry(command: LogCommand, expiry: ExpiryArgument, atMs: number, nowMs: number): void {
    const { name } = command.spec;
    switch (name) {
      case 'EXPIRE':
      case 'PEXPIRE':
      case 'EXPIREAT':
      case 'PEXPIREAT':
        this.expireAt(command, PEXPIREAT, atMs);
        return;
      case 'HEXPIRE':
      case 'HPEXPIRE':
      case 'HEXPIREAT':
      case 'HPEXPIREAT':
        this.expireAt(command, HPEXPIREAT, atMs);
        return;
      case 'SETEX':
      case 'PSETEX':
        this.setWithExpiry(command, atMs, nowMs);
        return;
      case 'RESTORE':
      case 'RESTORE-ASKING':
        this.restore(command, expiry, atMs, nowMs);
        return;
      default:
        this.option(command, expiry, name === 'SET' && !this.dialect.absoluteSet, atMs, nowMs);
    }
  }

  /** Puts other bytes in place of an argument. */
  setArgument(command: LogCommand, argument: number, bytes: Uint8Array): void {
    const { editor } = this;
    editor.begin(command, command.argumentCount);
    editor.copy(argument);
    editor.skip(argument + 1);
    editor.put(bytes);
    editor.finish();
  }

  /** Takes the conditions of EXPIRE and its like away, which stand behind the time. */
  dropConditions(command: LogCommand): void {
    const end = conditionsEnd(command);
    const { editor } = this;
    editor.begin(command, command.argumentCount - (end - 3));
    editor.copy(3);
    editor.skip(end);
    editor.finish();
  }

  /** key time [condition …] [FIELDS …] */
  private expireAt(command: LogCommand, name: Uint8Array, atMs: number): void {
    const { editor } = this;
    const end = conditionsEnd(command);
    editor.begin(command, command.argumentCount - (end - 3));
    editor.skip(1);
    editor.put(name);
    editor.copy(2);
    this.putTime(atMs);
    editor.skip(end);
    editor.finish();
  }

  /** SETEX key time value */
  private setWithExpiry(command: LogCommand, atMs: number, nowMs: number): void {
    const { editor } = this;
    if (!this.dialect.absoluteSet) {
      editor.begin(command, 4);
      editor.skip(1);
      editor.put(PSETEX);
      editor.copy(2);
      editor.skip(3);
      this.putTime(atMs - nowMs);
    } else {
      editor.begin(command, 5);
      editor.skip(1);
      editor.put(SET);
      editor.copy(2);
      editor.skip(3);
      editor.copy(4);
      editor.put(PXAT);
      this.putTime(atMs);
    }
    editor.finish();
  }

  /** RESTORE key ttl payload [option …] */
  private restore(command: LogCommand, { kind }: ExpiryArgument, atMs: number, nowMs: number): void {
    const { editor } = this;
    const becomesAbsolute = kind === 'relative' && this.dialect.absoluteTtl;
    const isAbsolute = kind === 'absolute' || becomesAbsolute;
    editor.begin(command, command.argumentCount + (becomesAbsolute ? 1 : 0));
    editor.copy(2);
    editor.skip(3);
    this.putTime(isAbsolute ? atMs : atMs - nowMs);
    editor.copy(command.argumentCount);
    if (becomesAbsolute) editor.put(ABSTTL);
    editor.finish();
  }

  /** An option and its value, among others. */
  private option(
    command: LogCommand,
    { argument }: ExpiryArgument,
    isRelative: boolean,
    atMs: number,
    nowMs: number,
  ): void {
    const { editor } = this;
    editor.begin(command, command.argumentCount);
    editor.copy(argument - 1);
    editor.skip(argument + 1);
    editor.put(isRelative ? PX : PXAT);
    this.putTime(isRelative ? atMs - nowMs : atMs);
    editor.finish();
  }

  private putTime(value: number): void {
    this.editor.put(this.digits, 0, putInteger(this.digits, 0, value));
  }
}

/** Number of the first argument behind the conditions, which begin at the third. */
function conditionsEnd(command: LogCommand): number {
  let end = 3;
  while (end < command.argumentCount && wordIndex(command, end, CONDITIONS) >= 0) end++;
  return end;
}
