import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandEditor, canEdit } from '../../src/aof/command-editor.js';
import type { Stage } from '../../src/pipeline.js';
import { commandStage } from '../../src/stages/command-stage.js';
import { command } from '../support/log-source.js';
import { throughLog } from '../support/log-through.js';

type Edit = 'copy' | 'skip' | Uint8Array;

/** Changes each command by the edits, one an argument; those behind are kept. */
function editing(edits: readonly Edit[]): Stage {
  const editor = new CommandEditor();
  return commandStage('edit', (record, emit) => {
    const own = edits.slice(0, record.argumentCount);
    if (own.length > 0 && !canEdit(record, own.length - 1)) {
      emit.skip(record, 'not held');
      return;
    }
    editor.begin(record, record.argumentCount - own.filter((edit) => edit === 'skip').length);
    own.forEach((edit, i) => {
      if (edit === 'copy') editor.copy(i + 1);
      else editor.skip(i + 1);
      if (typeof edit !== 'string') editor.put(edit);
    });
    editor.finish();
    emit(record);
  });
}

function edited(args: readonly string[], edits: readonly Edit[]): string[] {
  return args.flatMap((arg, i) => {
    const edit = edits[i] ?? 'copy';
    if (edit === 'copy') return [arg];
    return edit === 'skip' ? [] : [Buffer.from(edit).toString('latin1')];
  });
}

const argument = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const edit = fc.oneof(
  fc.constantFrom<Edit>('copy', 'skip'),
  fc.uint8Array({ maxLength: 300 }) as fc.Arbitrary<Edit>,
);
// The first argument stays: a command that is left with none is no command.
const edits = fc.array(edit, { maxLength: 12 }).map((list): Edit[] => ['copy', ...list]);

describe('an edited command', () => {
  test('has the arguments copied and put, and none left out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(argument, { maxLength: 12 }), { minLength: 1, maxLength: 8 }),
        edits,
        async (commands, list) => {
          const log = commands.map((args) => ['SET', ...args]);
          const { commands: out } = await throughLog(
            [editing(list)],
            Buffer.concat(log.map((args) => command(...args))),
          );
          expect(out.map(({ args }) => args)).toEqual(log.map((args) => edited(args, list)));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('in parts has what lies behind as it was, or is not to be edited', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(argument, { minLength: 1, maxLength: 12 }),
        edits,
        fc.integer({ min: 16, max: 600 }),
        async (args, list, commandHeadBytes) => {
          const whole = ['SET', ...args, 'x'.repeat(100_000)];
          const { commands, account } = await throughLog([editing(list)], command(...whole), {
            maxInlineCommand: 4096,
            commandHeadBytes,
            partBytes: 1024,
          });
          if (commands.length === 0) expect([...account.commandReasons]).toEqual([['not held', 1]]);
          else {
            expect(commands.map((out) => out.args)).toEqual([edited(whole, list)]);
            expect(commands[0]?.inParts).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('moves to more room, with what was made before, and leaves others alone', async () => {
    const large = new Uint8Array(100_000).fill(0x79);
    const log = Array.from({ length: 20 }, (_, i) => ['MSET', `a${i}`, 'x'.repeat(50_000), `b${i}`, '2']);
    const list: Edit[] = ['copy', large, 'copy', large, large];
    const { commands } = await throughLog(
      [editing(list)],
      Buffer.concat(log.map((args) => command(...args))),
    );
    expect(commands.map(({ args }) => args)).toEqual(log.map((args) => edited(args, list)));
  });
});
