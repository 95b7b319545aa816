/**
 * Clients at work on one tree: creates with names of their own, sets with values of their own, sequential
 * names, ephemerals, multis good and bad, containers and TTL nodes, reads with watches. What they saw is in
 * the wire tap.
 */
import type { Prng } from '../base/prng.ts';
import type { Client, WriteOp } from '../client/api.ts';
import { KeeperError } from '../client/keeper-error.ts';
import { ERR } from '../protocol/error-codes.ts';

/** A worker and what it needs. */
export interface WorkerOptions {
  readonly client: Client;
  readonly name: string;
  readonly prng: Prng;
  /** Operations to do in all, and at a time. */
  readonly operations: number;
  readonly depth: number;
  /** Waits. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Longest pause between two operations of a lane, ms. */
  readonly thinkMs: number;
  /** Asked before each operation: true ends the work early. */
  readonly over?: () => boolean;
}

/** Shared nodes: all is below this one. */
export const ROOT = '/w';
const KEYS = 6;

/** Makes the nodes all workers share. */
export async function layGround(client: Client, sleep: (ms: number) => Promise<void>): Promise<void> {
  const make = (path: string): Promise<void> => patiently(() => client.create(path, 'first'), sleep);
  await make(ROOT);
  await make(`${ROOT}/seq`);
  for (let i = 0; i < KEYS; i++) await make(`${ROOT}/k${i}`);
}

/** Repeats what a lost connection or a full disk may have kept from happening. */
async function patiently(run: () => Promise<unknown>, sleep: (ms: number) => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await run();
      return;
    } catch (error) {
      if (error instanceof KeeperError && error.code === ERR.NODEEXISTS) return;
      const passing: readonly number[] = [ERR.CONNECTIONLOSS, ERR.SYSTEMERROR];
      if (!(error instanceof KeeperError) || !passing.includes(error.code)) throw error;
      await sleep(50);
    }
  }
}

/** How a worker's operations ended. */
export interface WorkerFigures {
  done: number;
  lost: number;
  refused: number;
}

/** One client's work. Rejects only when something happens that must not. */
export async function work(options: WorkerOptions): Promise<WorkerFigures> {
  const { client, prng, operations, depth, over = () => false } = options;
  const worker = new Worker(options);
  const figures: WorkerFigures = { done: 0, lost: 0, refused: 0 };
  let left = operations;
  const lane = async (): Promise<void> => {
    while (left > 0 && !over()) {
      left--;
      try {
        await worker.step();
        figures.done++;
      } catch (error) {
        if (!(error instanceof KeeperError)) throw error;
        if (error.code === ERR.CONNECTIONLOSS || error.code === ERR.REQUESTTIMEOUT) figures.lost++;
        else figures.refused++;
        if (error.code === ERR.SESSIONEXPIRED || client.state === 'closed') return;
      }
      if (prng.chance(0.3)) await options.sleep(prng.next() * options.thinkMs);
    }
  };
  await Promise.all(Array.from({ length: depth }, lane));
  return figures;
}

/** Chooses and does operations, one after the other. */
export class Worker {
  private readonly client: Client;
  private readonly name: string;
  private readonly prng: Prng;
  private made: string[] = [];
  private count = 0;

  constructor({ client, name, prng }: Pick<WorkerOptions, 'client' | 'name' | 'prng'>) {
    this.client = client;
    this.name = name;
    this.prng = prng;
  }

  /** One operation, or a few that belong together. */
  step(): Promise<unknown> {
    const dice = this.prng.below(100);
    if (dice < 18) return this.create();
    if (dice < 26)
      return this.client.create(`${ROOT}/seq/s-`, this.value(), { mode: 'persistentSequential', stat: true });
    if (dice < 34)
      return this.client.create(`${ROOT}/e-${this.unique()}`, this.value(), { mode: 'ephemeral' });
    if (dice < 38) return this.client.create(`${ROOT}/seq/e-`, null, { mode: 'ephemeralSequential' });
    if (dice < 54) return this.set();
    if (dice < 60) return this.delete();
    if (dice < 70) return this.multi();
    if (dice < 73)
      return this.client.create(`${ROOT}/t-${this.unique()}`, null, { mode: 'persistentTtl', ttlMs: 300 });
    if (dice < 75) return this.container();
    if (dice < 77)
      return this.client.addWatch(ROOT, this.prng.chance(0.5) ? 'persistent' : 'persistentRecursive');
    return this.read();
  }

  private unique(): string {
    return `${this.name}-${++this.count}`;
  }

  private value(): Buffer {
    const length = this.prng.chance(0.1) ? 300 + this.prng.below(700) : this.prng.below(20);
    return Buffer.from(`${this.unique()} ${'.'.repeat(length)}`);
  }

  private key(): string {
    return `${ROOT}/k${this.prng.below(KEYS)}`;
  }

  private async create(): Promise<void> {
    const path = `${ROOT}/${this.unique()}`;
    await this.client.create(path, this.value(), { stat: this.prng.chance(0.5) });
    this.made.push(path);
  }

  private set(): Promise<unknown> {
    const version = this.prng.chance(0.7) ? -1 : this.prng.below(30);
    return this.client.set(this.key(), this.value(), version);
  }

  private delete(): Promise<unknown> {
    if (this.made.length === 0) return this.create();
    const [path] = this.made.splice(this.prng.below(this.made.length), 1);
    return this.client.delete(path as string, this.prng.chance(0.8) ? -1 : 0);
  }

  private multi(): Promise<unknown> {
    const { prng } = this;
    const path = `${ROOT}/m-${this.unique()}`;
    const ops: WriteOp[] = [
      { type: 'create', path, data: this.value() },
      { type: 'set', path: this.key(), data: this.value() },
      {
        type: 'create',
        path: `${path}/child`,
        stat: true,
        mode: prng.chance(0.3) ? 'ephemeral' : 'persistent',
      },
      { type: 'create', path: `${ROOT}/seq/m-`, mode: 'persistentSequential' },
    ];
    if (prng.chance(0.3)) ops.push({ type: 'delete', path: `${path}/child` });
    if (prng.chance(0.3)) ops.push({ type: 'check', path: this.key(), version: prng.below(20) });
    if (prng.chance(0.2)) ops.push({ type: 'delete', path: `${ROOT}/nobody-made-this` });
    return this.client.multi(ops);
  }

  private async container(): Promise<void> {
    const path = `${ROOT}/c-${this.unique()}`;
    await this.client.create(path, null, { mode: 'container' });
    await this.client.create(`${path}/x`, null);
    await this.client.delete(`${path}/x`);
  }

  private read(): Promise<unknown> {
    const { client, prng } = this;
    const watch = prng.chance(0.6);
    const mine = this.made.length > 0 ? prng.pick(this.made) : this.key();
    switch (prng.below(6)) {
      case 0:
        return client.get(this.key(), watch);
      case 1:
        return client.get(mine, watch);
      case 2:
        return client.exists(prng.chance(0.5) ? mine : `${ROOT}/${this.name}-${this.count + 1}`, watch);
      case 3:
        return client.getChildren(ROOT, watch);
      case 4:
        return client.getChildren(`${ROOT}/seq`, watch);
      default:
        return client.sync(ROOT).then(() => client.getEphemerals());
    }
  }
}

/** Reads every node, so that the history ends with the whole tree. */
export async function readAll(client: Client): Promise<number> {
  let nodes = 0;
  const visit = async (path: string): Promise<void> => {
    nodes++;
    const { children } = await client.getChildren(path);
    await client.get(path);
    for (const name of children) await visit(path === '/' ? `/${name}` : `${path}/${name}`);
  };
  await visit('/');
  return nodes;
}
