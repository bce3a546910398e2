import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type AddressOptions, RdbkitError } from '../index.js';

export interface TargetOptions {
  user?: string;
  passwordFile?: string;
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsServerName?: string;
}

/** Adds the options that say how to connect, besides the address. */
export function addTargetOptions(command: Command): Command {
  return command
    .optionsGroup('Connection:')
    .option('--user <name>', 'ACL user, if the address has none')
    .option(
      '--password-file <file>',
      'read the password from a file (else RDBKIT_PASSWORD, else the address)',
    )
    .option('--tls-ca <file>', 'certificate of the authority that signed the server, PEM')
    .option('--tls-cert <file>', 'certificate of the client, PEM')
    .option('--tls-key <file>', 'private key of the client, PEM')
    .option('--tls-server-name <name>', 'name that the certificate must have, if not the host');
}

export function addressOptions(options: TargetOptions): AddressOptions {
  const { user, passwordFile, tlsCa, tlsCert, tlsKey, tlsServerName } = options;
  const password = passwordFile === undefined ? process.env['RDBKIT_PASSWORD'] : readPassword(passwordFile);
  return {
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined || password === '' ? {} : { password }),
    tls: {
      ...(tlsCa === undefined ? {} : { ca: tlsCa }),
      ...(tlsCert === undefined ? {} : { cert: tlsCert }),
      ...(tlsKey === undefined ? {} : { key: tlsKey }),
      ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
    },
  };
}

function readPassword(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (thrown) {
    throw new RdbkitError('IO', 'the password file cannot be read', {
      subject: path,
      hint: 'check the path and its permissions',
      cause: thrown,
    });
  }
}
