/**
 * A cluster whose promises are watched while it runs: invariants are looked at again and again, waiting ends
 * with the first broken promise, and in the end everything is healed, has to recover in time, and is judged.
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import type { Client } from '../client/api.ts';
import { KeeperError } from '../client/keeper-error.ts';
import { EVENTS, type ZktEvent } from '../events/table.ts';
import type { Timer } from '../ports/timers.ts';
import { ERR } from '../protocol/error-codes.ts';
import { WRITES } from './checkers/check-history.ts';
import { canonical, type HistoryRequest, type Violation } from './checkers/history.ts';
import { Cluster, type ClusterListener, type ClusterOptions } from './cluster.ts';
import type { SimTools } from './node-kit.ts';
import { SimStuck } from './schedule.ts';
import type { SimNode } from './sim-node.ts';
import { Invariants } from './swarm/invariants.ts';
import { isLeftOut } from './swarm/member-faults.ts';
import { refusesDamage } from './swarm/operator.ts';
import { judge } from './swarm/verdict.ts';
import { readAll } from './workload.ts';

/** Whoever wants to hear what happens; gets the simulated clock, ms. */
export type Listen = (now: () => number) => ClusterListener;

/**
 * Between two looks at the invariants while something happens; the pause grows to the other while nothing
 * does.
 */
const LOOK_EVERY_MS = 50;
const LOOK_AT_LEAST_MS = 2000;
const LOOK_DEEPER_EVERY = 10;
/** Of acknowledged writes, one in so many is looked for on the disks; of the first ones, each. */
const LOOK_FOR_ONE_IN = 16;
const LOOK_FOR_FIRST = 32;
/**
 * What a server may refuse another for though both are right: one of them is late, has more, or is not heard.
 */
const HONEST_REFUSALS = new RegExp(
  [
    'is over',
    'another connection came',
    'is newer than',
    'has accepted epoch',
    'not in the configuration',
    'a snapshot is asked for',
    'nothing was heard',
  ].join('|'),
);
/** 2 x (initLimit + syncLimit), as the simulated servers are configured. */
const RECOVERY_TICKS = 2 * (6 + 4);
const START_MS = 2500;
/** `tickTime` of the servers, ms. */
const TICK_MS = 500;
/** Operations are answered in this time once all is well, ms. */
export const FINISH_MS = 30_000;

/** A promise was broken: there is no need to go on. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** See the head of the file. */
export class WatchedCluster {
  readonly cluster: Cluster;
  readonly invariants: Invariants;
  private readonly tools: SimTools;
  private readonly recoveryMs: number;
  private over = false;
  private looks = 0;
  private nextLook: Timer | undefined;
  private lookMs = LOOK_EVERY_MS;
  /** Something was heard of since the last look. */
  private stirred = true;
  private acknowledged = 0;

  /** `tickMs`: what the servers' configuration says, if it is not the usual. */
  constructor(
    { tickMs = TICK_MS, ...options }: ClusterOptions & { readonly tickMs?: number },
    tools: SimTools,
    listen?: Listen,
  ) {
    const listener = listen?.(() => this.cluster.now) ?? {};
    this.tools = tools;
    this.recoveryMs = RECOVERY_TICKS * tickMs + START_MS;
    this.cluster = new Cluster(options, tools, {
      ...listener,
      event: (node, event) => {
        if (EVENTS[event.name].level !== 'trace') this.event(node, event);
        listener.event?.(node, event);
      },
      dying: (node) => {
        this.invariants.committed.collect(node);
        listener.dying?.(node);
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
  }

  get violations(): Violation[] {
    return this.invariants.violations;
  }

  /** A promise was not kept. */
  say(rule: string, text: string): void {
    this.violations.push({ rule, text });
  }

  /** Begins to look at the invariants. */
  watch(): void {
    if (this.over) return;
    if (++this.looks % LOOK_DEEPER_EVERY === 0) this.invariants.lookDeeper();
    else this.invariants.look();
    this.lookMs = this.stirred ? LOOK_EVERY_MS : Math.min(this.lookMs * 2, LOOK_AT_LEAST_MS);
    this.stirred = false;
    this.lookLater();
  }

  private lookLater(): void {
    const { schedule } = this.cluster;
    this.nextLook = schedule.at(schedule.now + this.lookMs, () => this.watch());
  }

  /** Something happens: the next look is soon. */
  private stir(): void {
    this.stirred = true;
    if (this.lookMs === LOOK_EVERY_MS || this.nextLook === undefined) return;
    this.nextLook.cancel();
    this.lookMs = LOOK_EVERY_MS;
    this.lookLater();
  }

  /** All machines and links are well, and all servers are started. */
  healAll(): void {
    const { cluster } = this;
    cluster.say('', 'everything is healed');
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

  /** Everything was healed: damaged disks have to be replaced, and all servers to serve, in time. */
  async recovered(): Promise<void> {
    await this.until('the members are as before in time', () => !this.cluster.reshaped, this.recoveryMs);
    const replaced = (): boolean => [...this.cluster.damaged.values()].every(({ refused }) => !refused);
    await this.until('damaged disks are replaced in time', replaced, this.recoveryMs);
    await this.until('after healing, all servers serve in time', () => this.allServe(), this.recoveryMs);
  }

  /** Reads the tree, waits until all servers agree, and judges; answers figures. */
  async judge(): Promise<Readonly<Record<string, number>>> {
    const { cluster, invariants } = this;
    await this.finished('the tree is read', readTree(cluster.dial('last')));
    await this.until('all servers agree', () => this.agreed(), this.recoveryMs);
    invariants.lookDeeper();
    const verdict = judge(cluster, invariants, this.tools);
    invariants.violations.push(...verdict.violations);
    return verdict.counts;
  }

  /** Nothing goes on after this. */
  end(): void {
    this.over = true;
    this.cluster.end();
  }

  /** Every server serves clients, one of them as the leader. */
  allServe(): boolean {
    const { nodes } = this.cluster;
    return nodes.every((n) => n.handle?.mode !== undefined) && this.cluster.leader !== undefined;
  }

  /** And all are at the same zxid. */
  agreed(): boolean {
    const zxids = this.cluster.nodes.map((n) => n.handle?.database?.lastZxid);
    return this.allServe() && zxids.every((zxid) => zxid === zxids[0]);
  }

  /** Waits for work of clients; what it rejects with, nobody may see. */
  async finished(rule: string, work: Promise<unknown>, limitMs = FINISH_MS): Promise<void> {
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
    await this.until(rule, () => state.over, limitMs);
    if (state.error === undefined) return;
    this.say('clients see only what they may', `${rule}: ${reasonOf(state.error)}`);
    throw new Broken();
  }

  /** Lets that much time pass; throws `Broken` when a promise is broken meanwhile. */
  async pass(ms: number): Promise<void> {
    await this.step(() => false, ms);
  }

  /** Until it is so. Throws `Broken` when a promise is broken meanwhile, or when it takes longer. */
  async until(rule: string, done: () => boolean, virtualMs: number): Promise<void> {
    await this.step(done, virtualMs);
    if (done()) return;
    this.say(rule, `not after ${virtualMs} ms: ${this.stateText()}`);
    throw new Broken();
  }

  private async step(done: () => boolean, virtualMs: number): Promise<void> {
    const { violations, cluster } = this;
    const end = cluster.now + virtualMs;
    try {
      await cluster.run(() => done() || cluster.now >= end || violations.length > 0, virtualMs + 1000);
    } catch (error) {
      if (!(error instanceof SimStuck)) throw error;
    }
    if (violations.length > 0) throw new Broken();
  }

  /** What every server does at the moment. */
  stateText(): string {
    return this.cluster.nodes
      .map(
        (n) =>
          `${n.name} ${n.paused ? 'paused' : n.mode} at ${n.handle?.database?.lastZxid.toString(16) ?? '-'}`,
      )
      .join(', ');
  }

  private event(node: SimNode, event: ZktEvent): void {
    this.stir();
    this.follow(node, event);
    if (event.name === 'tree.digest-mismatch') {
      // While a damaged log is replayed, that is how the damage shows: it must not serve, see below.
      if (this.cluster.damaged.has(node) && node.handle === undefined) return;
      this.say('digests agree with the log', `${node.name}: ${canonical(event.fields)}`);
    } else if (event.name === 'zab.leader-refused' || event.name === 'quorum.peer-refused') {
      this.refused(node, event);
    }
  }

  /** What tells which transactions are committed. */
  private follow(node: SimNode, event: ZktEvent): void {
    const { committed } = this.invariants;
    if (event.name === 'peer.role-ended') committed.collect(node);
    else if (event.name === 'snapshot.loaded') committed.endsAt(node, event.fields.zxid);
    else if (event.name === 'zab.reconfigured') this.invariants.reconfigured(node, event.fields.zxid);
    else if (event.name === 'config.activated') this.invariants.reconfigured(node, event.fields.version);
    else if (event.name === 'zab.sync-started') {
      if (event.fields.way === 'TRUNC') committed.cut(node, event.fields.zxid);
    } else if (event.name === 'zab.sync-chosen') {
      const { sid, plan, peer, zxid } = event.fields;
      const to = this.cluster.nodes.find((n) => BigInt(n.id) === sid);
      if (to === undefined) return;
      committed.endsAt(to, peer);
      if (plan.includes('SNAP')) committed.passedOn(node, to, zxid);
    }
  }

  /** Servers that keep to the protocol understand each other; a frame cut short is the network's. */
  private refused(node: SimNode, { name, fields }: ZktEvent): void {
    const { port, why } = fields as { readonly port?: string; readonly why: string };
    if (port === 'election' || HONEST_REFUSALS.test(why)) return;
    this.say('servers keep to the protocol', `${node.name}: ${name}: ${why}`);
  }

  private replied({ reply, op }: HistoryRequest): void {
    this.stir();
    if (reply === undefined || reply.err !== ERR.OK || !WRITES.has(op)) return;
    const count = ++this.acknowledged;
    if (count > LOOK_FOR_FIRST && count % LOOK_FOR_ONE_IN !== 0) return;
    this.invariants.acknowledged(reply.zxid);
  }

  private ended(node: SimNode, error: unknown): void {
    if (!(error instanceof ZktError)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.say('no server has a bug', `${node.name}: ${text}`);
    } else if (isLeftOut(error)) {
      // Taken out, and perhaps back since: what it knows is older, and an operator has to tell it.
      this.cluster.say(node.name, 'does not know itself as a member');
      if (!this.cluster.reshaped) node.resetConfiguration();
    } else if (refusesDamage(this.cluster, node, error)) {
      this.cluster.say(node.name, 'refuses its damaged data');
    } else if (DISK_FAILURES.has(error.code)) {
      // A failed fsync leaves a cache that is not to be trusted: the machine is started anew.
      node.powerCut();
    } else this.say('servers do not give up without cause', `${node.name}: ${error.code}: ${error.message}`);
  }
}

const DISK_FAILURES: ReadonlySet<string> = new Set(['ZKT_DISK_WRITE', 'ZKT_DATA_DIR', 'ZKT_FILE']);

/** Reads all, as often as it takes: a server may be left in the middle of it. */
async function readTree({
  client,
  sleep,
}: {
  readonly client: Client;
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
