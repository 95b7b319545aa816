import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
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
import { ERR } from '../../src/protocol/error-codes.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import type { TxnEntry } from '../../src/protocol/txn.ts';
import { loadConfig } from '../../src/server/config/load-config.ts';
import { openDatabase } from '../../src/server/node/open-database.ts';
import { checkHistory } from '../../src/sim/checkers/check-history.ts';
import { checkWatches } from '../../src/sim/checkers/check-watches.ts';
import { compareTrees } from '../../src/sim/checkers/compare-trees.ts';
import { canonical, type Violation } from '../../src/sim/checkers/history.ts';
import { inOrder, readLogs } from '../../src/sim/read-log.ts';
import { WireTap } from '../../src/sim/wire-tap.ts';
import { layGround, readAll, work } from '../../src/sim/workload.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';

/** How often the server is killed; `ZKT_FUZZ_SEED` chooses the run. */
const KILLS = Number(process.env.ZKT_KILLS ?? 5);
const SEED = Number(process.env.ZKT_FUZZ_SEED ?? 1);
const STAYING = 4;
const SESSION_MS = 6000;
const DYING_SESSION_MS = 1000;
const DEFINITIONS = [
  'tickTime=250',
  'maxSessionTimeout=60000',
  'zookeeper.snapCount=500',
  'zookeeper.preAllocSize=64',
  'zookeeper.extendedTypesEnabled=true',
  'znode.container.checkIntervalMs=300',
  'maxClientCnxns=0',
];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that is killed again and again, and the clients that work on it. */
class KillRun {
  readonly prng = new Prng(SEED);
  readonly tap = new WireTap(systemNet, systemClock);
  readonly dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-kill-'));
  readonly staying: Client[] = [];
  /** Sessions of clients that died without a word. */
  readonly dead: bigint[] = [];
  expired = 0;
  over = false;
  readonly server: { current: ServerProcess | undefined } = { current: undefined };
  readonly log = new Map<bigint, TxnEntry>();
  readonly violations: Violation[] = [];
  /** Rejects when a server ends by itself. */
  readonly crashed: Promise<never>;
  private fail: (error: unknown) => void = () => {};
  private clients = 0;
  port = 0;

  constructor() {
    this.crashed = new Promise((_, reject) => {
      this.fail = reject;
    });
    this.crashed.catch(() => {});
  }

  client(sessionTimeoutMs: number): { client: Client; cut: () => void } {
    const net = this.tap.client();
    const ports = {
      net,
      clock: systemClock,
      timers: systemTimers,
      random: new Prng(SEED * 100 + ++this.clients),
    };
    const servers = `127.0.0.1:${this.port}`;
    const client = new ZkClient({ servers, sessionTimeoutMs, localExpiry: false }, ports);
    client.onState((state) => {
      if (state === 'expired' && sessionTimeoutMs === SESSION_MS) this.expired++;
    });
    return { client, cut: () => net.cut() };
  }

  async start(): Promise<void> {
    const { dataDir, port } = this;
    const server = await startServer({ dataDir, port, definitions: DEFINITIONS });
    this.server.current = server;
    server.crashed.catch(this.fail);
  }

  /** Takes in what the logs hold now. What was there before must not have changed. */
  collect(): void {
    for (const [zxid, entry] of readLogs(systemDisk, path.join(this.dataDir, 'version-2'))) {
      const before = this.log.get(zxid);
      if (before !== undefined && canonical(before) !== canonical(entry)) {
        this.violations.push({ rule: 'what is committed stays', text: `zxid ${zxid} was rewritten` });
      }
      this.log.set(zxid, entry);
    }
  }

  /** Clients that make ephemerals and die without a word, one after the other. */
  async dying(): Promise<void> {
    for (let i = 0; !this.over; i++) {
      const { client, cut } = this.client(DYING_SESSION_MS);
      try {
        await client.connected(5000);
        await client.create(`/w/dying-${i}`, 'x', { mode: 'ephemeral' });
        await client.create('/w/seq/dying-', null, { mode: 'ephemeralSequential' });
        await sleep(this.prng.next() * 50);
      } catch {
        // The server is away, or was killed in the middle of it: what became of it, the log tells.
      }
      if (client.sessionId !== 0n) this.dead.push(client.sessionId);
      cut();
      await sleep(20 + this.prng.next() * 100);
    }
  }
}

it(`${KILLS} times kill -9 under load`, { timeout: 60_000 + KILLS * 20_000 }, async () => {
  const run = new KillRun();
  try {
    await Promise.race([torture(run), run.crashed]);
  } finally {
    run.over = true;
    await run.server.current?.kill();
    rmSync(run.dataDir, { recursive: true, force: true });
  }
});

async function torture(run: KillRun): Promise<void> {
  const { prng } = run;
  run.port = await freePort();
  await run.start();
  for (let i = 0; i < STAYING; i++) run.staying.push(run.client(SESSION_MS).client);
  await Promise.all(run.staying.map((client) => client.connected()));
  const sessions = run.staying.map((client) => client.sessionId);
  const [first] = run.staying as [Client];
  await layGround(first, sleep);
  const working = run.staying.map((client, i) =>
    work({
      client,
      name: `c${i}`,
      prng: new Prng(SEED * 31 + i),
      operations: Number.POSITIVE_INFINITY,
      depth: 16,
      sleep,
      thinkMs: 5,
      over: () => run.over,
    }),
  );
  const dying = run.dying();
  for (let kill = 0; kill < KILLS; kill++) {
    // Mostly under load, now and then while clients are still coming back.
    if (prng.chance(0.8)) {
      const back = Promise.all(run.staying.map((client) => client.connected()));
      await Promise.race([back, sleep(SESSION_MS / 2)]);
    }
    await sleep(prng.next() * 600);
    await run.server.current?.kill();
    run.collect();
    await sleep(prng.next() * 200);
    await run.start();
  }
  await sleep(300);
  run.over = true;
  const figures = await Promise.all(working);
  await dying;
  // The living keep their sessions through all of it; the dead lose theirs, with what they owned.
  await sleep(DYING_SESSION_MS + 1500);
  expect(run.expired, 'sessions that expired though their client lived').toBe(0);
  expect(run.staying.map((client) => client.sessionId)).toEqual(sessions);
  const nodes = await readAll(first);
  await run.server.current?.stop();
  run.collect();
  judge(run, sessions, {
    kills: KILLS,
    done: figures.reduce((sum, f) => sum + f.done, 0),
    lostReplies: figures.reduce((sum, f) => sum + f.lost, 0),
    nodes,
  });
}

function judge(run: KillRun, sessions: readonly bigint[], figures: object): void {
  const { history } = run.tap;
  const verdict = checkHistory(history, inOrder(run.log));
  const watches = checkWatches(history, verdict.changes);
  const config = loadConfig(systemDisk, { dataDir: run.dataDir, port: 0, definitions: DEFINITIONS });
  const { database } = openDatabase(config, {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    secrets: systemSecrets,
    net: systemNet,
    disk: systemDisk,
    compression: systemCompression,
    events: new Bus('1', systemClock),
  });
  const trees = compareTrees(database, verdict.tree, verdict.sessions);
  const ofSessions = history.connections.filter((c) => sessions.includes(c.session));
  const resumed = ofSessions.length - STAYING;
  const rewatched = ofSessions
    .flatMap((c) => c.requests)
    .filter((r) => (r.op === OP.setWatches || r.op === OP.setWatches2) && r.reply?.err === ERR.OK).length;
  const { events } = watches;
  console.info({
    ...figures,
    ...verdict.counts,
    watches: watches.watches,
    events,
    resumed,
    rewatched,
    dead: run.dead.length,
    transactions: run.log.size,
  });
  const all = [...run.violations, ...verdict.violations, ...watches.violations, ...trees];
  expect(all.slice(0, 10), `${all.length} violations`).toEqual([]);
  const left = run.dead.filter((session) => verdict.sessions.has(session));
  expect(left, 'sessions of the dead').toEqual([]);
  expect(resumed).toBeGreaterThanOrEqual((STAYING * KILLS) / 2);
  expect(rewatched).toBeGreaterThan(0);
}
