import type { Limits } from '../limits.js';
import type { Fault } from '../reports/check.js';
import type { CommandInfo } from '../reports/log-info.js';
import type { AofPartFile } from './aof-parts.js';

/** A fault of a log, with its place. */
export interface LogFault extends Fault {
  /** File that it is in; undefined for one of the folder. */
  readonly part?: string;
  /** Where the log goes on behind it; undefined where it does not. */
  readonly to?: number;
  /** The bytes around the place, escaped; `>` stands where the fault was seen. */
  readonly around?: string;
}

/** A command of a log, by the part that it stands in and its position there. */
export interface PartPlace {
  readonly part: string;
  readonly offset: number;
}

export interface PartCheck {
  readonly name: string;
  readonly role: AofPartFile['role'];
  readonly bytes: number;
  /** Keys of the dump in it. */
  readonly keys: number;
  readonly commands: number;
  /** What became of the checksum of that dump: `ok`, `bad`, `absent`, `unknown`; undefined without a dump. */
  readonly checksum?: string;
}

/** What a check of a log found. */
export interface LogCheck {
  readonly file: string;
  readonly format: 'aof';
  /** True when nothing is wrong. */
  readonly ok: boolean;
  /** Something is wrong with the end only, which a server cuts off when it starts. */
  readonly isTornOnly: boolean;
  readonly manifest: string | undefined;
  readonly parts: readonly PartCheck[];
  /** Keys of the base. */
  readonly keys: number;
  /** Keys of the base whose value is damaged though its frame is whole. */
  readonly damaged: number;
  readonly commands: number;
  /** Those that EXEC ended. */
  readonly transactions: number;
  readonly byCommand: readonly CommandInfo[];
  /** Unix seconds of the first and the greatest `#TS:`. */
  readonly firstTime: number | undefined;
  readonly lastTime: number | undefined;
  /** The last part ends within a command. */
  readonly torn: (PartPlace & { readonly size: number }) | undefined;
  /** The log ends within a transaction: the place of its MULTI. */
  readonly open: PartPlace | undefined;
  readonly faults: readonly LogFault[];
  readonly warnings: readonly string[];
}

export interface CheckAofOptions {
  readonly limits?: Partial<Limits>;
  readonly signal?: AbortSignal;
  /** Called after every batch. */
  readonly onProgress?: () => void;
}

/** A check that is to be run, and how far it is. */
export interface AofCheck {
  readonly name: string;
  /** Bytes in all parts, where that is known. */
  readonly size: number | undefined;
  /** Bytes read so far. */
  readonly position: number;
  /** @throws RdbkitError when there is no log to read: IO, ABORTED */
  run(options?: CheckAofOptions): Promise<LogCheck>;
}
