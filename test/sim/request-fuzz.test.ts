import { afterAll, expect, it } from 'vitest';
import { type FuzzFigures, RequestFuzz } from './request-fuzz.ts';
import { watchdog } from './watchdog.ts';

/**
 * Requests sent at least; `ZKT_FUZZ_SEED` begins elsewhere, and with `ZKT_FUZZ_RUNS=1` replays that seed
 * alone.
 */
const RUNS = Number(process.env.ZKT_FUZZ_RUNS ?? 50_000);
const SEED = Number(process.env.ZKT_FUZZ_SEED ?? 1);
/** Visitors of one server. */
const VISITS = 60;

const dog = watchdog();
afterAll(() => dog.stop());

it(`survives ${RUNS} spoilt requests`, { timeout: 6 * 3_600_000 }, async () => {
  const figures: FuzzFigures = { conversations: 0, requests: 0, replies: 0, slowestMs: 0, nodesMax: 0 };
  const began = performance.now();
  let peak = 0;
  let first = 0;
  for (let seed = SEED; figures.requests < RUNS; seed++) {
    const fuzz = new RequestFuzz(seed, figures);
    let visit = -1;
    try {
      await fuzz.start();
      for (visit = 0; visit < VISITS; visit++) {
        dog.beat(seed, visit);
        fuzz.visit();
      }
      await fuzz.restart();
    } catch (error) {
      const replay = `ZKT_FUZZ_SEED=${seed} ZKT_FUZZ_RUNS=1 npm run test:sim -- test/sim/request-fuzz.test.ts`;
      throw new Error(`seed ${seed}, visitor ${visit}: ${(error as Error).message}\nreplay: ${replay}`, {
        cause: error,
      });
    }
    const rss = process.memoryUsage().rss;
    if (first === 0 && figures.requests > 5000) first = rss;
    peak = Math.max(peak, rss);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.info({ ...figures, seconds, rssMiB: [Math.round(first / 2 ** 20), Math.round(peak / 2 ** 20)] });
  expect(figures.replies).toBeGreaterThan(figures.requests / 50);
  expect(figures.slowestMs, 'one visitor').toBeLessThan(5000);
  if (first > 0) expect(peak - first, 'growth of memory, bytes').toBeLessThan(512 * 2 ** 20);
});
