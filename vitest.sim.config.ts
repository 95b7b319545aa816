import { defineConfig } from 'vitest/config';

/** The bounded simulation and fuzz suites: minutes, not seconds. */
export default defineConfig({
  test: {
    include: ['test/sim/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    maxConcurrency: 2,
    testTimeout: 300_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
