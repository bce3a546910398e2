import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis, type RedisOptions } from 'ioredis';
import { describe, test } from 'vitest';

// Real servers for the tests: the system's redis-server, and newer ones from the folder that
// RDBKIT_SERVERS names, else from .servers of the project.

/** A server program. */
export interface Server {
  /** `redis-server`, `redis-8`, … */
  readonly name: string;
  readonly path: string;
  readonly family: 'redis' | 'valkey';
  readonly version: string;
  /** `Redis 7.0.15`, for the names of tests. */
  readonly label: string;
  readonly hasFieldExpiry: boolean;
  readonly hasVectorSets: boolean;
}

const EXTRA_NAMES = ['redis-8', 'valkey-8', 'valkey-9'];

/** The first versions of the servers that the tests can read back: PEXPIRETIME and FUNCTION. */
const OLDEST = '7.0.0';

/** What a server answers to PING that has started. */
const READY = /^\+PONG|^-NOAUTH/;

const START_TRIES = 5;
const START_MS = 20_000;

/** Every server that was found, the system's first. */
export const servers: readonly Server[] = findServers();

function findServers(): Server[] {
  const folder = process.env['RDBKIT_SERVERS'] ?? fileURLToPath(new URL('../../.servers', import.meta.url));
  const found: Server[] = [];
  const missing: string[] = [];
  for (const name of ['redis-server', ...EXTRA_NAMES]) {
    const server = identify(name, name === 'redis-server' ? name : join(folder, name));
    if (server !== undefined && isAtLeast(server.version, OLDEST)) found.push(server);
    else missing.push(server === undefined ? name : `${server.label} (older than ${OLDEST})`);
  }
  if (missing.length > 0) {
    process.stderr.write(
      `servers that are not there, so that their tests are left out: ${missing.join(', ')}\n`,
    );
  }
  return found;
}

function identify(name: string, path: string): Server | undefined {
  let text: string;
  try {
    if (path.includes('/')) accessSync(path, constants.X_OK);
    text = execFileSync(path, ['--version'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
  const [, program, version = '0'] = /^(\w+) server v=([\d.]+)/.exec(text) ?? [];
  if (program === undefined) return undefined;
  const family = program.toLowerCase() === 'valkey' ? 'valkey' : 'redis';
  const isRedis = family === 'redis';
  return {
    name,
    path,
    family,
    version,
    label: `${program} ${version}`,
    hasFieldExpiry: isAtLeast(version, isRedis ? '7.4' : '9.0'),
    hasVectorSets: isRedis && isAtLeast(version, '8.0'),
  };
}

/** The same tests for every server that was found. */
export function describeServers(suite: (server: Server) => void): void {
  for (const server of servers) describe(server.label, () => suite(server));
  if (servers.length === 0) test.skip('needs a redis-server on the PATH', () => {});
}

/** Compares versions number by number. */
export function isAtLeast(version: string, least: string): boolean {
  const a = version.split('.').map(Number);
  const b = least.split('.').map(Number);
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** How a client of a test connects, if not as the default user to database 0. */
export type ClientOptions = Pick<RedisOptions, 'db' | 'username' | 'password'>;

export interface StartOptions {
  /** Arguments behind the usual ones: `['--maxmemory', '2mb']`. */
  readonly config?: readonly string[];
  /** Listens for TLS on a port of its own, with these files. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Options of the client that `client` is. */
  readonly client?: ClientOptions;
  /** What it loads when it starts. */
  readonly dump?: Uint8Array;
  /** What its first answer must match; `+PONG`, or a refusal for want of a password, by default. */
  readonly answer?: RegExp;
}

/** A server that runs for a test, in a folder of its own; it listens on 127.0.0.1 and on a socket. */
export class RunningServer {
  /** A connection over the socket, as the default user unless the options said otherwise. */
  client: Redis;

  constructor(
    readonly server: Server,
    readonly port: number,
    /** Port for TLS, 0 when there is none. */
    readonly tlsPort: number,
    /** Its folder, removed by `stop`. */
    readonly folder: string,
    private child: ChildProcess,
    private readonly clientOptions: ClientOptions,
  ) {
    this.client = this.connect();
  }

  /** Path of its unix socket. */
  get socket(): string {
    return join(this.folder, 'socket');
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** Another connection; `stop` does not close it. */
  connect(options: ClientOptions = {}): Redis {
    const client = new Redis({
      path: this.socket,
      protocol: 2,
      lazyConnect: true,
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: () => null,
      ...this.clientOptions,
      ...options,
    });
    client.on('error', () => {});
    return client;
  }

  /** Empties every database and removes the functions. */
  async clear(): Promise<void> {
    await this.client.flushall();
    await this.client.call('FUNCTION', 'FLUSH');
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** Ends it and starts it anew, on the same port and empty. */
  async restart(): Promise<void> {
    await this.kill();
    this.client.disconnect();
    this.child = launch(this.server, this.child.spawnargs.slice(1));
    await answers(this.child, this.socket, READY);
    this.client = this.connect();
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    this.client.disconnect();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts a server and waits until it answers. */
export async function startServer(server: Server, options: StartOptions = {}): Promise<RunningServer> {
  for (let tries = 1; ; tries++) {
    const running = await tryStart(server, options);
    if (running instanceof RunningServer) return running;
    // Another process can take the port between the look for it and the start.
    if (tries === START_TRIES || !/address already in use/i.test(running)) {
      throw new Error(`${server.label} does not start:\n${running}`);
    }
  }
}

async function tryStart(server: Server, options: StartOptions): Promise<RunningServer | string> {
  const folder = mkdtempSync(join(tmpdir(), 'rdbkit-server-'));
  const [port, tlsPort] = await Promise.all([freePort(), options.tls === undefined ? 0 : freePort()]);
  if (options.dump !== undefined) writeFileSync(join(folder, 'dump.rdb'), options.dump);
  const child = launch(server, [
    ...['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', join(folder, 'socket')],
    ...['--save', '', '--appendonly', 'no', '--dir', folder, '--logfile', join(folder, 'log')],
    ...tlsConfig(tlsPort, options),
    ...(options.config ?? []),
  ]);
  try {
    await answers(child, join(folder, 'socket'), options.answer ?? READY);
    return new RunningServer(server, port, tlsPort, folder, child, options.client ?? {});
  } catch (thrown) {
    const log = logOf(folder);
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    return `${thrown instanceof Error ? thrown.message : thrown}\n${log}`;
  }
}

/** Starts the program; it ends with this process at the latest. */
function launch(server: Server, config: readonly string[]): ChildProcess {
  const child = spawn(server.path, config, { stdio: 'ignore' });
  const killWithUs = () => child.kill('SIGKILL');
  process.on('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  return child;
}

function tlsConfig(tlsPort: number, { tls }: StartOptions): string[] {
  if (tls === undefined) return [];
  return [
    ...['--tls-port', String(tlsPort), '--tls-ca-cert-file', tls.ca],
    ...['--tls-cert-file', tls.cert, '--tls-key-file', tls.key],
  ];
}

function logOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'log'), 'utf8').slice(-2000);
  } catch {
    return 'it has written no log';
  }
}

/** Asks over the socket until the answer is the one that is waited for. */
async function answers(child: ChildProcess, socket: string, wanted: RegExp): Promise<void> {
  const until = Date.now() + START_MS;
  let ended = false;
  child.once('error', () => {
    ended = true;
  });
  for (let answer = ''; !wanted.test(answer); answer = await ask(socket)) {
    if (ended || child.exitCode !== null || child.signalCode !== null) throw new Error('it has ended');
    if (Date.now() > until) throw new Error(`it answered ${JSON.stringify(answer)} only`);
    await setTimeout(10);
  }
}

/** The first answer to PING; empty when there is none. */
function ask(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => socket.write('PING\r\n'));
    const end = (answer: string) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (bytes) => end(bytes.toString()));
    socket.once('error', () => end(''));
    socket.once('close', () => end(''));
  });
}

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}
