/**
 * Ensembles under faults, seed after seed on all cores: dense runs of seconds and calm ones of hours, until
 * `ZKT_SEEDS` dense runs and `ZKT_SIM_HOURS` in all are reached, or `ZKT_SIM_SECONDS` are over.
 * `ZKT_FUZZ_SEED` is the first seed.
 */
import { writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type PlanWishes, planOf, type SwarmPlan } from '../../src/sim/swarm/plan.ts';
import { playPlan, type SwarmResult } from '../../src/sim/swarm/run.ts';
import { shrink } from '../../src/sim/swarm/shrink.ts';
import { playAll, replay } from './swarm/crew.ts';
import type { Played, Task } from './swarm/player.ts';
import { TOOLS } from './tools.ts';

const numberOf = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const SEEDS = numberOf('ZKT_SEEDS', 2000);
const HOURS = numberOf('ZKT_SIM_HOURS', 100);
const SECONDS = numberOf('ZKT_SIM_SECONDS', 300);
const FIRST = numberOf('ZKT_FUZZ_SEED', 1);
/** So many dense runs have every kind of fault; the rest, and the calm ones, the basic kinds. */
const FURTHER = numberOf('ZKT_FURTHER_SEEDS', 200);
/** One run in so many is played twice, and has to be the same. */
const TWICE_ONE_IN = 50;

/** Seeds that once broke a promise, by basic faults: see docs/track-record.md. */
const KNOWN: readonly number[] = [1017, 1300, 1735, 2090, 2363, 2593, 2886, 3400];

const play = (plan: SwarmPlan): Promise<SwarmResult> => playPlan(plan, TOOLS);

const told = ({ plan, violations }: SwarmResult): string =>
  `replay: zkt sim --seed ${plan.seed}\n${violations.map((v) => `${v.rule}: ${v.text}`).join('\n')}`;

/** Sums of the runs of a kind. */
class Sum {
  readonly wishes: PlanWishes;
  begun = 0;
  runs = 0;
  simulatedSeconds = 0;
  cpuSeconds = 0;
  faults = 0;

  constructor(wishes: PlanWishes) {
    this.wishes = wishes;
  }

  next(): Task {
    const n = this.begun++;
    const every = this.wishes.calm !== true && n < FURTHER;
    return { seed: FIRST + n, wishes: every ? this.wishes : { ...this.wishes, basic: true } };
  }

  add({ simulatedMs, cpuSeconds, faults }: Played): void {
    this.runs++;
    this.simulatedSeconds += simulatedMs / 1000;
    this.cpuSeconds += cpuSeconds;
    for (const count of Object.values(faults)) this.faults += count;
  }

  text(name: string): string {
    const { runs, simulatedSeconds, cpuSeconds, faults } = this;
    const speed = (simulatedSeconds / cpuSeconds).toFixed(0);
    return (
      `${name}: ${runs} runs, ${(simulatedSeconds / 3600).toFixed(2)} ensemble-hours, ${faults} faults, ` +
      `${speed} simulated seconds per second per core`
    );
  }
}

/** The runs in their order, and what came of them. */
class Crowd {
  private readonly dense = new Sum({});
  private readonly calm = new Sum({ calm: true });
  private readonly began = performance.now();
  /** To be played once more, and what they have to come to. */
  private readonly again: Task[] = [];
  private readonly expected = new Map<Task, Played>();
  private twice = 0;

  get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }

  get hours(): number {
    return (this.dense.simulatedSeconds + this.calm.simulatedSeconds) / 3600;
  }

  next(): Task | undefined {
    if (this.seconds > SECONDS) return undefined;
    const again = this.again.pop();
    if (again !== undefined) return again;
    const [dense, calm] = [this.dense.begun / SEEDS, this.hours / HOURS];
    if (dense >= 1 && calm >= 1) return undefined;
    return (calm < dense ? this.calm : this.dense).next();
  }

  take(task: Task, played: Played): void {
    const broken = played.violations.map(({ rule, text }) => `${rule}: ${text}`);
    expect(broken, `replay: ${replay(task)}`).toEqual([]);
    const before = this.expected.get(task);
    if (before !== undefined) {
      const { fingerprint, steps } = played;
      expect([fingerprint, steps], `twice: ${replay(task)}`).toEqual([before.fingerprint, before.steps]);
      this.twice++;
      return;
    }
    const sum = task.wishes.calm === true ? this.calm : this.dense;
    sum.add(played);
    if (sum.runs % TWICE_ONE_IN !== 1) return;
    this.expected.set(task, played);
    this.again.push(task);
  }

  /** The figures, for the log of the run. */
  tell(): void {
    const cpu = this.dense.cpuSeconds + this.calm.cpuSeconds;
    const lines = [
      this.dense.text('dense'),
      this.calm.text('calm'),
      `in all: ${this.dense.runs} of ${SEEDS} seeds and ${this.hours.toFixed(1)} of ${HOURS} ensemble-hours in ` +
        `${this.seconds.toFixed(0)} s, ${((this.hours * 3600) / cpu).toFixed(0)} simulated seconds per second per ` +
        `core; ${this.twice} runs twice`,
    ];
    writeSync(1, `${lines.join('\n')}\n`);
  }
}

describe('ensembles under swarms of faults', () => {
  it('seed after seed', { timeout: SECONDS * 1000 + 180_000 }, async () => {
    const crowd = new Crowd();
    try {
      await playAll(
        () => crowd.next(),
        (task, played) => crowd.take(task, played),
      );
    } finally {
      crowd.tell();
    }
  });

  it('seeds that once broke a promise', async () => {
    for (const seed of KNOWN) {
      const result = await play(planOf(seed, { basic: true }));
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
