// `npm run commands`: asks every server that is found what commands it knows, keeps the answers in
// fixtures/commands, and makes src/aof/command-data.ts from all that are kept there.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './setup.js';

const work = mkdtempSync(join(root, 'node_modules/.commands-'));
try {
  await build({
    stdin: {
      contents: "export * from './command-data.ts'; export { servers, startServer } from './servers.ts';",
      resolveDir: join(root, 'test/support'),
    },
    outfile: join(work, 'commands.mjs'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const { askCommands, commandDataText, fixtureText, servers, startServer } = await import(
    pathToFileURL(join(work, 'commands.mjs')).href
  );
  const folder = join(root, 'fixtures/commands');
  mkdirSync(folder, { recursive: true });
  for (const server of servers) {
    const running = await startServer(server);
    try {
      const commands = await askCommands(running.client, server.family, server.version);
      writeFileSync(join(folder, `${server.family}-${server.version}.json`), fixtureText(commands));
    } finally {
      await running.stop();
    }
  }
  const fixtures = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  writeFileSync(join(root, 'src/aof/command-data.ts'), commandDataText(fixtures));
} finally {
  rmSync(work, { recursive: true });
}
