import { readFileSync } from 'node:fs';
import { RdbkitError } from '../errors.js';

export interface TlsFiles {
  /** Path of the PEM file of the authority that signed the server's certificate. */
  readonly ca?: string;
  /** Path of the client's certificate, PEM. */
  readonly cert?: string;
  /** Path of the client's private key, PEM. */
  readonly key?: string;
  /** Name to ask for and to verify (SNI), when it is not the host of the URL. */
  readonly serverName?: string;
}

export interface AddressOptions {
  readonly username?: string;
  /** Wins over the URL's. */
  readonly password?: string;
  readonly tls?: TlsFiles;
}

/** A server as it is connected to. Holds the password: print `label` only. */
export interface Address {
  /** What errors and reports call it: host and port, or the socket's path. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  /** Path of a unix socket, instead of host and port. */
  readonly path: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Database that the URL names. */
  readonly db: number | undefined;
  readonly tls: TlsConnection | undefined;
}

export interface TlsConnection {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

const DEFAULT_PORT = 6379;

/**
 * Understands `redis://[user[:password]@]host[:port][/db]`, `rediss://` for TLS and
 * `unix:///path/to.sock[?db=n]`.
 * @throws RdbkitError USAGE for anything else; the message never repeats the URL, which may hold
 *   a password
 */
export function parseAddress(text: string, options: AddressOptions = {}): Address {
  const url = parseUrl(text);
  const scheme = url.protocol.slice(0, -1);
  const isSocket = scheme === 'unix' || scheme === 'redis+unix' || scheme === 'redis-socket';
  if (!isSocket && scheme !== 'redis' && scheme !== 'rediss') {
    throw usage(`${scheme}:// is no way to reach a server`);
  }
  const path = isSocket ? decodeURIComponent(url.pathname) : undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const db = isSocket ? url.searchParams.get('db') : url.pathname.slice(1);
  const usesTls = scheme === 'rediss' || url.searchParams.get('tls') === 'true';
  return {
    label: path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    path,
    username: options.username ?? (decodeURIComponent(url.username) || undefined),
    password: options.password ?? (decodeURIComponent(url.password) || undefined),
    db: db === null || db === '' ? undefined : parseDb(db),
    tls: usesTls ? tlsConnection(host, options.tls ?? {}) : undefined,
  };
}

function parseUrl(text: string): URL {
  try {
    return new URL(/^[a-z+-]+:\/\//i.test(text) ? text : `redis://${text}`);
  } catch {
    throw usage('the address of the server cannot be understood');
  }
}

function parseDb(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw usage('the path of the address is no database number');
  return Number(text);
}

function tlsConnection(host: string, files: TlsFiles): TlsConnection {
  const isName = !/^[\d.]+$|:/.test(host);
  const servername = files.serverName ?? (isName ? host : undefined);
  return {
    ...(files.ca === undefined ? {} : { ca: readPem(files.ca) }),
    ...(files.cert === undefined ? {} : { cert: readPem(files.cert) }),
    ...(files.key === undefined ? {} : { key: readPem(files.key) }),
    ...(servername === undefined ? {} : { servername }),
  };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw new RdbkitError('IO', 'the file cannot be read', {
      subject: path,
      hint: 'check the path given for TLS',
      cause: thrown,
    });
  }
}

function usage(message: string): RdbkitError {
  return new RdbkitError('USAGE', message, {
    hint: 'give redis://[user:password@]host:port, rediss://… for TLS, or unix:///path/to.sock',
  });
}
