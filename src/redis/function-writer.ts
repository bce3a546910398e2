import type { Refusal } from '../account.js';
import { utf8Bytes } from '../bytes/ascii.js';
import { libraryName } from '../rdb/library-name.js';
import type { FunctionRecord } from '../record.js';
import type { Reply } from '../resp/reply.js';
import { EXISTS, LOST, refusalOf } from './outcome.js';
import type { WriteContext } from './write-context.js';

const COMMAND = 'FUNCTION LOAD';

/** RDB version of the first server with functions, Redis 7.0. */
const FUNCTIONS = 10;

/** The library is there. Not: a function of its name is there, in a library of another name. */
const LIBRARY_EXISTS = /^ERR Library '.*' already exists/;

/** Writes function libraries by FUNCTION LOAD, under the same conflict policy as keys. */
export class FunctionWriter {
  constructor(private readonly context: WriteContext) {}

  write(record: FunctionRecord): void {
    const { code, preGa } = record;
    const { account, target, dryRun } = this.context;
    const tally = account.read(-1, 'function', code.length);
    const name = libraryName(record);
    if (preGa !== undefined) {
      this.refuse(
        tally,
        name,
        incompatible('it has the form of the 7.0 release candidates, which no release loads'),
      );
    } else if (target.format.rdbVersion < FUNCTIONS) {
      this.refuse(tally, name, incompatible(`${target.server} ${target.version} has no functions`));
    } else if (dryRun) {
      this.look(tally, name);
    } else {
      this.load(tally, name, code);
    }
  }

  private load(tally: number, name: string, code: Uint8Array): void {
    const { account, conflict, link } = this.context;
    const { writer } = link.window;
    const replace = conflict === 'replace';
    writer.begin(replace ? 4 : 3);
    writer.text('FUNCTION');
    writer.text('LOAD');
    if (replace) writer.text('REPLACE');
    writer.bytes(code);
    link.window.expect({
      onOk: () => account.written(tally),
      onReply: (_, reply: Reply) => {
        if (reply.kind !== 'error') account.written(tally);
        else this.refuse(tally, name, LIBRARY_EXISTS.test(reply.text) ? EXISTS : refusalOf(reply.text));
      },
      onLost: () => this.refuse(tally, name, LOST),
    });
  }

  /** Asks whether the target has the library. */
  private look(tally: number, name: string): void {
    const { account, conflict, link } = this.context;
    if (conflict === 'replace') {
      account.written(tally);
      return;
    }
    const { writer } = link.window;
    writer.begin(4);
    for (const word of ['FUNCTION', 'LIST', 'LIBRARYNAME']) writer.text(word);
    writer.bytes(utf8Bytes(name));
    link.window.expect({
      onOk: () => {},
      onReply: (_, reply: Reply) => {
        if (reply.kind === 'array' && reply.size === 0) account.written(tally);
        else this.refuse(tally, name, reply.kind === 'error' ? refusalOf(reply.text) : EXISTS);
      },
      onLost: () => this.refuse(tally, name, LOST),
    });
  }

  private refuse(tally: number, name: string, refusal: Refusal): void {
    this.context.outcomes.record(tally, -1, utf8Bytes(name), COMMAND, refusal);
  }
}

function incompatible(cause: string): Refusal {
  return { code: 'TARGET_INCOMPATIBLE', cause };
}
