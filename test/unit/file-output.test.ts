import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileOutput, refuseSameFile } from '../../src/io/file-output.js';
import { bytes } from '../support/bytes.js';
import { Scratch } from '../support/scratch.js';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

const text = (name: string) => readFileSync(scratch.path(name), 'latin1');

describe('a file output', () => {
  test('stands beside its name, for its owner only, until it is closed', () => {
    const output = fileOutput(scratch.path('out.rdb'));
    output.write(bytes('abc'));
    output.write(bytes('def'));
    const [name, ...others] = readdirSync(scratch.folder);
    expect(others).toEqual([]);
    expect(name).toMatch(/^out\.rdb\..+\.tmp$/);
    expect(statSync(scratch.path(name as string)).mode & 0o777).toBe(0o600);
    output.close();
    expect(readdirSync(scratch.folder)).toEqual(['out.rdb']);
    expect(text('out.rdb')).toBe('abcdef');
    expect(statSync(scratch.path('out.rdb')).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test('can be finished first and named later', () => {
    const output = fileOutput(scratch.path('out.rdb'));
    output.write(bytes('abc'));
    output.finish?.();
    expect(existsSync(scratch.path('out.rdb'))).toBe(false);
    output.close();
    expect(text('out.rdb')).toBe('abc');
  });

  test('can be patched before it is finished', () => {
    const output = fileOutput(scratch.path('out.rdb'));
    output.write(bytes('abcdef'));
    output.patch?.(2, bytes('XY'));
    output.write(bytes('g'));
    output.close();
    expect(text('out.rdb')).toBe('abXYefg');
  });

  test.each([['open'], ['finished']])('leaves nothing when it is aborted while %s', (state) => {
    writeFileSync(scratch.path('out.rdb'), 'before');
    const output = fileOutput(scratch.path('out.rdb'), { overwrite: true });
    output.write(bytes('abc'));
    if (state === 'finished') output.finish?.();
    output.abort();
    expect(readdirSync(scratch.folder)).toEqual(['out.rdb']);
    expect(text('out.rdb')).toBe('before');
  });

  test('takes the place of a file only if it may', () => {
    writeFileSync(scratch.path('out.rdb'), 'before');
    expect(() => fileOutput(scratch.path('out.rdb'))).toThrow(
      expect.objectContaining({ code: 'IO', message: 'there is a file of this name already' }),
    );
    const output = fileOutput(scratch.path('out.rdb'), { overwrite: true });
    output.write(bytes('after'));
    expect(text('out.rdb')).toBe('before');
    output.close();
    expect(text('out.rdb')).toBe('after');
  });

  test('follows a link to the file that it takes the place of', () => {
    mkdirSync(scratch.path('data'));
    writeFileSync(scratch.path('data/real.rdb'), 'before');
    symlinkSync('data/real.rdb', scratch.path('out.rdb'));
    const output = fileOutput(scratch.path('out.rdb'), { overwrite: true });
    output.write(bytes('after'));
    output.close();
    expect(text('data/real.rdb')).toBe('after');
    expect(readdirSync(scratch.folder).sort()).toEqual(['data', 'out.rdb']);
  });

  test.each([
    ['missing/out.rdb', 'the folder for it is not there'],
    ['file/out.rdb', 'a part of its path is no folder'],
    ['folder', 'it is a folder'],
    [`${'x'.repeat(300)}`, 'its name is too long'],
  ])('says at once what is wrong with %.20s', (name, message) => {
    mkdirSync(scratch.path('folder'));
    writeFileSync(scratch.path('file'), '');
    const path = scratch.path(name);
    expect(() => fileOutput(path)).toThrow(expect.objectContaining({ code: 'IO', message, subject: path }));
  });

  test.skipIf(process.getuid?.() === 0)('says that a folder may not be written', () => {
    mkdirSync(scratch.path('closed'));
    chmodSync(scratch.path('closed'), 0o500);
    expect(() => fileOutput(scratch.path('closed/out.rdb'))).toThrow('writing it is not permitted');
  });

  test('writes to a device as it is', () => {
    const output = fileOutput('/dev/null');
    output.write(bytes('abc'));
    output.close();
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test.skipIf(!existsSync('/dev/full'))('says that a disk is full', () => {
    const output = fileOutput('/dev/full');
    expect(() => output.write(bytes('abc'))).toThrow(
      expect.objectContaining({ code: 'IO', message: 'the disk is full', subject: '/dev/full' }),
    );
    output.abort();
  });

  test('leaves nothing on a disk that is full', ({ skip }) => {
    const folder = scratch.path('small');
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      skip('needs the right to mount a small file system');
    }
    try {
      const output = fileOutput(scratch.path('small/out.rdb'));
      expect(() => {
        for (let i = 0; i < 100; i++) output.write(new Uint8Array(4096));
      }).toThrow('the disk is full');
      output.abort();
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});

describe('refuseSameFile', () => {
  test('knows a source under any of its names', () => {
    const source = scratch.file('dump.rdb', 'x');
    symlinkSync(source, scratch.path('link.rdb'));
    linkSync(source, scratch.path('hard.rdb'));
    for (const output of [source, `${scratch.folder}/../${scratch.folder.split('/').at(-1)}/dump.rdb`]) {
      expect(() => refuseSameFile(output, ['other', source])).toThrow('the output is the source itself');
    }
    for (const name of ['link.rdb', 'hard.rdb']) {
      expect(() => refuseSameFile(scratch.path(name), [source])).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      );
    }
  });

  test('takes any other output', () => {
    const source = scratch.file('dump.rdb', 'x');
    const other = scratch.file('other.rdb', 'x');
    refuseSameFile(other, [source, 'missing', '-']);
    refuseSameFile(scratch.path('new.rdb'), [source]);
    refuseSameFile('/dev/null', ['/dev/null']);
  });
});
