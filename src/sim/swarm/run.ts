/**
 * One run of a plan: start, work under faults, heal everything, demand that the ensemble recovers in time and
 * agrees, and judge what clients saw.
 */
import { Prng } from '../../base/prng.ts';
import type { Violation } from '../checkers/history.ts';
import type { Cluster } from '../cluster.ts';
import type { SimTools } from '../node-kit.ts';
import { Broken, FINISH_MS, type Listen, WatchedCluster } from '../watched-cluster.ts';
import { FAULT_KINDS, type PlannedFault, type SwarmPlan } from './plan.ts';
import { laySharedGround, SwarmWorker } from './swarm-worker.ts';

/** What came of a run. */
export interface SwarmResult {
  readonly plan: SwarmPlan;
  readonly violations: readonly Violation[];
  /** Simulated ms, and things that happened. */
  readonly simulatedMs: number;
  readonly steps: number;
  readonly fingerprint: string;
  readonly counts: Readonly<Record<string, number>>;
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
}

const START_MS = 20_000;

/** Plays a plan to its end, or to the first broken promise. */
export const playPlan = (plan: SwarmPlan, tools: SimTools, listen?: Listen): Promise<SwarmResult> =>
  new SwarmRun(plan, tools, listen).play();

class SwarmRun {
  private readonly plan: SwarmPlan;
  private readonly watched: WatchedCluster;
  private readonly cluster: Cluster;
  private readonly random: Prng;
  private readonly workers: SwarmWorker[];
  private readonly active = new Map<number, () => void>();
  private readonly struck: Record<string, number> = {};
  private calm = true;

  constructor(plan: SwarmPlan, tools: SimTools, listen?: Listen) {
    const { seed, servers, observers, config, pace } = plan;
    this.plan = plan;
    this.random = new Prng(seed ^ 0x510e527f);
    this.watched = new WatchedCluster(
      { seed, servers, observers, config, tickMs: pace.tickMs },
      tools,
      listen,
    );
    this.cluster = this.watched.cluster;
    this.workers = Array.from(
      { length: plan.clients },
      (_, i) => new SwarmWorker(this.cluster, `c${i + 1}`, new Prng(seed * 31 + i), plan),
    );
  }

  async play(): Promise<SwarmResult> {
    const { cluster, watched } = this;
    let counts: Readonly<Record<string, number>> = {};
    try {
      counts = await this.acts();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
    this.calm = true;
    watched.end();
    return {
      plan: this.plan,
      violations: watched.violations,
      simulatedMs: cluster.now,
      steps: cluster.schedule.steps,
      fingerprint: cluster.fingerprint.toString(),
      counts: { ...this.workCounts(), ...counts },
      faults: this.struck,
    };
  }

  private async acts(): Promise<Readonly<Record<string, number>>> {
    const { cluster, plan, watched, workers } = this;
    cluster.startAll();
    watched.watch();
    await watched.until('a fresh ensemble elects a leader', () => watched.allServe(), START_MS);
    const first = (workers[0] as SwarmWorker).present;
    await watched.finished('the first nodes are made', laySharedGround(first));
    const working = Promise.all(workers.map((worker) => worker.run()));
    this.calm = false;
    for (const fault of plan.faults) cluster.after(fault.atMs, () => this.strike(fault));
    this.visits();
    await watched.pass(plan.workMs);
    this.calm = true;
    for (const heal of this.active.values()) heal();
    this.active.clear();
    watched.healAll();
    await watched.recovered();
    for (const worker of workers) worker.end();
    // A client that rests does so to the end.
    const limitMs = FINISH_MS + plan.pace.restMs;
    await watched.finished(`every operation ends in ${limitMs} ms`, working, limitMs);
    return watched.judge();
  }

  private strike(fault: PlannedFault): void {
    if (this.calm) return;
    const kind = FAULT_KINDS.get(fault.kind);
    const begun = kind?.begin(this.cluster, new Prng(fault.seed));
    if (begun === undefined) return;
    this.struck[fault.kind] = (this.struck[fault.kind] ?? 0) + 1;
    this.cluster.say('', `fault ${fault.index} ${fault.kind}: ${begun.text}`);
    const { heal } = begun;
    if (heal === undefined) return;
    this.active.set(fault.index, heal);
    this.cluster.after(fault.lastsMs, () => {
      if (!this.active.delete(fault.index)) return;
      this.cluster.say('', `fault ${fault.index} ${fault.kind} is over`);
      heal();
    });
  }

  /** Short sessions: closed with ephemerals still on their way, or abandoned without a word. */
  private visits(): void {
    let count = 0;
    const visit = (): void => {
      if (this.calm) return;
      const { client, die, sleep } = this.cluster.dial(`v${++count}`, { sessionTimeoutMs: 1000 });
      for (let i = this.random.below(4); i >= 0; i--) {
        client.create(`/w/v${count}-${i}`, null, { mode: 'ephemeral' }).catch(() => {});
      }
      const closes = this.random.chance(0.5);
      sleep(this.random.next() * 300).then(() => {
        if (closes) client.close().catch(() => {});
        else die();
      });
      this.cluster.after(this.random.next() * this.plan.pace.visitMs, visit);
    };
    this.cluster.after(this.random.next() * this.plan.pace.visitMs, visit);
  }

  private workCounts(): Record<string, number> {
    const sum = { done: 0, lost: 0, refused: 0, sessions: 0 };
    for (const { counts } of this.workers) {
      sum.done += counts.done;
      sum.lost += counts.lost;
      sum.refused += counts.refused;
      sum.sessions += counts.sessions;
    }
    return sum;
  }
}
