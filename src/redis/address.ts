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

interface TlsConnection {
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
  if (text.trim() === '') throw usage('the address of the server is empty');
  const url = parseUrl(text);
  const scheme = url.protocol.slice(0, -1);
  const isSocket = scheme === 'unix' || scheme === 'redis+unix' || scheme === 'redis-socket';
  if (!isSocket && scheme !== 'redis' && scheme !== 'rediss') {
    throw usage(`${scheme}:// is no way to reach a server`);
  }
  const path = isSocket ? decode(url.pathname) : undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const db = isSocket ? url.searchParams.get('db') : url.pathname.slice(1);
  const usesTls = scheme === 'rediss' || url.searchParams.get('tls') === 'true';
  return {
    label: path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    path,
    username: options.username ?? (decode(url.username) || undefined),
    password: options.password ?? (decode(url.password) || undefined),
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

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RdbkitError('USAGE', 'the address of the server holds a % that stands for nothing', {
      hint: 'percent-encode special characters, as %25 for %, or use --user and --password-file',
    });
  }
}

function parseDb(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw usage('the path of the address is no database number');
  return Number(text);
}

function tlsConnection(host: string, files: TlsFiles): TlsConnection {
  const isName = !/^[\d.]+$|:/.test(host);
  const servername = files.serverName ?? (isName ? host : undefined);
  const ca = files.ca === undefined ? undefined : readPem(files.ca, 'CERTIFICATE');
  const cert = files.cert === undefined ? undefined : readPem(files.cert, 'CERTIFICATE');
  // One file can hold both.
  const keyFile = files.key ?? (cert?.includes('PRIVATE KEY-----') === true ? files.cert : undefined);
  if ((cert === undefined) !== (keyFile === undefined)) {
    throw new RdbkitError('USAGE', 'a client has a certificate and a private key, and one is missing', {
      hint: 'give both --tls-cert and --tls-key',
    });
  }
  const key = keyFile === undefined ? undefined : readPem(keyFile, 'PRIVATE KEY');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  };
}

function readPem(path: string, content: 'CERTIFICATE' | 'PRIVATE KEY'): Buffer {
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (thrown) {
    throw new RdbkitError('IO', 'the file cannot be read', {
      subject: path,
      hint: 'check the path given for TLS',
      cause: thrown,
    });
  }
  if (pem.includes(`${content}-----`)) return pem;
  throw new RdbkitError('IO', `there is no ${content.toLowerCase()} in it`, {
    subject: path,
    hint: 'give a PEM file; one of another form is converted by openssl',
  });
}

function usage(message: string): RdbkitError {
  return new RdbkitError('USAGE', message, {
    hint: 'give redis://[user:password@]host:port, rediss://… for TLS, or unix:///path/to.sock',
  });
}
