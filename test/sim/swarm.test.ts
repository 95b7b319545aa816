import { describe, expect, it } from 'vitest';
import { planOf, type SwarmPlan } from '../../src/sim/swarm/plan.ts';
import { playPlan, type SwarmResult } from '../../src/sim/swarm/run.ts';
import { shrink } from '../../src/sim/swarm/shrink.ts';
import { TOOLS } from './tools.ts';

/** How many seeds, and the first of them. */
const SEEDS = Number(process.env.ZKT_SEEDS ?? 150);
const FIRST = Number(process.env.ZKT_FUZZ_SEED ?? 1);
const BATCH = 25;

/** Seeds that once broke a promise: see docs/track-record.md. */
const KNOWN: readonly number[] = [1017, 1300, 1735, 2090, 2363, 2593, 2886, 3400];

const play = (plan: SwarmPlan): Promise<SwarmResult> => playPlan(plan, TOOLS);

const told = ({ plan, violations }: SwarmResult): string =>
  `replay: zkt sim --seed ${plan.seed}\n${violations.map((v) => `${v.rule}: ${v.text}`).join('\n')}`;

describe('ensembles under swarms of faults', () => {
  for (let first = FIRST; first < FIRST + SEEDS; first += BATCH) {
    it(`seeds from ${first} on`, async () => {
      let faults = 0;
      for (let seed = first; seed < Math.min(first + BATCH, FIRST + SEEDS); seed++) {
        const result = await play(planOf(seed));
        expect(result.violations, told(result)).toEqual([]);
        for (const count of Object.values(result.faults)) faults += count;
      }
      expect(faults).toBeGreaterThan(0);
    });
  }

  it('seeds that once broke a promise', async () => {
    for (const seed of KNOWN) {
      const result = await play(planOf(seed));
      expect(result.violations, told(result)).toEqual([]);
    }
  });

  it('the same seed gives the same run', async () => {
    for (const seed of [3, 4, 5]) {
      const [one, two] = [await play(planOf(seed)), await play(planOf(seed))];
      expect([two.fingerprint, two.steps, two.counts]).toEqual([one.fingerprint, one.steps, one.counts]);
    }
  });

  it('one server, and a crowd', async () => {
    for (const wishes of [{ servers: 1 }, { servers: 5, observers: 2, clients: 6 }]) {
      const result = await play(planOf(11, wishes));
      expect(result.violations, told(result)).toEqual([]);
    }
  });
});

describe('shrinking', () => {
  const plan = planOf(1);
  /** Fails when the faults 3 and 5 are there. */
  const fake = (from: SwarmPlan): SwarmResult => {
    const there = new Set(from.faults.map((fault) => fault.index));
    const violations = there.has(3) && there.has(5) ? [{ rule: 'r', text: 't' }] : [];
    return {
      plan: from,
      violations,
      simulatedMs: 1,
      steps: 1,
      fingerprint: '',
      counts: { done: 8 },
      faults: {},
    };
  };

  it('leaves what it takes to fail', async () => {
    expect(plan.faults.length).toBeGreaterThan(6);
    const small = await shrink(fake(plan), { play: async (from) => fake(from) });
    expect(small.plan.faults.map((fault) => fault.index)).toEqual([3, 5]);
    expect([small.plan.clients, small.plan.operations]).toEqual([1, 1]);
    expect(small.violations).toHaveLength(1);
  });

  it('spends no more runs than it may', async () => {
    let runs = 0;
    await shrink(fake(plan), {
      play: async (from) => {
        runs++;
        return fake(from);
      },
      runsMax: 7,
    });
    expect(runs).toBeLessThanOrEqual(7);
  });
});
