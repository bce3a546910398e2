import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { corpusFile } from '../support/corpus.js';
import { type Imported, importInto, type RunOptions, reportOf } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, servers, startServer } from '../support/servers.js';
import type { Truth } from '../support/truth.js';

// The ways to reach a server, and to prove who one is.

const SECRET = 'p@ss:w/rd?#%[]&+';
const ENCODED = encodeURIComponent(SECRET);
const KEYS = 115;

const dump = corpusFile('r62') as string;
const tlsFile = (name: string) => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const CA = ['--tls-ca', tlsFile('ca.crt')];
const CLIENT = ['--tls-cert', tlsFile('client.crt'), '--tls-key', tlsFile('client.key')];

const certificate = (name: string) => ({
  ca: tlsFile('ca.crt'),
  cert: tlsFile(`${name}.crt`),
  key: tlsFile(`${name}.key`),
});

const scratch = new Scratch();
afterAll(() => scratch.remove());

describeServers((server) => {
  let running: RunningServer;
  let expected: Truth[];

  beforeAll(async () => {
    running = await startServer(server, { tls: certificate('server'), config: ['--tls-auth-clients', 'no'] });
    await importInto(running.url, [dump]);
    expected = await readKeys(running);
    await running.client.call('ACL', 'SETUSER', 'importer', 'on', `>${SECRET}`, '~*', '&*', '+@all');
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  async function expectImported(run: Imported, target = running): Promise<void> {
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    expect(reportOf(run)).toMatchObject({ read: KEYS, written: KEYS });
    expect(run.everything).not.toContain(SECRET);
    expect(run.everything).not.toContain(ENCODED);
    expect(await readKeys(target)).toEqual(expected);
  }

  async function expectRefused(run: Imported, sentence: RegExp, code = 2, target = running): Promise<void> {
    expect(run.stderr).toMatch(/^rdbkit: [^\n]+\n$/);
    expect(run.stderr).toMatch(sentence);
    expect(run.code).toBe(code);
    expect(run.everything).not.toContain(SECRET);
    expect(run.everything).not.toContain(ENCODED);
    expect(await readKeys(target)).toEqual([]);
  }

  describe('an address', () => {
    test('with host and port', async () => {
      await expectImported(await importInto(running.url, [dump]));
    });

    test('without a scheme', async () => {
      await expectImported(await importInto(`127.0.0.1:${running.port}`, [dump]));
    });

    test('of a unix socket', async () => {
      const run = await importInto(`unix://${running.socket}`, [dump]);
      await expectImported(run);
      expect(reportOf(run).target?.address).toBe(running.socket);
    });

    test('of a unix socket, with a database', async () => {
      const run = await importInto(`unix://${running.socket}?db=6`, [dump], ['--db', '3']);
      expect(run.code).toBe(0);
      expect((await readKeys(running)).map(({ db }) => db)).toEqual(Array.from({ length: 12 }, () => 6));
    });

    test.each([
      ['http://127.0.0.1:80', /http:\/\/ is no way to reach a server/],
      ['redis://127.0.0.1:6379/zero', /the path of the address is no database number/],
      [`redis://:${ENCODED}@127.0.0.1:port`, /the address of the server cannot be understood/],
      [`redis://importer:${ENCODED}@`, /rdbkit: /],
      [`unix://importer:${ENCODED}@/tmp/server.sock`, /the address of the server cannot be understood/],
    ])('%s is wrong usage', async (url, sentence) => {
      await expectRefused(await importInto(url, [dump]), sentence, 64);
    });

    test.each(['100%', '%zz', 'a%b'])('with the password %s, not percent-encoded', async (password) => {
      await running.client.call('ACL', 'SETUSER', 'raw', 'reset', 'on', `>${password}`, '~*', '&*', '+@all');
      const run = await importInto(`redis://raw:${password}@127.0.0.1:${running.port}`, [dump]);
      // Either it is taken as it stands, or said to be wrong without being shown.
      if (run.code === 0) await expectImported(run);
      else {
        await expectRefused(run, /percent-encode/, 64);
        expect(run.everything).not.toContain(password);
      }
    });
  });

  describe('a user and password', () => {
    const plain = () => `redis://127.0.0.1:${running.port}`;
    const fileOf = (content: string) => scratch.file('password', content);

    const ways: readonly (readonly [string, () => string, string[], RunOptions])[] = [
      ['from the address', () => `redis://importer:${ENCODED}@127.0.0.1:${running.port}`, [], {}],
      [
        'to a socket',
        () => `unix://${running.socket}`,
        ['--user', 'importer'],
        { env: { RDBKIT_PASSWORD: SECRET } },
      ],
      ['from RDBKIT_PASSWORD', plain, ['--user', 'importer'], { env: { RDBKIT_PASSWORD: SECRET } }],
      ['from a file', plain, ['--user', 'importer', '--password-file', fileOf(SECRET)], {}],
      [
        'from a file with a line end',
        plain,
        ['--user', 'importer', '--password-file', scratch.file('lf', `${SECRET}\n`)],
        {},
      ],
      [
        'from a file with a Windows line end',
        plain,
        ['--user', 'importer', '--password-file', scratch.file('crlf', `${SECRET}\r\n`)],
        {},
      ],
      [
        'from the address and RDBKIT_PASSWORD, which wins',
        () => `redis://importer:wrong@127.0.0.1:${running.port}`,
        [],
        { env: { RDBKIT_PASSWORD: SECRET } },
      ],
      [
        'from RDBKIT_PASSWORD and a file, which wins',
        plain,
        ['--user', 'importer', '--password-file', fileOf(SECRET)],
        { env: { RDBKIT_PASSWORD: 'wrong' } },
      ],
      [
        'from the address, as RDBKIT_PASSWORD is empty',
        () => `redis://importer:${ENCODED}@127.0.0.1:${running.port}`,
        [],
        { env: { RDBKIT_PASSWORD: '' } },
      ],
    ];

    test.each(ways)('%s', async (_, url, args, options) => {
      await expectImported(await importInto(url(), [dump], args, options));
    });

    test.each([
      ['of another user', 'nobody', SECRET],
      ['that is wrong', 'importer', `${SECRET}.`],
    ])('%s is refused', async (_, user, password) => {
      const run = await importInto(plain(), [dump], ['--user', user], { env: { RDBKIT_PASSWORD: password } });
      await expectRefused(run, /user or password is wrong; check them/);
    });

    test('a password file that is not there', async () => {
      const run = await importInto(plain(), [dump], ['--password-file', scratch.path('missing')]);
      await expectRefused(run, /missing: the password file cannot be read/);
    });

    test('a user without a password', async () => {
      const run = await importInto(`redis://importer@127.0.0.1:${running.port}`, [dump]);
      // It must not be written as another user than the one that was named.
      await expectRefused(run, /password/);
    });
  });

  describe('TLS', () => {
    const url = (target: RunningServer) => `rediss://127.0.0.1:${target.tlsPort}`;

    test('with the authority', async () => {
      await expectImported(await importInto(url(running), [dump], CA));
    });

    test('with the authority, a user and a password', async () => {
      const run = await importInto(`rediss://importer:${ENCODED}@127.0.0.1:${running.tlsPort}`, [dump], CA);
      await expectImported(run);
    });

    test('with values in parts', async () => {
      await expectImported(await importInto(url(running), [dump], [...CA, '--max-inline-value', '1kb']));
    });

    test.each([
      ['no authority', []],
      ['another authority', ['--tls-ca', tlsFile('other-ca.crt')]],
    ])('with %s the certificate is not taken', async (_, args) => {
      await expectRefused(
        await importInto(url(running), [dump], args),
        /its certificate cannot be verified; name the authority by --tls-ca/,
      );
    });

    test('with a file for the authority that is not there', async () => {
      const run = await importInto(url(running), [dump], ['--tls-ca', scratch.path('missing.crt')]);
      await expectRefused(run, /missing\.crt: the file cannot be read; check the path given for TLS/);
    });

    // Such a server waits for more until the time is over: once is enough.
    test.runIf(server === servers[0])('to a port that does not speak it', async () => {
      const run = await importInto(`rediss://127.0.0.1:${running.port}`, [dump], CA);
      await expectRefused(run, /127\.0\.0\.1:\d+: [^\n]*TLS/);
    });

    test('without it to a port that asks for it', async () => {
      const run = await importInto(`redis://127.0.0.1:${running.tlsPort}`, [dump]);
      await expectRefused(run, /127\.0\.0\.1:\d+: [^\n]*TLS/);
    });

    describe('with a server that has another name', () => {
      let named: RunningServer;
      beforeAll(async () => {
        named = await startServer(server, {
          tls: certificate('named'),
          config: ['--tls-auth-clients', 'no'],
        });
      });
      afterAll(() => named.stop());
      beforeEach(() => named.clear());

      test('--tls-server-name says which', async () => {
        const run = await importInto(url(named), [dump], [...CA, '--tls-server-name', 'redis.test']);
        await expectImported(run, named);
      });

      test.each([
        ['without it', []],
        ['with a wrong one', ['--tls-server-name', 'other.test']],
      ])('%s the certificate is not taken', async (_, args) => {
        const run = await importInto(url(named), [dump], [...CA, ...args]);
        await expectRefused(run, /its certificate cannot be verified; .*--tls-server-name/, 2, named);
      });
    });

    describe('with a server that asks for a certificate', () => {
      let strict: RunningServer;
      beforeAll(async () => {
        strict = await startServer(server, {
          tls: certificate('server'),
          config: ['--tls-auth-clients', 'yes'],
        });
      });
      afterAll(() => strict.stop());
      beforeEach(() => strict.clear());

      test('the right one lets us in', async () => {
        await expectImported(await importInto(url(strict), [dump], [...CA, ...CLIENT]), strict);
      });

      test('without one it is told', async () => {
        const run = await importInto(url(strict), [dump], CA);
        await expectRefused(run, /client certificate|--tls-cert/, 2, strict);
      });

      test('a certificate without its key is told', async () => {
        const run = await importInto(url(strict), [dump], [...CA, ...CLIENT.slice(0, 2)]);
        await expectRefused(run, /--tls-key/, 64, strict);
      });

      test('a file that is no certificate is told', async () => {
        const file = scratch.file('no.crt', 'not a certificate\n');
        const run = await importInto(url(strict), [dump], ['--tls-ca', file]);
        await expectRefused(run, /no\.crt/, 2, strict);
      });
    });
  });
});
