/**
 * Clients at work on an ensemble of real servers, and the verdict on what they saw: with what is committed in
 * the servers' logs, each reply, read and watch event is checked, and the trees that are left.
 */
import { Prng } from '../../src/base/prng.ts';
import type { Client } from '../../src/client/api.ts';
import { ZkClient } from '../../src/client/client.ts';
import { Bus } from '../../src/events/bus.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { systemNet } from '../../src/platform/net.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import { systemTimers } from '../../src/platform/timers.ts';
import type { TxnEntry } from '../../src/protocol/txn.ts';
import { loadConfig } from '../../src/server/config/load-config.ts';
import { openDatabase } from '../../src/server/node/open-database.ts';
import { checkHistory } from '../../src/sim/checkers/check-history.ts';
import { checkWatches } from '../../src/sim/checkers/check-watches.ts';
import { compareTrees } from '../../src/sim/checkers/compare-trees.ts';
import { canonical, requestsOf, type Violation } from '../../src/sim/checkers/history.ts';
import { inOrder, readLogs } from '../../src/sim/read-log.ts';
import { WireTap } from '../../src/sim/wire-tap.ts';
import { layGround, readAll, type WorkerFigures, work } from '../../src/sim/workload.ts';
import { pause } from './ensemble.ts';
import type { Member } from './ensemble-member.ts';

/** Sessions of those who stay, and of those who die without a word, ms. */
const SESSION_MS = 10_000;
const DYING_SESSION_MS = 1000;
/** Longest a dead session may live on: its timeout, the leader's ticks, an election. */
const DYING_TAKES_MS = 6000;

const CONFIG_PATH = '/zookeeper/config';

/** What the servers must be told for this work: containers and TTL nodes go quickly, logs are whole. */
export const JUDGED = {
  config: ['tickTime=500', 'snapCount=500', 'commitLogCount=100000'],
  properties: { 'znode.container.checkIntervalMs': '300' },
} as const;

/**
 * What is committed, gathered from logs. A log's last epoch may have a tail that never was; everything before
 * it had to be agreed on before that epoch began.
 */
class Committed {
  readonly entries = new Map<bigint, TxnEntry>();
  readonly violations: Violation[] = [];

  add(member: Member, whole: boolean): void {
    const log = inOrder(readLogs(systemDisk, member.filesDir));
    // Apache leaves what a snapshot of its leader replaced: whatever it held before is not its history.
    const floor = member.syncs().findLast((it) => it.how === 'SNAP')?.zxid ?? -1n;
    const last = (log.at(-1)?.header.zxid ?? 0n) >> 32n;
    for (const entry of log) {
      const { zxid } = entry.header;
      if (zxid <= floor || (!whole && zxid >> 32n === last)) continue;
      const before = this.entries.get(zxid);
      if (before !== undefined && canonical(before) !== canonical(entry)) {
        const text = `zxid ${zxid.toString(16)} is ${canonical(before)} and, on server ${member.sid}, ${canonical(entry)}`;
        this.violations.push({ rule: 'what is committed stays', text });
      }
      this.entries.set(zxid, entry);
    }
  }
}

/** Clients at work, until {@link rest}; then {@link judge}. */
export class JudgedWork {
  readonly staying: Client[] = [];
  private readonly joined: Client[] = [];
  readonly committed = new Committed();
  private readonly tap = new WireTap(systemNet, systemClock);
  private readonly prng: Prng;
  private readonly seed: number;
  private readonly servers: string;
  private readonly dead: bigint[] = [];
  private sessions: bigint[] = [];
  private expired = 0;
  private clients = 0;
  private over = false;
  private working: Promise<WorkerFigures>[] = [];
  private dying: Promise<void> = Promise.resolve();

  constructor(servers: string, seed: number) {
    this.servers = servers;
    this.seed = seed;
    this.prng = new Prng(seed);
  }

  /** Starts the work of so many clients; resolves once all are connected. */
  async begin(count: number, depth = 6): Promise<void> {
    for (let i = 0; i < count; i++) this.staying.push(this.client(SESSION_MS).client);
    await Promise.all(this.staying.map((client) => client.connected(30_000)));
    this.sessions = this.staying.map((client) => client.sessionId);
    await layGround(this.staying[0] as Client, pause);
    this.working = this.staying.map((client, i) =>
      work({
        client,
        name: `c${i}`,
        prng: new Prng(this.seed * 31 + i),
        operations: Number.POSITIVE_INFINITY,
        depth,
        sleep: pause,
        thinkMs: 8,
        over: () => this.over,
      }),
    );
    this.dying = this.diers();
  }

  /** One more client, whose history is judged with the others'; of these servers alone. */
  async join(servers: string): Promise<Client> {
    const { client } = this.client(SESSION_MS, servers);
    this.joined.push(client);
    await client.connected(30_000);
    return client;
  }

  private client(sessionTimeoutMs: number, servers = this.servers): { client: Client; cut: () => void } {
    const net = this.tap.client();
    const random = new Prng(this.seed * 100 + ++this.clients);
    const ports = { net, clock: systemClock, timers: systemTimers, random };
    const client = new ZkClient({ servers, sessionTimeoutMs, localExpiry: false }, ports);
    client.onState((state) => {
      if (state === 'expired' && servers === this.servers && sessionTimeoutMs === SESSION_MS) this.expired++;
    });
    return { client, cut: () => net.cut() };
  }

  /** Clients that make ephemerals and die without a word, one after the other. */
  private async diers(): Promise<void> {
    for (let i = 0; !this.over; i++) {
      const { client, cut } = this.client(DYING_SESSION_MS);
      try {
        await client.connected(5000);
        await client.create(`/w/dying-${i}`, 'x', { mode: 'ephemeral' });
        await client.create('/w/seq/dying-', null, { mode: 'ephemeralSequential' });
        await pause(this.prng.next() * 50);
      } catch {
        // No leader, or a server that was killed: what became of it, the log tells.
      }
      if (client.sessionId !== 0n) this.dead.push(client.sessionId);
      cut();
      await pause(50 + this.prng.next() * 200);
    }
  }

  /**
   * Milliseconds from `sinceMs` (of the monotonic clock) to the next acknowledged write that was sent later.
   */
  writesBackAfter(sinceMs: number): number | undefined {
    let first: number | undefined;
    for (const { sentMs, reply } of requestsOf(this.tap.history)) {
      if (reply === undefined || reply.err !== 0 || reply.atMs < sinceMs || sentMs < sinceMs - 20) continue;
      // A read bears the zxid of a transaction that is there; only a new one shows that writing goes on.
      if (first === undefined || reply.atMs < first) first = reply.atMs;
    }
    return first === undefined ? undefined : first - sinceMs;
  }

  /** Ends the work; every operation has been answered or lost then, and the dead sessions are over. */
  async rest(): Promise<Record<string, number>> {
    this.over = true;
    const figures = await Promise.all(this.working);
    await this.dying;
    await pause(DYING_TAKES_MS);
    const nodes = await readAll(this.staying[0] as Client);
    return {
      done: figures.reduce((sum, it) => sum + it.done, 0),
      lost: figures.reduce((sum, it) => sum + it.lost, 0),
      nodes,
    };
  }

  /** Connections cut and sessions left as they are, as if all clients had died. */
  close(): Promise<unknown> {
    this.over = true;
    return Promise.all([...this.staying, ...this.joined].map((client) => client.close()));
  }

  /** The servers have ended, all with the same history: what is wrong with what clients saw, and figures. */
  judge(members: readonly Member[]): { violations: string[]; figures: Record<string, number> } {
    for (const member of members) this.committed.add(member, true);
    const { history } = this.tap;
    const verdict = checkHistory(history, inOrder(this.committed.entries), { ensemble: true });
    const watches = checkWatches(history, verdict.changes);
    const trees = members.flatMap((member) => {
      const found = compareTrees(openTree(member), verdict.tree, verdict.sessions);
      return found.map((it) => ({ ...it, text: `server ${member.sid}: ${it.text}` }));
    });
    const all = [...this.committed.violations, ...verdict.violations, ...watches.violations, ...trees];
    // Each server writes the node of the configuration for itself; no model knows what it holds.
    const violations = all.map((it) => `${it.rule}: ${it.text}`).filter((it) => !it.includes(CONFIG_PATH));
    if (this.expired > 0) violations.push(`${this.expired} sessions expired though their client lived`);
    for (const [i, client] of this.staying.entries()) {
      if (client.sessionId !== this.sessions[i]) violations.push(`client ${i} has another session`);
    }
    for (const session of this.dead) {
      if (verdict.sessions.has(session)) violations.push(`the dead session ${session.toString(16)} lives`);
    }
    const resumed = history.connections.filter((it) => this.sessions.includes(it.session)).length;
    const { events } = watches;
    const transactions = this.committed.entries.size;
    const figures = { ...verdict.counts, events, resumed, dead: this.dead.length, transactions };
    return { violations, figures };
  }
}

/** The tree on a member's disk. */
function openTree(member: Member) {
  const definitions = ['zookeeper.extendedTypesEnabled=true', 'maxSessionTimeout=600000'];
  const config = loadConfig(systemDisk, { dataDir: member.dataDir, port: 0, definitions });
  return openDatabase(config, {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    secrets: systemSecrets,
    net: systemNet,
    disk: systemDisk,
    compression: systemCompression,
    events: new Bus('1', systemClock),
  }).database;
}
