import { integerArgument } from '../aof/command-arguments.js';
import { CommandEditor, canEdit } from '../aof/command-editor.js';
import { KeyFinder } from '../aof/command-keys.js';
import { type ExpiryArgument, expiryOf } from '../aof/expiry-arguments.js';
import { latin1Bytes } from '../bytes/ascii.js';
import { type Integer, normalInteger } from '../bytes/integer.js';
import type { Emit, Stage } from '../pipeline.js';
import { specNamed } from './command-kinds.js';
import { type Command, commandStage } from './command-stage.js';
import { refuse } from './mixed-commands.js';
import { type TtlChange, type TtlRule, ttlChange } from './ttl.js';

const UNREADABLE = 'expiries are changed, and its own cannot be read';
const SEVERAL = 'its keys share one expiry, which is to differ from key to key';

/** Commands that do nothing but to give a key an expiry: without it they are PERSIST. */
const ONLY_EXPIRY = new Set(['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT', 'GETEX']);

/** Commands that say in their name that they count in seconds, and those that count in ms. */
const IN_MS: ReadonlyMap<string, string> = new Map([
  ['EXPIRE', 'PEXPIRE'],
  ['EXPIREAT', 'PEXPIREAT'],
  ['SETEX', 'PSETEX'],
]);

/**
 * Changes the expiries of keys that commands give, as `ttl` does those of keys: of a log and its base
 * together, every key comes to the expiry that the rule makes of the one it had. Expiries that count
 * from when the command is carried out are taken as such. Under `drop`, EXPIRE and its like become
 * PERSIST, and others lose their expiry. Expiries of the fields of hashes stay.
 */
export function commandTtl(rule: TtlRule, nowMs: () => number = Date.now): Stage {
  const expiries = new CommandExpiries(rule, nowMs);
  return commandStage('ttl', (command, emit) => expiries.write(command, emit));
}

class CommandExpiries {
  private readonly keys = new KeyFinder();
  private readonly editor = new CommandEditor();
  private readonly change: TtlChange;
  private readonly isByKey: boolean;

  constructor(
    rule: TtlRule,
    private readonly nowMs: () => number,
  ) {
    this.change = ttlChange(rule, nowMs);
    this.isByKey = rule.kind === 'jitter';
  }

  write(command: Command, emit: Emit): void {
    const expiry = expiryOf(command);
    if (expiry === undefined) {
      emit(command);
      return;
    }
    const value = expiry.kind === 'unknown' ? undefined : integerArgument(command, expiry.argument);
    const count = this.keys.find(command);
    const last = ONLY_EXPIRY.has(command.spec.name) ? command.argumentCount - 1 : expiry.argument;
    if (value === undefined || count < 1 || !canEdit(command, last)) {
      refuse(command, emit, UNREADABLE);
    } else if (count > 1 && this.isByKey) {
      refuse(command, emit, SEVERAL);
    } else {
      this.set(command, expiry, value);
      emit(command);
    }
  }

  private set(command: Command, expiry: ExpiryArgument, value: Integer): void {
    const origin = expiry.kind === 'relative' ? BigInt(this.nowMs()) : 0n;
    const at = normalInteger(origin + BigInt(value) * (expiry.unit === 's' ? 1000n : 1n));
    const key = this.keys.argumentOf(0);
    const changed = this.change(command.bytes, command.argumentStart(key), command.argumentEnd(key), at);
    if (changed === undefined) this.remove(command, expiry);
    else if (changed !== at) this.put(command, expiry, BigInt(changed) - origin);
  }

  /** Servers take no expiry below 1, but of EXPIRE and its like, for which it is in the past all the same. */
  private put(command: Command, { argument, unit }: ExpiryArgument, ms: bigint): void {
    const { editor } = this;
    const renamed = IN_MS.get(command.spec.name);
    editor.begin(command, command.argumentCount);
    if (renamed !== undefined) {
      editor.put(latin1Bytes(renamed));
      editor.skip(1);
    } else if (unit === 's') {
      // EX and EXAT, before their value.
      editor.copy(argument - 1);
      const isAbsolute = command.argumentEnd(argument - 1) - command.argumentStart(argument - 1) > 2;
      editor.put(latin1Bytes(isAbsolute ? 'PXAT' : 'PX'));
      editor.skip(argument);
    }
    editor.copy(argument);
    editor.put(latin1Bytes(String(ms < 1n ? 1n : ms)));
    editor.skip(argument + 1);
    editor.finish();
    if (renamed !== undefined) command.spec = specNamed(renamed);
  }

  private remove(command: Command, { argument }: ExpiryArgument): void {
    const { editor } = this;
    const { name } = command.spec;
    if (ONLY_EXPIRY.has(name)) {
      editor.begin(command, 2);
      editor.put(latin1Bytes('PERSIST'));
      editor.skip(1);
      editor.copy(2);
      editor.skip(command.argumentCount);
      command.spec = specNamed('PERSIST');
    } else if (name.startsWith('RESTORE')) {
      editor.begin(command, command.argumentCount);
      editor.copy(argument);
      editor.put(latin1Bytes('0'));
      editor.skip(argument + 1);
    } else if (name.endsWith('SETEX') && name !== 'MSETEX') {
      editor.begin(command, command.argumentCount - 1);
      editor.put(latin1Bytes('SET'));
      editor.skip(1);
      editor.copy(argument);
      editor.skip(argument + 1);
      command.spec = specNamed('SET');
    } else {
      editor.begin(command, command.argumentCount - 2);
      editor.copy(argument - 1);
      editor.skip(argument + 1);
    }
    editor.finish();
  }
}
