import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import { Prng } from '../../src/base/prng.ts';
import { lockDataDirs } from '../../src/platform/data-dir-lock.ts';
import { type FileFigures, spoilConfig, spoilOne } from './file-fuzz.ts';
import { mutate } from './mutate.ts';
import { breathe } from './sim-server.ts';
import { watchdog } from './watchdog.ts';

/** Files spoilt; `ZKT_FUZZ_SEED` begins elsewhere, and with `ZKT_FUZZ_FILES=1` replays that seed alone. */
const FILES = Number(process.env.ZKT_FUZZ_FILES ?? 4000);
const SEED = Number(process.env.ZKT_FUZZ_SEED ?? 1);
const HOURS = 6 * 3_600_000;

const dog = watchdog();
afterAll(() => dog.stop());

const fresh = (): FileFigures => ({ files: 0, started: 0, shorter: 0, refused: 0, configs: 0, slowestMs: 0 });

async function each(name: string, run: (seed: number) => void): Promise<void> {
  for (let seed = SEED; seed < SEED + FILES; seed++) {
    dog.beat(seed, seed - SEED);
    // Node frees what zlib used only between turns of its loop.
    if (seed % 100 === 0) await breathe();
    try {
      run(seed);
    } catch (error) {
      const replay = `ZKT_FUZZ_SEED=${seed} ZKT_FUZZ_FILES=1 npm run test:sim -- test/sim/file-fuzz.test.ts -t '${name}'`;
      throw new Error(`${(error as Error).message}\nreplay: ${replay}`, { cause: error });
    }
  }
}

it('spoilt logs and snapshots are refused, or give a tree that was', { timeout: HOURS }, async () => {
  const figures = fresh();
  const began = performance.now();
  await each('spoilt logs', (seed) => spoilOne(seed, figures));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.info({ ...figures, seconds, rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20) });
  expect(figures.slowestMs).toBeLessThan(5000);
  if (FILES > 1000) {
    expect(figures.refused).toBeGreaterThan(FILES / 10);
    expect(figures.started).toBeGreaterThan(FILES / 10);
    expect(process.memoryUsage().rss).toBeLessThan(2 ** 30);
  }
});

it('spoilt configurations and small files are refused, or taken', { timeout: HOURS }, async () => {
  await each('spoilt configurations', (seed) => spoilConfig(seed, fresh()));
});

it('a spoilt lock is nobody’s, or tells whose it is', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-lock-fuzz-'));
  try {
    const file = path.join(dir, 'zkt.pid');
    lockDataDirs([dir]);
    const good = readFileSync(file);
    for (let seed = 1; seed <= 300; seed++) {
      writeFileSync(file, mutate(good, new Prng(seed)));
      try {
        lockDataDirs([dir]).release();
      } catch (error) {
        if (!(error instanceof ZktError)) throw error;
      }
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});
