/**
 * One run of a plan: start, work under faults, heal everything, demand that the ensemble recovers in time and agrees,
 * and judge what clients saw.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import { Prng } from '../../base/prng.ts';
import type { Client } from '../../client/api.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import type { ZktEvent } from '../../events/table.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { WRITES } from '../checkers/check-history.ts';
import { canonical, type HistoryRequest, type Violation } from '../checkers/history.ts';
import { Cluster, type ClusterListener } from '../cluster.ts';
import type { SimTools } from '../node-kit.ts';
import { SimStuck } from '../schedule.ts';
import type { SimNode } from '../sim-node.ts';
import { readAll } from '../workload.ts';
import { Invariants } from './invariants.ts';
import { FAULT_KINDS, type PlannedFault, type SwarmPlan } from './plan.ts';
import { laySharedGround, SwarmWorker } from './swarm-worker.ts';
import { judge } from './verdict.ts';

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

const LOOK_EVERY_MS = 50;
const LOOK_DEEPER_EVERY = 10;
/** Of acknowledged writes, one in so many is looked for on the disks. */
const LOOK_FOR_ONE_IN = 4;
/** `tickTime` x 2 x (initLimit + syncLimit), as the simulated servers are configured, and time to start. */
const RECOVERY_MS = 500 * 2 * (6 + 4) + 2500;
const START_MS = 20_000;
const FINISH_MS = 30_000;
const VISIT_EVERY_MS = 4000;

/** Plays a plan to its end, or to the first broken promise. `listen` gets the simulated clock, ms. */
export const playPlan = (
  plan: SwarmPlan,
  tools: SimTools,
  listen?: (now: () => number) => ClusterListener,
): Promise<SwarmResult> => new SwarmRun(plan, tools, listen).play();

class SwarmRun {
  private readonly plan: SwarmPlan;
  private readonly tools: SimTools;
  private readonly cluster: Cluster;
  private readonly invariants: Invariants;
  private readonly random: Prng;
  private readonly workers: SwarmWorker[];
  private readonly active = new Map<number, () => void>();
  private readonly struck: Record<string, number> = {};
  private calm = true;
  private over = false;
  private looks = 0;
  private acknowledged = 0;

  constructor(plan: SwarmPlan, tools: SimTools, listen?: (now: () => number) => ClusterListener) {
    const listener = listen?.(() => this.cluster.now) ?? {};
    this.plan = plan;
    this.tools = tools;
    this.random = new Prng(plan.seed ^ 0x510e527f);
    const { seed, servers, observers, config } = plan;
    this.cluster = new Cluster({ seed, servers, observers, config }, tools, {
      ...listener,
      event: (node, event) => {
        this.event(node, event);
        listener.event?.(node, event);
      },
      ended: (node, error) => {
        this.ended(node, error);
        listener.ended?.(node, error);
      },
      replied: (client, request) => {
        this.replied(request);
        listener.replied?.(client, request);
      },
    });
    this.invariants = new Invariants(this.cluster);
    this.workers = Array.from(
      { length: plan.clients },
      (_, i) => new SwarmWorker(this.cluster, `c${i + 1}`, new Prng(plan.seed * 31 + i), plan.operations),
    );
  }

  async play(): Promise<SwarmResult> {
    const { cluster, invariants } = this;
    let counts: Record<string, number> = {};
    try {
      await this.acts();
      invariants.lookDeeper();
      const verdict = judge(cluster, invariants, this.tools);
      invariants.violations.push(...verdict.violations);
      counts = verdict.counts;
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
    this.over = true;
    cluster.end();
    return {
      plan: this.plan,
      violations: invariants.violations,
      simulatedMs: cluster.now,
      steps: cluster.schedule.steps,
      fingerprint: cluster.fingerprint.toString(),
      counts: { ...this.workCounts(), ...counts },
      faults: this.struck,
    };
  }

  private async acts(): Promise<void> {
    const { cluster, plan } = this;
    cluster.startAll();
    this.keepLooking();
    await this.until('a fresh ensemble elects a leader', () => this.allServe(), START_MS);
    await this.finished(
      'the first nodes are made',
      laySharedGround((this.workers[0] as SwarmWorker).present),
    );
    const working = Promise.all(this.workers.map((worker) => worker.run()));
    this.calm = false;
    for (const fault of plan.faults) cluster.after(fault.atMs, () => this.strike(fault));
    this.visits();
    await this.until('', () => false, plan.workMs, true);
    this.healAll();
    await this.until('after healing, all servers serve in time', () => this.allServe(), RECOVERY_MS);
    for (const worker of this.workers) worker.over = true;
    await this.finished('every operation ends', working);
    const last = cluster.dial('last');
    await this.finished('the tree is read', readTree(last));
    await this.until('all servers agree', () => this.agreed(), RECOVERY_MS);
  }

  // ---- faults ----

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

  private healAll(): void {
    const { cluster } = this;
    cluster.say('', 'everything is healed');
    this.calm = true;
    for (const heal of this.active.values()) heal();
    this.active.clear();
    cluster.net.heal();
    cluster.heldDown.clear();
    for (const node of cluster.nodes) {
      node.crashAfter(0, 'kill');
      node.diskFault = undefined;
      node.slowSyncMs = 0;
      node.setSlow(0);
      node.clock.setRate(1, cluster.now);
      node.resume();
      node.start();
    }
  }

  /** Short sessions: closed with ephemerals still on their way, or abandoned without a word. */
  private visits(): void {
    let count = 0;
    const visit = (): void => {
      if (this.calm || this.over) return;
      const { client, die, sleep } = this.cluster.dial(`v${++count}`, { sessionTimeoutMs: 1000 });
      for (let i = this.random.below(4); i >= 0; i--) {
        client.create(`/w/v${count}-${i}`, null, { mode: 'ephemeral' }).catch(() => {});
      }
      const closes = this.random.chance(0.5);
      sleep(this.random.next() * 300).then(() => {
        if (closes) client.close().catch(() => {});
        else die();
      });
      this.cluster.after(this.random.next() * VISIT_EVERY_MS, visit);
    };
    this.cluster.after(this.random.next() * VISIT_EVERY_MS, visit);
  }

  // ---- what is looked at ----

  private keepLooking(): void {
    if (this.over) return;
    if (++this.looks % LOOK_DEEPER_EVERY === 0) this.invariants.lookDeeper();
    else this.invariants.look();
    this.cluster.after(LOOK_EVERY_MS, () => this.keepLooking());
  }

  private event(node: SimNode, event: ZktEvent): void {
    if (event.name === 'tree.digest-mismatch') {
      this.say('digests agree with the log', `${node.name}: ${canonical(event.fields)}`);
    }
    if (event.name === 'peer.role-ended') this.invariants.committed.collect(node);
  }

  private replied({ reply, op }: HistoryRequest): void {
    if (reply === undefined || reply.err !== ERR.OK || !WRITES.has(op)) return;
    if (++this.acknowledged % LOOK_FOR_ONE_IN === 0) this.invariants.acknowledged(reply.zxid);
  }

  private ended(node: SimNode, error: unknown): void {
    if (!(error instanceof ZktError)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.say('no server has a bug', `${node.name}: ${text}`);
    } else if (
      error.code === 'ZKT_DISK_WRITE' ||
      error.code === 'ZKT_DATA_DIR' ||
      error.code === 'ZKT_FILE'
    ) {
      // A failed fsync leaves a cache that is not to be trusted: the machine is started anew.
      node.powerCut();
    } else this.say('servers do not give up without cause', `${node.name}: ${error.code}: ${error.message}`);
  }

  private say(rule: string, text: string): void {
    this.invariants.violations.push({ rule, text });
  }

  private allServe(): boolean {
    const { nodes } = this.cluster;
    return (
      nodes.every((n) => n.handle?.mode !== undefined) &&
      nodes.some((n) => n.mode === 'leader' || n.mode === 'standalone')
    );
  }

  private agreed(): boolean {
    const zxids = this.cluster.nodes.map((n) => n.handle?.database?.lastZxid);
    return this.allServe() && zxids.every((zxid) => zxid === zxids[0]);
  }

  // ---- time ----

  private async finished(rule: string, work: Promise<unknown>): Promise<void> {
    const state = { over: false, error: undefined as unknown };
    work.then(
      () => {
        state.over = true;
      },
      (error: unknown) => {
        state.over = true;
        state.error = error;
      },
    );
    await this.until(rule, () => state.over, FINISH_MS);
    if (state.error === undefined) return;
    this.say('clients see only what they may', `${rule}: ${reasonOf(state.error)}`);
    throw new Broken();
  }

  /** Until it is so; a promise broken on the way, or too late, ends the run. `passes`: time is to run out. */
  private async until(rule: string, done: () => boolean, virtualMs: number, passes = false): Promise<void> {
    const { violations } = this.invariants;
    const end = this.cluster.now + virtualMs;
    const late = (): boolean => this.cluster.now >= end;
    try {
      await this.cluster.run(() => done() || late() || violations.length > 0, virtualMs + 1000);
    } catch (error) {
      if (!(error instanceof SimStuck)) throw error;
    }
    if (violations.length > 0) throw new Broken();
    if (done() || passes) return;
    this.say(rule, `not after ${virtualMs} ms: ${this.stateText()}`);
    throw new Broken();
  }

  private stateText(): string {
    return this.cluster.nodes
      .map(
        (n) =>
          `${n.name} ${n.paused ? 'paused' : n.mode} at ${n.handle?.database?.lastZxid.toString(16) ?? '-'}`,
      )
      .join(', ');
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

/** A promise was broken: there is no need to go on. */
class Broken extends Error {
  override readonly name = 'Broken';
}

/** Reads all, as often as it takes: a server may be left in the middle of it. */
async function readTree({
  client,
  sleep,
}: {
  client: Client;
  sleep(ms: number): Promise<void>;
}): Promise<void> {
  for (;;) {
    try {
      await client.sync('/');
      await readAll(client);
      return;
    } catch (error) {
      // A node may go while its parent is being read: sessions end.
      const passing: readonly number[] = [ERR.CONNECTIONLOSS, ERR.NONODE];
      if (!(error instanceof KeeperError) || !passing.includes(error.code)) throw error;
      await sleep(100);
    }
  }
}
