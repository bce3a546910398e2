import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest asks for one
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Many tests wait for servers: one file more than vitest's default, which leaves a core free.
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism()),
  },
});
