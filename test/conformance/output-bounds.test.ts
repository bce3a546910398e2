import { describe, expect, test } from 'vitest';
import { run } from '../../src/pipeline.js';
import { targetOfVersion } from '../../src/rdb/dump-target.js';
import { AofFormat } from '../../src/sinks/aof.js';
import { CsvFormat } from '../../src/sinks/csv.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import { humanFormat } from '../../src/sinks/human.js';
import { jsonFormat } from '../../src/sinks/json.js';
import { jsonLinesFormat } from '../../src/sinks/jsonl.js';
import { KeysFormat } from '../../src/sinks/keys.js';
import type { ByteOutput } from '../../src/sinks/output-buffer.js';
import { rdbFormat } from '../../src/sinks/rdb.js';
import type { RecordFormat } from '../../src/sinks/record-format.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { type BytesLike, bytes, float64, length, littleEndian, string } from '../support/bytes.js';
import { DumpSource } from '../support/dump-source.js';
import { MemorySpill } from '../support/memory-output.js';
import { RdbBuilder } from '../support/rdb-builder.js';

// Whatever the size of a value: output is handed on in bounded pieces.

const MiB = 1024 * 1024;
const ELEMENTS = 60_000;
const VALUE_BYTES = 8 * MiB;

/** What may be handed on at once, whatever the value: twice the buffer that formats begin with. */
const MOST = 2 * MiB;

const text = (i: number) => `${String(i).padStart(10, '0')} ${'v'.repeat(120)}`;
const elements = (of: (i: number) => BytesLike[]) => [
  length(ELEMENTS),
  bytes(...Array.from({ length: ELEMENTS }, (_, i) => bytes(...of(i)))),
];

const values: Readonly<Record<string, readonly [code: number, value: BytesLike]>> = {
  'string of one letter': [0, string('x'.repeat(VALUE_BYTES))],
  'string of noise': [
    0,
    string(Uint8Array.from({ length: VALUE_BYTES }, (_, i) => (i * 2_654_435_761) >>> 24)),
  ],
  list: [1, elements((i) => [string(text(i))])],
  set: [2, elements((i) => [string(text(i))])],
  'zset of integers': [5, elements((i) => [string(text(i)), float64(i)])],
  'zset of fractions': [5, elements((i) => [string(text(i)), float64(i / 7)])],
  hash: [4, elements((i) => [string(`field ${i}`), string(text(i))])],
  'hash whose fields expire': [
    24,
    [
      littleEndian(4_102_444_800_000, 8),
      elements((i) => [length(i % 2 === 0 ? 0 : i), string(`field ${i}`), string(text(i))]),
    ],
  ],
  'hash whose long fields expire': [
    24,
    [littleEndian(4_102_444_800_000, 8), elements((i) => [length(i + 1), string(text(i)), string('v')])],
  ],
};

const makeSpill = () => new MemorySpill();
const formats: readonly (readonly [string, () => RecordFormat])[] = [
  ['jsonl', () => jsonLinesFormat()],
  ...(['rdbkit', 'rdbtools', 'hdt3213', 'rdb-cli'] as const).map(
    (layout) => [`json (${layout})`, () => jsonFormat({ layout })] as const,
  ),
  ['keys', () => new KeysFormat()],
  ['csv', () => new CsvFormat({ values: true })],
  ['resp', () => new RespFormat()],
  ['resp --restore', () => new RespFormat({ restore: true })],
  ['aof', () => new AofFormat()],
  ['rdb', () => rdbFormat({ target: { ...targetOfVersion(12), asStored: true }, makeSpill })],
  ['rdb of version 9', () => rdbFormat({ target: targetOfVersion(9), makeSpill, unsupported: 'drop' })],
  ['human', () => humanFormat()],
];

/** Notes how much it was given at once. */
class MeasuringOutput implements ByteOutput {
  most = 0;
  total = 0;

  write(piece: Uint8Array): void {
    this.most = Math.max(this.most, piece.length);
    this.total += piece.length;
  }

  close(): void {}

  abort(): void {}
}

describe.each(Object.entries(values))('a large %s', (_, [code, value]) => {
  const dump = new RdbBuilder('REDIS0012').selectDb(0).key(code, 'large', value).build();

  test.each(formats)('goes out piece by piece as %s', async (name, format) => {
    for (const maxInlineValue of [64 * 1024, 64 * MiB]) {
      const output = new MeasuringOutput();
      const sink = new ExportSink(format(), output, makeSpill, { limits: { maxInlineValue } });
      const { account } = await run(new DumpSource(dump, { maxInlineValue }), [], sink);
      expect(account.totals()).toMatchObject({ read: 1, written: 1 });
      expect(output.most).toBeLessThanOrEqual(MOST);
      // What names a key only, or compresses, has less to say.
      if (!['keys', 'csv', 'rdb of version 9'].includes(name)) expect(output.total).toBeGreaterThan(MOST);
    }
  });
});
