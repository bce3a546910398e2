// Builds dist/: the WebAssembly kernel as a TypeScript module, then everything by tsc.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (module, ...args) =>
  execFileSync(process.execPath, [join(root, 'node_modules', module), ...args], {
    cwd: root,
    stdio: 'inherit',
  });

/** Kernels and the pages of 64 KiB of their memory, which never grows. */
const kernels = { crc64: 20, lzf: 21, listpack: 20 };

const work = mkdtempSync(join(tmpdir(), 'rdbkit-build-'));
try {
  for (const [name, pages] of Object.entries(kernels)) {
    const wasm = join(work, `${name}.wasm`);
    run(
      'assemblyscript/bin/asc.js',
      `kernels/${name}.ts`,
      ...['--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd', '-o', wasm],
      ...['--initialMemory', `${pages}`, '--maximumMemory', `${pages}`, '--memoryBase', '1200000'],
    );
    const base64 = readFileSync(wasm).toString('base64');
    writeFileSync(
      join(root, `src/codec/${name}-kernel.ts`),
      `/** Generated from kernels/${name}.ts by scripts/build.js. */\nexport const ${name}Kernel =\n  '${base64}';\n`,
    );
  }
} finally {
  rmSync(work, { recursive: true });
}

// What a build before this one left of files that are gone must not be packed.
run('typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit');
rmSync(join(root, 'dist'), { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.json');

// The command line in one file: loading seventy modules one by one takes longer than reading 50 MB.
// Its files import from the index, which imports everything: pointed at the modules behind it, each
// command loads what it uses.
const EXPORT = /export \{([^}]*)\} from '(\.[^']*)';/g;
const IMPORT = /import \{([^}]*)\} from '\.\.\/index\.js';/g;
const namesOf = (list) =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
const homes = new Map(
  [...readFileSync(join(root, 'dist/index.js'), 'utf8').matchAll(EXPORT)].flatMap(([, list, path]) =>
    namesOf(list).map((name) => [name, path]),
  ),
);
const pastIndex = {
  name: 'past-index',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/cli\/[^/]+\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(IMPORT, (_, list) =>
        namesOf(list)
          .map((name) => `import { ${name} } from '../${homes.get(name)}';`)
          .join(' '),
      ),
    }));
  },
};

const { build } = await import('esbuild');
await build({
  plugins: [pastIndex],
  entryPoints: [join(root, 'dist/cli/main.js')],
  outdir: join(root, 'dist/bundle'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minify: true,
  // commander is CommonJS and requires modules of Node.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
