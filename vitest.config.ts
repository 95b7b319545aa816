import { defineConfig } from 'vitest/config';

/** The fast suites: unit, golden, scenario, cli, tui and the house rules. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/interop/**', 'test/sim/**', 'test/long/**', '**/node_modules/**'],
    pool: 'forks',
    testTimeout: 10_000,
    hookTimeout: 20_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
