import { defineConfig } from 'vitest/config';

/**
 * Tests with Apache ZooKeeper and foreign clients. JVMs are slow to start and hungry: two files at a time.
 */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/interop/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 90_000,
    teardownTimeout: 20_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
