/**
 * A scripted run of a standalone server in simulation: three clients at work, faults of the disk, power cuts
 * and restarts; then the verdict of the checkers, and the tree on disk against the model's.
 */
import { ZktError } from '../../src/base/errors.ts';
import { Prng } from '../../src/base/prng.ts';
import type { Client } from '../../src/client/api.ts';
import { ZkClient } from '../../src/client/client.ts';
import type { ZktEvent } from '../../src/events/table.ts';
import type { TxnEntry } from '../../src/protocol/txn.ts';
import { checkHistory } from '../../src/sim/checkers/check-history.ts';
import { checkWatches } from '../../src/sim/checkers/check-watches.ts';
import { compareTrees } from '../../src/sim/checkers/compare-trees.ts';
import { canonical, type Violation } from '../../src/sim/checkers/history.ts';
import { SimDisk, type SimDiskCall, type SimDiskFault } from '../../src/sim/disk.ts';
import type { SimProcess } from '../../src/sim/process.ts';
import { inOrder, readLogs } from '../../src/sim/read-log.ts';
import { WireTap } from '../../src/sim/wire-tap.ts';
import { layGround, readAll, work } from '../../src/sim/workload.ts';
import { breathe, SIM_DIR, SIM_PORT, SimServer, SimWorld, SMALL_LIMITS } from './sim-server.ts';

/**
 * What happens to a call of the disk: power goes, the process is killed (what it wrote stays in the cache),
 * or it fails.
 */
export type DiskEvent = 'cut' | 'kill' | SimDiskFault;

/** A run's plan. */
export interface Scenario {
  readonly seed: number;
  /** Decides what a power cut leaves of what was not forced to disk. Default 0. */
  readonly luck?: number;
  /** Asked at every call of the disk, numbered from the first after the server started for the first time. */
  readonly disk?: (call: SimDiskCall, path: string, n: number) => DiskEvent | undefined;
  readonly operations?: number;
  readonly definitions?: readonly string[];
}

/** What came of it. */
export interface ScenarioResult {
  readonly violations: readonly Violation[];
  /** Calls of the disk during the work. */
  readonly calls: number;
  readonly restarts: number;
  /** Why servers gave up. */
  readonly failures: readonly string[];
  /** Names of all events that were emitted. */
  readonly events: ReadonlySet<string>;
  readonly counts: {
    writes: number;
    lost: number;
    found: number;
    reads: number;
    events: number;
    watches: number;
  };
  /** Sums up everything that was said and done. */
  readonly digest: string;
}

const CLIENTS = 3;
const VISITS = 3;
const DEFINITIONS = [...SMALL_LIMITS, 'znode.container.checkIntervalMs=150', 'autopurge.purgeInterval=1'];

/** Plays a scenario. */
export async function play(scenario: Scenario): Promise<ScenarioResult> {
  return new Run(scenario).play();
}

class Run {
  private readonly scenario: Scenario;
  private readonly world: SimWorld;
  private readonly disk: SimDisk;
  private readonly tap: WireTap;
  private readonly clientProcess: SimProcess;
  private readonly log = new Map<bigint, TxnEntry>();
  private readonly violations: Violation[] = [];
  private readonly events = new Set<string>();
  private readonly failures: string[] = [];
  private server: SimServer | undefined;
  private calls = 0;
  private counting = false;
  private restarts = 0;
  private readonly dice: Prng;
  private readonly luck: Prng;
  private cacheLost = false;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.world = new SimWorld(scenario.seed);
    this.dice = new Prng(scenario.seed * 7 + 3);
    this.luck = new Prng((scenario.luck ?? 0) * 1009 + 17);
    this.clientProcess = this.world.process();
    this.tap = new WireTap(this.clientProcess, this.clientProcess);
    this.disk = new SimDisk({
      fault: (call, path) => this.fault(call, path),
      defer: (fn) => this.world.loop.after(this.dice.next() * 2, () => this.world.loop.deliver(fn)),
      wallMs: () => this.world.loop.wallMs(),
    });
  }

  async play(): Promise<ScenarioResult> {
    await this.startServer();
    this.counting = true;
    const clients = Array.from({ length: CLIENTS }, (_, i) => this.dial(i, 4000).client);
    const state = { over: false, error: undefined as unknown };
    this.workAll(clients).then(
      () => {
        state.over = true;
      },
      (error: unknown) => {
        state.error = error;
        state.over = true;
      },
    );
    while (!state.over) await this.live(() => state.over);
    if (state.error !== undefined) throw state.error;
    this.counting = false;
    await this.finish(clients);
    return this.verdict();
  }

  /** Until the condition holds, or the server has died and was started again. */
  private async live(over: () => boolean): Promise<void> {
    const { server } = this;
    await this.world.run(() => over() || server === undefined || !server.process.alive, {
      virtualMs: 60_000,
      breathe,
    });
    // It may have died in the very turn that ended the work.
    if (server?.process.alive) return;
    if (server?.failure !== undefined && !this.disk.dead) this.failures.push(server.failure.message);
    this.restarts++;
    this.world.note(`restart ${this.restarts}`);
    this.recoverDisk();
    await this.world.pass(this.dice.next() * 300);
    await this.startServer();
  }

  /** Power is back after a cut; a process that died otherwise leaves its cache to the next one. */
  private recoverDisk(): void {
    if (this.disk.dead && this.cacheLost) this.disk.restart(this.luck);
    else {
      this.disk.powerCut();
      this.disk.revive();
    }
    this.cacheLost = false;
  }

  private fault(call: SimDiskCall, path: string): SimDiskFault | undefined {
    if (!this.counting) return undefined;
    this.calls++;
    const event = this.scenario.disk?.(call, path, this.calls);
    if (event !== 'cut' && event !== 'kill') return event;
    this.world.note(`${event} at call ${this.calls}, ${call} ${path}`);
    this.cacheLost = event === 'cut';
    this.disk.powerCut();
    this.server?.process.kill();
    return undefined;
  }

  /** Starts the server, again and again when power is cut or a call fails while it does. */
  private async startServer(): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const server = new SimServer(this.world, {
        disk: this.disk,
        definitions: [...DEFINITIONS, ...(this.scenario.definitions ?? [])],
        event: (event) => this.event(event),
      });
      this.server = server;
      try {
        await server.start();
        if (server.process.alive) {
          this.collect(server.running.server.database.lastZxid);
          return;
        }
      } catch (error) {
        if (!this.disk.dead && !(error instanceof ZktError)) throw error;
        if (!this.disk.dead) this.failures.push((error as Error).message);
      }
      this.restarts++;
      this.recoverDisk();
    }
    throw new Error(`the server does not start: ${this.failures.at(-1)}`);
  }

  private event(event: ZktEvent): void {
    this.events.add(event.name);
    if (event.name === 'tree.digest-mismatch') {
      this.violations.push({ rule: 'digests agree', text: canonical(event.fields) });
    }
  }

  /**
   * Takes the log of this moment: purging may remove files later. What was taken before must not have
   * changed.
   */
  private collect(lastZxid: bigint): void {
    const { counting } = this;
    this.counting = false;
    const now = readLogs(this.disk, `${SIM_DIR}/version-2`);
    this.counting = counting;
    for (const [zxid, entry] of now) {
      if (zxid > lastZxid) {
        const text = `zxid ${zxid}, the server says ${lastZxid}`;
        this.violations.push({ rule: 'the server knows its log', text });
      }
      const before = this.log.get(zxid);
      if (before !== undefined && canonical(before) !== canonical(entry)) {
        this.violations.push({ rule: 'what is committed stays', text: `zxid ${zxid} was rewritten` });
      }
      this.log.set(zxid, entry);
    }
  }

  private dial(index: number, sessionTimeoutMs: number): { client: Client; cut: () => void } {
    const net = this.tap.client();
    const ports = { net, clock: this.clientProcess, timers: this.clientProcess };
    const options = { servers: `127.0.0.1:${SIM_PORT}`, sessionTimeoutMs, localExpiry: false };
    const client = new ZkClient(options, { ...ports, random: new Prng(this.scenario.seed + index) });
    return { client, cut: () => net.cut() };
  }

  private async workAll(clients: readonly Client[]): Promise<void> {
    const { operations = 12, seed } = this.scenario;
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => void this.clientProcess.after(ms, resolve));
    await layGround(clients[0] as Client, sleep);
    const working = clients.map((client, i) => {
      const prng = new Prng(seed * 31 + i);
      return work({ client, name: `c${i}`, prng, operations, depth: 3, sleep, thinkMs: 40 });
    });
    await Promise.all([...working, this.visit(sleep)]);
  }

  /** Short sessions: closed with ephemerals still on their way, or abandoned without a word. */
  private async visit(sleep: (ms: number) => Promise<void>): Promise<void> {
    const prng = new Prng(this.scenario.seed * 13 + 1);
    for (let i = 0; i < VISITS; i++) {
      const { client, cut } = this.dial(CLIENTS + i, 500);
      const made = Array.from({ length: 1 + prng.below(4) }, (_, n) =>
        client.create(`/w/v${i}-${n}`, null, { mode: 'ephemeral' }).catch(() => {}),
      );
      const closes = prng.chance(0.6);
      if (prng.chance(0.5)) await Promise.race([made[0], sleep(100)]);
      else await sleep(prng.next() * 20);
      // It waits at most a second for the server's word: power may be away.
      if (closes) await client.close();
      else cut();
      await sleep(prng.next() * 30);
    }
  }

  /**
   * Lets TTL nodes and containers go and a full disk heal, reads the whole tree, stops in good order and
   * compares the disk with the model.
   */
  private async finish(clients: readonly Client[]): Promise<void> {
    await this.world.pass(2500);
    const state = { over: false, error: undefined as unknown };
    const [first, second] = clients as [Client, Client];
    (async () => {
      await second.close();
      await readAll(first);
    })().then(
      () => {
        state.over = true;
      },
      (error: unknown) => {
        state.error = error;
        state.over = true;
      },
    );
    await this.world.run(() => state.over);
    if (state.error !== undefined) throw state.error;
    await (this.server as SimServer).stop();
    this.collect((this.server as SimServer).running.server.database.lastZxid);
    this.clientProcess.kill();
  }

  private verdict(): ScenarioResult {
    const { history } = this.tap;
    const verdict = checkHistory(history, inOrder(this.log));
    const watches = checkWatches(history, verdict.changes);
    const { database } = (this.server as SimServer).running.server;
    const trees = compareTrees(database, verdict.tree, verdict.sessions);
    this.world.note(canonical(history));
    return {
      violations: [...this.violations, ...verdict.violations, ...watches.violations, ...trees],
      calls: this.calls,
      restarts: this.restarts,
      failures: this.failures,
      events: this.events,
      counts: { ...verdict.counts, events: watches.events, watches: watches.watches },
      digest: this.world.digest(),
    };
  }
}
