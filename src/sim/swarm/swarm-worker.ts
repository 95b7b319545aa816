/**
 * A client at work through everything: when its session ends it opens another one. Beside the common workload
 * it counts (get, add one, set with the version), takes locks (ephemeral sequential nodes; the holder writes
 * with a check of its node), and reads what a sync has brought up to date.
 */
import type { Prng } from '../../base/prng.ts';
import type { Client } from '../../client/api.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Cluster, SimClient } from '../cluster.ts';
import { layGround, ROOT, Worker } from '../workload.ts';
import type { Pace, SwarmPlan } from './plan.ts';

/** Nodes that all clients share, beside those of the common workload. */
export const SHARED = {
  counter: `${ROOT}/counter`,
  locks: `${ROOT}/locks`,
  guarded: `${ROOT}/guarded`,
} as const;

const LANES = 2;
const PASSING: ReadonlySet<number> = new Set([ERR.CONNECTIONLOSS, ERR.REQUESTTIMEOUT, ERR.SYSTEMERROR]);

/** Makes the nodes that clients share. */
export async function laySharedGround({ client, sleep }: SimClient): Promise<void> {
  await layGround(client, sleep);
  for (const [path, data] of [
    [SHARED.counter, '0'],
    [SHARED.locks, ''],
    [SHARED.guarded, '0'],
  ] as const) {
    await untilMade(client, path, data, sleep);
  }
}

async function untilMade(
  client: Client,
  path: string,
  data: string,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await client.create(path, data);
      return;
    } catch (error) {
      const code = error instanceof KeeperError ? error.code : undefined;
      if (code === ERR.NODEEXISTS) return;
      if (code === undefined || !PASSING.has(code)) throw error;
      await sleep(50);
    }
  }
}

/** Figures of one worker. */
export interface WorkCounts {
  done: number;
  lost: number;
  refused: number;
  sessions: number;
}

/** See the head of the file. */
export class SwarmWorker {
  readonly counts: WorkCounts = { done: 0, lost: 0, refused: 0, sessions: 0 };
  private readonly cluster: Cluster;
  private readonly name: string;
  private readonly random: Prng;
  private readonly pace: Pace;
  private readonly resting = new Set<() => void>();
  private left: number;
  private over = false;
  private dialled: SimClient | undefined;
  private worker: Worker | undefined;

  constructor(
    cluster: Cluster,
    name: string,
    random: Prng,
    { operations, pace }: Pick<SwarmPlan, 'operations' | 'pace'>,
  ) {
    this.cluster = cluster;
    this.name = name;
    this.random = random;
    this.left = operations;
    this.pace = pace;
  }

  /** The session at the moment. */
  get present(): SimClient {
    const { dialled } = this;
    if (dialled !== undefined && dialled.client.state !== 'expired') return dialled;
    dialled?.process.kill();
    const count = ++this.counts.sessions;
    const { sessionMs } = this.pace;
    const name = count === 1 ? this.name : `${this.name}-${count}`;
    const fresh = this.cluster.dial(name, { sessionTimeoutMs: sessionMs + this.random.below(2 * sessionMs) });
    this.dialled = fresh;
    this.worker = new Worker({ client: fresh.client, name, prng: this.random });
    return fresh;
  }

  /** The operations under way are the last ones. */
  end(): void {
    this.over = true;
    for (const wake of this.resting) wake();
  }

  /** Works until told to stop. Rejects only when something happens that must not. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.lane()));
  }

  private async lane(): Promise<void> {
    while (!this.over && this.left-- > 0) {
      const { client } = this.present;
      try {
        await this.step(client);
        this.counts.done++;
      } catch (error) {
        if (!(error instanceof KeeperError)) throw error;
        if (PASSING.has(error.code)) this.counts.lost++;
        else this.counts.refused++;
      }
      await this.rest();
    }
  }

  /** Not on the client's own clock: its process may be over by then. */
  private rest(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        if (this.resting.delete(wake)) resolve();
      };
      this.resting.add(wake);
      this.cluster.after(this.random.next() * this.pace.restMs, wake);
    });
  }

  private step(client: Client): Promise<unknown> {
    const dice = this.random.below(100);
    if (dice < 8) return this.count(client);
    if (dice < 16) return this.lock(client);
    if (dice < 24) return this.readFresh(client);
    return (this.worker as Worker).step();
  }

  private async count(client: Client): Promise<void> {
    const { data, stat } = await client.get(SHARED.counter);
    await client.set(SHARED.counter, `${Number(data) + 1}`, stat.version);
  }

  /** Takes the lock if it is free, and writes under it. */
  private async lock(client: Client): Promise<void> {
    const { path, stat } = await client.create(`${SHARED.locks}/l-`, null, {
      mode: 'ephemeralSequential',
      stat: true,
    });
    const { children } = await client.getChildren(SHARED.locks);
    const [first] = children.sort();
    if (`${SHARED.locks}/${first}` === path) {
      await client.multi([
        { type: 'check', path, version: 0 },
        { type: 'set', path: SHARED.guarded, data: `${stat?.czxid}` },
      ]);
    }
    await client.delete(path);
  }

  private async readFresh(client: Client): Promise<void> {
    const path = `${ROOT}/k${this.random.below(6)}`;
    await client.sync(path);
    await client.get(path);
  }
}
