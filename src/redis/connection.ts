import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Redis } from 'ioredis';
import { RdbkitError } from '../errors.js';
import type { Address } from './address.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** A peer that is gone without a word is found out after some of these. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Opens the control connection: everything that is asked once goes through ioredis.
 * @param signal gives it up, for a server that takes the connection and says nothing
 * @throws RdbkitError TARGET_LOST when the server cannot be reached, TARGET_REPLY when it refuses
 */
export async function connectControl(address: Address, signal?: AbortSignal): Promise<Redis> {
  // Bundled, the CommonJS module has its exports behind `default` only.
  const ioredis = await import('ioredis');
  const Redis = ioredis.Redis ?? (ioredis.default as unknown as typeof ioredis).Redis;
  const { host, port, path, tls } = address;
  const client = new Redis({
    ...(path === undefined ? { host, port } : { path }),
    ...(tls === undefined ? {} : { tls }),
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: CONNECT_TIMEOUT_MS,
  });
  let reason: unknown;
  client.on('error', (error) => {
    reason ??= error;
  });
  const giveUp = () => disconnectControl(client);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    // Not left to ioredis, which prints a warning where a password is not asked for.
    const credentials = credentialsOf(address);
    if (credentials.length > 0) await client.call('AUTH', ...credentials);
    await client.ping();
    return client;
  } catch (thrown) {
    disconnectControl(client);
    throw connectError(reason ?? thrown, address);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** Ends a control connection. Of one that is closed already ioredis would wait two seconds to hear of it. */
export function disconnectControl(client: Redis): void {
  if (client.status !== 'close' && client.status !== 'end') client.disconnect();
}

/** What AUTH takes; nothing where neither user nor password is given. A user may have no password. */
export function credentialsOf({ username, password }: Address): string[] {
  if (username !== undefined) return [username, password ?? ''];
  return password === undefined ? [] : [password];
}

/** Opens the socket that commands are pipelined through. It still has to authenticate. */
export async function connectData(address: Address): Promise<Socket> {
  const { host, port, path, tls } = address;
  const target = path === undefined ? { host, port } : { path };
  const socket = tls === undefined ? connect(target) : connectTls({ ...target, ...tls });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('connect ETIMEDOUT')));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve);
      socket.once('error', reject);
    });
  } catch (thrown) {
    socket.destroy();
    throw connectError(thrown, address);
  }
  socket.setTimeout(0);
  socket.removeAllListeners('error');
  return socket;
}

/** The error for a server that cannot be reached or does not let us in. */
export function connectError(thrown: unknown, address: Address): RdbkitError {
  if (thrown instanceof RdbkitError) return thrown;
  const error = thrown as NodeJS.ErrnoException;
  const { label } = address;
  const text = `${error.code ?? ''} ${error.message ?? ''}`;
  const reasons = address.tls === undefined ? REASONS : [...TLS_REASONS, ...REASONS];
  for (const [pattern, code, message, hint] of reasons) {
    if (pattern.test(text)) return new RdbkitError(code, message, { subject: label, hint, cause: thrown });
  }
  return new RdbkitError('TARGET_LOST', `cannot connect: ${error.message}`, {
    subject: label,
    cause: thrown,
  });
}

type Reason = readonly [pattern: RegExp, code: 'TARGET_LOST' | 'TARGET_REPLY', message: string, hint: string];

/** Reasons that hold for a connection by TLS, before the others. */
const TLS_REASONS: readonly Reason[] = [
  [
    /alert.*(?:certificate|handshake|unknown.ca)|CERTIFICATE_REQUIRED/i,
    'TARGET_LOST',
    'it does not let a client in with this certificate, or with none',
    'give a client certificate that it knows by --tls-cert and --tls-key',
  ],
  [
    /ETIMEDOUT/,
    'TARGET_LOST',
    'the server does not answer by TLS',
    'check host, port and firewall, or use redis:// if it does not speak TLS there',
  ],
  [
    /key values mismatch|PEM|asn1|wrong tag|decoder|unsupported/i,
    'TARGET_LOST',
    'the certificate and key of the client cannot be used',
    'check --tls-ca, --tls-cert and --tls-key: PEM files, and the key that belongs to the certificate',
  ],
];

const REASONS: readonly Reason[] = [
  [
    /ECONNREFUSED/,
    'TARGET_LOST',
    'the connection was refused',
    'check that the server runs and listens there',
  ],
  [
    /ENOENT|ENOTSOCK/,
    'TARGET_LOST',
    'there is no such socket',
    'check the path, or the unixsocket setting of the server',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'TARGET_LOST', 'there is no such host', 'check its name'],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    'TARGET_LOST',
    'the server does not answer',
    'check host, port and firewall',
  ],
  [
    /self.signed|unable to verify|CERT|ALTNAME|certificate/i,
    'TARGET_LOST',
    'its certificate cannot be verified',
    'name the authority by --tls-ca, and the host by --tls-server-name where it differs',
  ],
  [/EPROTO|SSL|wrong version/i, 'TARGET_LOST', 'it does not speak TLS there', 'use redis:// or the TLS port'],
  [
    /WRONGPASS|invalid password|invalid username/i,
    'TARGET_REPLY',
    'user or password is wrong',
    'check them; percent-encode special characters in a URL, or use --password-file',
  ],
  [
    /NOAUTH/,
    'TARGET_REPLY',
    'it asks for a password',
    'give it in the URL, as RDBKIT_PASSWORD or by --password-file',
  ],
  [
    /without any password configured|no password is set/i,
    'TARGET_REPLY',
    'it has no password, but one was given',
    'leave the password out',
  ],
  [/NOPERM/, 'TARGET_REPLY', 'the user may not do that', 'grant it the permissions, or use another user'],
  [/LOADING/, 'TARGET_REPLY', 'it is still loading its data', 'wait until it has started'],
  [/max number of clients/, 'TARGET_REPLY', 'it has no connection left', 'close some, or raise maxclients'],
  [
    /Connection is closed|ECONNRESET|EPIPE|socket hang up/,
    'TARGET_LOST',
    'it closed the connection',
    'check its log, protected-mode and maxclients, and use rediss:// if it speaks TLS there',
  ],
];
