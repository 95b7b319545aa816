import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import type { SimDiskCall, SimDiskFault } from '../../src/sim/disk.ts';
import { type DiskEvent, play, type Scenario, type ScenarioResult } from './scenario.ts';

/** Scripts (`ZKT_SIM_SEEDS`), and what a power cut leaves of each (`ZKT_SIM_LUCK`). */
const SEEDS = Number(process.env.ZKT_SIM_SEEDS ?? 3);
const LUCK = Number(process.env.ZKT_SIM_LUCK ?? 2);
/** Sweeps but the first leave calls out; a longer run leaves out none with `ZKT_SIM_STEP=0`. */
const STEP = Number(process.env.ZKT_SIM_STEP ?? 1);
/** `ZKT_SIM_ONLY=seed:luck:call` replays one run. */
const ONLY = process.env.ZKT_SIM_ONLY?.split(':').map(Number);
const HOURS = { timeout: 6 * 3_600_000 };

/** Names a run of a sweep: seed, luck, call. */
type Key = readonly [seed: number, luck: number, at: number];
type Plan = (call: SimDiskCall, path: string, n: number) => DiskEvent | undefined;

/** Plays one scenario; a violation fails with the way to replay it. */
async function check(name: string, key: Key, scenario: Scenario, plan: Plan): Promise<ScenarioResult> {
  const replay = `ZKT_SIM_ONLY=${key.join(':')} npm run test:sim -- test/sim/disk-faults.test.ts -t '${name}'`;
  let result: ScenarioResult;
  try {
    result = await play({ ...scenario, disk: plan });
  } catch (error) {
    throw new Error(`${(error as Error).message}\nreplay: ${replay}`, { cause: error });
  }
  const { violations } = result;
  if (violations.length > 0) {
    const lines = violations.slice(0, 8).map(({ rule, text }) => `${rule}: ${text.slice(0, 600)}`);
    throw new Error(`${violations.length} violations\n${lines.join('\n')}\nreplay: ${replay}`);
  }
  return result;
}

/** Every call of every script with every luck; `step` leaves some out. */
async function sweep(
  name: string,
  run: (seed: number, luck: number, at: number) => Promise<ScenarioResult>,
  stride = 1,
): Promise<ScenarioResult[]> {
  const step = Math.max(1, stride);
  const results: ScenarioResult[] = [];
  if (ONLY !== undefined) return [await run(...(ONLY as [number, number, number]))];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { calls } = await check(name, [seed, 0, 0], { seed }, () => undefined);
    for (let luck = 0; luck < LUCK; luck++) {
      for (let at = 1 + ((seed + luck) % step); at <= calls; at += step)
        results.push(await run(seed, luck, at));
    }
  }
  const sum = (of: (r: ScenarioResult) => number): number => results.reduce((all, r) => all + of(r), 0);
  console.info(name, {
    runs: results.length,
    restarts: sum((r) => r.restarts),
    failures: sum((r) => r.failures.length),
    writes: sum((r) => r.counts.writes),
    lost: sum((r) => r.counts.lost),
    foundAgain: sum((r) => r.counts.found),
    reads: sum((r) => r.counts.reads),
    events: sum((r) => r.counts.events),
  });
  return results;
}

describe('power', () => {
  it('cut at every call', HOURS, async () => {
    const name = 'cut at every call';
    const results = await sweep(name, (seed, luck, at) =>
      check(name, [seed, luck, at], { seed, luck }, (_call, _path, n) => (n === at ? 'cut' : undefined)),
    );
    if (ONLY === undefined) {
      // A sweep that misses what it is for proves nothing.
      const events = new Set(results.flatMap((r) => [...r.events]));
      for (const wanted of [
        'log.rolled',
        'log.tail-cut',
        'snapshot.finished',
        'purge.removed',
        'session.resumed',
      ]) {
        expect([...events]).toContain(wanted);
      }
      expect(results.every((r) => r.restarts >= 1)).toBe(true);
      expect(results.some((r) => r.counts.found > 0)).toBe(true);
      expect(results.some((r) => r.counts.lost > r.counts.found)).toBe(true);
    }
  });

  it('cut again while the server recovers', HOURS, async () => {
    const name = 'cut again while the server recovers';
    await sweep(
      name,
      (seed, luck, at) => {
        const gap = 1 + new Prng(seed * 7919 + at + luck).below(14);
        return check(name, [seed, luck, at], { seed, luck: luck + 10 }, (_call, _path, n) =>
          n === at || n === at + gap ? 'cut' : undefined,
        );
      },
      STEP * 3,
    );
  });

  it('killed first, which leaves the cache, then cut', HOURS, async () => {
    const name = 'killed first, which leaves the cache, then cut';
    await sweep(
      name,
      (seed, luck, at) => {
        const gap = 5 + new Prng(seed * 104_729 + at + luck).below(50);
        return check(name, [seed, luck, at], { seed, luck: luck + 20 }, (_call, _path, n) => {
          if (n === at) return 'kill';
          return n === at + gap ? 'cut' : undefined;
        });
      },
      STEP * 3,
    );
  });
});

describe('a call that fails', () => {
  const eio: SimDiskFault = { code: 'EIO' };

  it('with EIO ends the server, or is survived', HOURS, async () => {
    const name = 'with EIO ends the server, or is survived';
    await sweep(
      name,
      async (seed, luck, at) => {
        let hit: { call: SimDiskCall; path: string } | undefined;
        const cutAt = at + 30 + new Prng(at).below(40);
        const result = await check(name, [seed, luck, at], { seed, luck: luck + 30 }, (call, path, n) => {
          if (n === cutAt) return 'cut';
          if (n !== at) return undefined;
          hit = { call, path };
          return eio;
        });
        // What the log could not bring to disk is never acknowledged by a server that goes on.
        const ofLog = hit?.path.includes('/log.') || hit?.path.includes('/tmp.log.');
        if (ofLog && (hit?.call === 'sync' || hit?.call === 'write')) {
          expect(result.failures.join(), `EIO on ${hit?.call} of ${hit?.path}`).toMatch(/EIO/);
        }
        return result;
      },
      STEP * 3,
    );
  });

  it('with ENOSPC for a while is refused, and heals', HOURS, async () => {
    const name = 'with ENOSPC for a while is refused, and heals';
    let full = 0;
    let healed = 0;
    await sweep(
      name,
      async (seed, luck, at) => {
        const prng = new Prng(seed * 31 + at * 7 + luck);
        const until = at + 1 + prng.below(25);
        const partialBytes = prng.chance(0.5) ? prng.below(600) : 0;
        const result = await check(name, [seed, luck, at], { seed, luck }, (call, _path, n) => {
          const grows = call === 'write' || call === 'create';
          return n >= at && n < until && grows ? { code: 'ENOSPC', partialBytes } : undefined;
        });
        expect(result.failures).toEqual([]);
        if (result.events.has('disk.full')) full++;
        if (result.events.has('disk.recovered')) healed++;
        return result;
      },
      STEP * 5,
    );
    if (ONLY === undefined) {
      expect(full).toBeGreaterThan(0);
      expect(healed).toBe(full);
    }
  });
});

/** Settings that change what is written and when; each run has some. */
const SETTINGS = [
  'zookeeper.snapshot.compression.method=gz',
  'zookeeper.snapshot.compression.method=snappy',
  'zookeeper.txnLogSizeLimitInKb=1',
  'zookeeper.preAllocSize=0',
  'zookeeper.snapCount=2',
  'zookeeper.snapCount=40',
  'zookeeper.digest.enabled=false',
  'jute.maxbuffer=2048',
];

describe('any of it together', () => {
  it('swarm', HOURS, async () => {
    const name = 'swarm';
    await sweep(
      name,
      (seed, luck, at) => {
        const prng = new Prng(seed * 1_000_003 + luck * 101 + at);
        const kinds = (
          ['cut', 'kill', { code: 'EIO' }, { code: 'ENOSPC', partialBytes: 100 }] as const
        ).filter(() => prng.chance(0.6));
        const rate = 0.01 + prng.next() * 0.04;
        const definitions = SETTINGS.filter(() => prng.chance(0.25));
        const scenario = { seed: seed * 1000 + at, luck: luck + 40, operations: 16, definitions };
        return check(name, [seed, luck, at], scenario, (call) => {
          if (kinds.length === 0 || !prng.chance(rate)) return undefined;
          const event = prng.pick(kinds);
          const grows = call === 'write' || call === 'create';
          return typeof event === 'object' && event.code === 'ENOSPC' && !grows ? undefined : event;
        });
      },
      STEP * 4,
    );
  });

  it('the same seed is the same run', HOURS, async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const plan: Plan = (_call, _path, n) =>
        n === 20 * seed ? 'cut' : n === 20 * seed + 40 ? 'kill' : undefined;
      const first = await check('the same seed', [seed, 1, 0], { seed, luck: 1 }, plan);
      const second = await check('the same seed', [seed, 1, 0], { seed, luck: 1 }, plan);
      expect(second.digest).toBe(first.digest);
      const other = await check('the same seed', [seed, 1, 0], { seed: seed + 100, luck: 1 }, plan);
      expect(other.digest).not.toBe(first.digest);
    }
  });
});
