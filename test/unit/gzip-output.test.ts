import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { fileOutput } from '../../src/io/file-output.js';
import { gzipOutput } from '../../src/io/gzip-output.js';
import { rdbFile } from '../../src/io/rdb-source.js';
import { run } from '../../src/pipeline.js';
import { infoReport } from '../../src/reports/info.js';
import { string } from '../support/bytes.js';
import { MemoryOutput } from '../support/memory-output.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { Scratch } from '../support/scratch.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0, state = 1; i < size; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

test('what is read back is what was written, whatever the pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), (pieces) => {
      const output = new MemoryOutput();
      const gzip = gzipOutput(output);
      for (const piece of pieces) gzip.write(piece);
      gzip.close();
      expect(output.state).toBe('closed');
      expect(gunzipSync(output.bytes).equals(Buffer.concat(pieces))).toBe(true);
    }),
  );
});

test('a dump of several members is read by gzip and by ourselves', async () => {
  const builder = new RdbBuilder();
  for (let i = 0; i < 30; i++) builder.key(0, `key ${i}`, string(noise(100_000)));
  const dump = builder.build();
  const path = scratch.path('dump.rdb.gz');
  const gzip = gzipOutput(fileOutput(path));
  for (let at = 0; at < dump.length; at += 77_777) gzip.write(dump.subarray(at, at + 77_777));
  gzip.close();
  execFileSync('gzip', ['-t', path]);
  const plain = execFileSync('gzip', ['-dc', path], { maxBuffer: 1 << 24 });
  expect(plain.equals(dump)).toBe(true);
  const source = rdbFile(path);
  const report = await run(source, [], infoReport());
  expect([report.keys, source.checksum, source.compression]).toEqual([30, 'ok', 'gzip']);
  expect(readFileSync(path).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
});

test('an aborted output hands nothing more on', () => {
  const output = new MemoryOutput();
  const gzip = gzipOutput(output);
  gzip.write(new Uint8Array(10));
  gzip.abort();
  expect([output.state, output.bytes.length]).toEqual(['aborted', 0]);
});
