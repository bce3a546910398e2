import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { rdbFile, run } from '../dist/index.js';
import { dumpPayload } from '../dist/rdb/payload.js';

/** Writes the keys of a dump as RESTORE commands, ready for redis-cli --pipe. */
export async function restoreCommands(dump, rdbVersion) {
  const path = dump.replace(/\.rdb$/, '.restore');
  if (existsSync(path)) return path;
  const file = openSync(path, 'w');
  let db = 0;
  const put = (...args) => {
    const parts = [Buffer.from(`*${args.length}\r\n`)];
    for (const arg of args) {
      const bytes = Buffer.from(arg);
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
    writeSync(file, Buffer.concat(parts));
  };
  await run(rdbFile(dump), [], {
    name: 'commands',
    write({ records }) {
      for (const record of records) {
        if (record.kind !== 'key') continue;
        if (record.db !== db) put('SELECT', String(record.db));
        db = record.db;
        const expiry = record.expireAtMs === undefined ? ['0'] : [String(record.expireAtMs)];
        const payload = dumpPayload(record.type.code, record.value, rdbVersion);
        put(
          'RESTORE',
          record.key,
          ...expiry,
          payload,
          ...(record.expireAtMs === undefined ? [] : ['ABSTTL']),
        );
      }
    },
    close: () => closeSync(file),
    abort: () => closeSync(file),
  });
  return path;
}
