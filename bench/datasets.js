import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from './random.js';
import { feed, startServer } from './server.js';

export const folder = fileURLToPath(new URL('data/', import.meta.url));

/** The data of every case: commands for a server, which then saves them as users' servers do. */
const datasets = {
  /** 1,000,000 strings of 40 to 110 characters. */
  *strings(random) {
    for (let i = 0; i < 1_000_000; i++) yield ['SET', `user:${pad(i, 8)}`, random.text(40, 110)];
  },

  /** 500,000 JSON documents of about 400 characters, which the server compresses. */
  *json(random) {
    for (let i = 0; i < 500_000; i++) yield ['SET', `doc:${pad(i, 7)}`, document(random, i)];
  },

  /** 300,000 keys of all types, a fifth with an expiry in the year 2100. */
  *mixed(random) {
    for (let i = 0; i < 300_000; i++) {
      const key = `k:${pad(i, 7)}`;
      yield* KINDS[i % KINDS.length](random, key);
      if (i % 5 === 0) yield ['PEXPIREAT', key, String(4_102_444_800_000 + i)];
    }
  },

  /** 40,000 sorted sets of 100 members, half of the scores fractions. */
  *zsets(random) {
    for (let i = 0; i < 40_000; i++) {
      const command = ['ZADD', `board:${pad(i, 6)}`];
      for (let j = 0; j < 100; j++) {
        const score = random.next() < 0.5 ? String(random.next() * 1000) : String(random.between(0, 1e6));
        command.push(score, `member:${j}:${random.text(6, 6)}`);
      }
      yield command;
    }
  },

  /** 2,000 streams of 300 entries with a group that has read some of them. */
  *streams(random) {
    for (let i = 0; i < 2_000; i++) {
      const key = `events:${pad(i, 5)}`;
      for (let j = 1; j <= 300; j++) {
        yield [
          'XADD',
          key,
          `${1_700_000_000_000 + j}-0`,
          'type',
          random.pick(['view', 'click', 'buy']),
          'user',
          String(random.between(1, 1e6)),
          'data',
          random.text(60, 140),
        ];
      }
      yield ['XGROUP', 'CREATE', key, 'workers', '0'];
      yield ['XREADGROUP', 'GROUP', 'workers', 'w1', 'COUNT', '20', 'STREAMS', key, '>'];
    }
  },
};

const KINDS = [
  function* (random, key) {
    yield ['SET', key, random.text(20, 600)];
  },
  function* (random, key) {
    const fields = Array.from({ length: 12 }, (_, i) => [`field${i}`, random.text(5, 40)]);
    yield ['HSET', key, ...fields.flat()];
  },
  function* (random, key) {
    yield ['RPUSH', key, ...Array.from({ length: 25 }, () => random.text(5, 30))];
  },
  function* (random, key) {
    yield ['SADD', key, ...Array.from({ length: 25 }, () => String(random.between(1, 1e9)))];
  },
  function* (random, key) {
    yield [
      'ZADD',
      key,
      ...Array.from({ length: 20 }, (_, i) => [String(random.next() * 100), `m${i}`]).flat(),
    ];
  },
  function* (random, key) {
    const fields = Array.from({ length: 150 }, (_, i) => [`f${i}`, random.text(4, 10)]);
    yield ['HSET', key, ...fields.flat()];
  },
];

function document(random, id) {
  return JSON.stringify({
    id,
    name: random.pick(['Ann', 'Bob', 'Carl', 'Dora', 'Eve', 'Finn']),
    email: `user${random.between(0, 1e9)}@example.com`,
    tags: Array.from({ length: 5 }, () => random.text(3, 3)),
    address: {
      street: `${random.between(1, 999)} Main Street`,
      city: 'Springfield',
      zip: String(random.between(10_000, 99_999)),
    },
    balance: random.next() * 1000,
    active: true,
    history: Array.from({ length: 4 }, () => ({
      ts: 1_700_000_000 + random.between(0, 1e7),
      action: random.pick(['login', 'logout', 'purchase']),
    })),
  });
}

function pad(number, width) {
  return String(number).padStart(width, '0');
}

export const names = Object.keys(datasets);

/** The dump of a dataset, made now if it was not before. */
export async function dataset(name) {
  const path = join(folder, `${name}.rdb`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  console.error(`Making ${name}.rdb …`);
  const server = await startServer();
  try {
    await feed(server, datasets[name](new Random(20_261_120)));
    await server.command('SAVE');
    renameSync(join(server.folder, 'dump.rdb'), path);
  } finally {
    await server.stop();
  }
  console.error(`${path}: ${Math.round(statSync(path).size / 1e6)} MB`);
  return path;
}

/** A dump that holds one hash of about `bytes`, written by rdbkit itself: no server is large enough. */
export async function hugeHash(bytes) {
  const path = join(folder, `hash-${Math.round(bytes / 2 ** 20)}mb.rdb`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const { createWriteStream } = await import('node:fs');
  const { Crc64 } = await import('../dist/index.js');
  const crc = new Crc64();
  const file = createWriteStream(`${path}.tmp`);
  const put = async (chunk) => {
    crc.update(chunk);
    if (!file.write(chunk)) await once(file, 'drain');
  };
  const random = new Random(7);
  const fields = Math.floor(bytes / 130);
  const head = Buffer.alloc(5);
  head[0] = 0x80;
  head.writeUInt32BE(fields, 1);
  await put(Buffer.concat([Buffer.from('REDIS0011\xfe\0\x04\x04huge', 'latin1'), head]));
  for (let i = 0; i < fields; i += 1000) {
    const parts = [];
    for (let j = i; j < Math.min(fields, i + 1000); j++) {
      parts.push(
        Buffer.from([16]),
        Buffer.from(`field:${pad(j, 10)}`),
        Buffer.from([0x40, 110]),
        Buffer.alloc(110, random.text(11, 11)),
      );
    }
    await put(Buffer.concat(parts));
  }
  await put(Buffer.from([0xff]));
  const trailer = Buffer.alloc(8);
  trailer.writeInt32LE(crc.low, 0);
  trailer.writeInt32LE(crc.high, 4);
  file.end(trailer);
  await once(file, 'finish');
  renameSync(`${path}.tmp`, path);
  return path;
}

/** A dump of so many bytes: the keys of `strings` again and again, without a checksum. */
export async function longDump(bytes) {
  const path = join(folder, `long-${Math.round(bytes / 2 ** 20)}mb.rdb`);
  if (existsSync(path)) return path;
  const whole = readFileSync(await dataset('strings'));
  const body = whole.subarray(9, -9);
  const file = openSync(`${path}.tmp`, 'w');
  writeSync(file, whole.subarray(0, 9));
  for (let size = 0; size < bytes; size += body.length) writeSync(file, body);
  writeSync(file, Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0]));
  closeSync(file);
  renameSync(`${path}.tmp`, path);
  return path;
}

/** Logs as servers write them, without a base: commands, and text that stands as it is. */
const logs = {
  /** 3,000,000 ordinary commands of 60 to 120 bytes, a time every 5,000, some in transactions. */
  *ordinary(random) {
    yield ['SELECT', '0'];
    for (let i = 0; i < 3_000_000; i++) {
      if (i % 5000 === 0) yield `#TS:${1_795_165_529 + i / 5000}\r\n`;
      const command = random.pick(WRITES)(random);
      if (i % 100 === 0) yield* [['MULTI'], command, ['EXEC']];
      else yield command;
    }
  },

  /** One command of 3,000,000 members, and one value of 400 MB. */
  *large(random) {
    yield '*3000002\r\n$4\r\nSADD\r\n$3\r\nset\r\n';
    for (let i = 0; i < 3_000_000; i++) yield `$100\r\nmember:${pad(i, 93)}\r\n`;
    yield '*3\r\n$3\r\nSET\r\n$5\r\nvalue\r\n$400000000\r\n';
    for (let i = 0; i < 400; i++) yield 'x'.repeat(1_000_000);
    yield '\r\n';
    for (let i = 0; i < 100_000; i++) yield random.pick(WRITES)(random);
  },
};

/** A text of a log. redis-check-aof takes a log in which a line begins with `file` for a manifest. */
const value = (random, from, to) => `.${random.text(from - 1, to - 1)}`;

const WRITES = [
  (random) => ['SET', `user:${pad(random.between(0, 1e6), 8)}`, value(random, 20, 70)],
  (random) => ['SET', `user:${pad(random.between(0, 1e6), 8)}`, value(random, 20, 70)],
  (random) => [
    'HSET',
    `h:${pad(random.between(0, 1e5), 8)}`,
    `field:${random.between(0, 99)}`,
    value(random, 10, 30),
  ],
  (random) => [
    'ZADD',
    `board:${random.between(0, 1000)}`,
    String(random.between(0, 1e5)),
    `m:${value(random, 8, 20)}`,
  ],
  (random) => ['INCRBY', `counter:${pad(random.between(0, 1e5), 8)}:views`, String(random.between(1, 1000))],
  (random) => [
    'PEXPIREAT',
    `user:${pad(random.between(0, 1e6), 8)}`,
    String(1_795_165_529_000 + random.between(0, 1e9)),
  ],
  (random) => ['RPUSH', `queue:${random.between(0, 1000)}`, value(random, 16, 50)],
];

export const logNames = Object.keys(logs);

/** Logs of a million commands, to be sent to a server. */
const replayed = {
  *set(random) {
    for (let i = 0; i < 1_000_000; i++) yield ['SET', `user:${pad(i, 8)}`, value(random, 40, 110)];
  },
  *hset(random) {
    for (let i = 0; i < 1_000_000; i++) {
      yield ['HSET', `h:${pad(i % 50_000, 8)}`, `field${i % 20}`, value(random, 5, 40), 'visits', String(i)];
    }
  },
  *mixed(random) {
    for (let i = 0; i < 1_000_000; i++) yield random.pick(WRITES)(random);
  },
};

export const replayNames = Object.keys(replayed);

/** A log in one file, made now if it was not before. */
export function logFile(name) {
  const path = join(folder, `${name}.aof`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  console.error(`Making ${name}.aof …`);
  const file = openSync(`${path}.tmp`, 'w');
  let pieces = [];
  let size = 0;
  const put = (text) => {
    pieces.push(text);
    size += text.length;
    if (size < 1 << 20) return;
    writeSync(file, pieces.join(''), null, 'latin1');
    pieces = [];
    size = 0;
  };
  for (const command of { ...logs, ...replayed }[name](new Random(20_261_120))) {
    if (typeof command === 'string') {
      put(command);
      continue;
    }
    put(`*${command.length}\r\n`);
    for (const argument of command) put(`$${argument.length}\r\n${argument}\r\n`);
  }
  writeSync(file, pieces.join(''), null, 'latin1');
  closeSync(file);
  renameSync(`${path}.tmp`, path);
  console.error(`${path}: ${Math.round(statSync(path).size / 1e6)} MB`);
  return path;
}

/** Removes what was made. */
export function removeData() {
  rmSync(folder, { recursive: true, force: true });
}
