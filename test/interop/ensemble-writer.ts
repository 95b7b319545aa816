/** A client that goes on writing while servers come and go, and knows what must be there in the end. */

import { expect } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { ERR } from '../../src/protocol/error-codes.ts';
import { type Ensemble, pause } from './ensemble.ts';

/** Writes without end; knows what was acknowledged, and what has to be there. */
export class Writer {
  readonly client: Client;
  readonly root: string;
  readonly session: bigint;
  over = false;
  acknowledged = 0;
  reconnects = 0;
  /** Answers other than that the connection was lost. */
  readonly surprises: string[] = [];
  /** The longest time without an acknowledged write, ms. */
  longestPauseMs = 0;
  /** By path, what it holds once a write of that or a later number is known to have happened. */
  private readonly holds = new Map<string, number>();

  constructor(client: Client, root: string) {
    this.client = client;
    this.root = root;
    this.session = client.sessionId;
    client.onState((state) => {
      if (state === 'connecting') this.reconnects++;
      else if (state !== 'connected') this.surprises.push(state);
    });
  }

  async run(): Promise<void> {
    let last = performance.now();
    for (let i = 0; !this.over; i++) {
      const path = `${this.root}/n${i}`;
      const [key, value] = [`${this.root}/k${i % 5}`, String(i)];
      try {
        if (i < 5) await this.client.create(key, value);
        await this.client.create(path, value);
        await this.client.set(key, value);
        this.holds.set(path, i);
        this.holds.set(key, i);
        this.acknowledged += 2;
        this.longestPauseMs = Math.max(this.longestPauseMs, performance.now() - last);
        last = performance.now();
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        if (code !== ERR.CONNECTIONLOSS) this.surprises.push(String(error));
        await pause(5);
      }
      await pause(2);
    }
  }

  /** What was acknowledged and is not there. */
  async missing(): Promise<string[]> {
    await this.client.sync('/');
    const wrong: string[] = [];
    for (const [path, value] of this.holds) {
      const found = await this.client.get(path).then(
        ({ data }) => Number(data?.toString()),
        () => undefined,
      );
      // A write whose answer was lost may have happened after it.
      if (found === undefined || found < value) wrong.push(`${path}: ${found}, not ${value}`);
    }
    return wrong;
  }
}

/** Three writers, each with an ephemeral of its own: of all servers, of the first two, and of the third. */
export async function writersOf(ensemble: Ensemble): Promise<Writer[]> {
  const writers: Writer[] = [];
  for (const [i, sids] of [[], [1, 2], [3]].entries()) {
    const client = await ensemble.client(sids, { sessionTimeoutMs: 15_000 });
    const root = `/writer-${i}`;
    await client.create(root);
    await client.create(`${root}/mine`, null, { mode: 'ephemeral' });
    writers.push(new Writer(client, root));
  }
  return writers;
}

/** Ends their work: they saw nothing but reconnects, and all they were told of is there, on every server. */
export async function expectUnharmed(
  ensemble: Ensemble,
  writers: readonly Writer[],
  writing: readonly Promise<void>[],
): Promise<string> {
  for (const writer of writers) writer.over = true;
  await Promise.all(writing);
  await ensemble.allServing();
  for (const writer of writers) {
    expect(writer.surprises).toEqual([]);
    expect(writer.client.sessionId).toBe(writer.session);
    expect(writer.acknowledged).toBeGreaterThan(20);
    expect(await writer.missing()).toEqual([]);
    expect(await writer.client.getEphemerals()).toEqual([`${writer.root}/mine`]);
  }
  expect(await ensemble.differences()).toEqual([]);
  const told = writers.map((it) => {
    return `${it.acknowledged} writes, ${it.reconnects} reconnects, ${Math.round(it.longestPauseMs)} ms`;
  });
  return `${told.join('; ')} at most without a write`;
}
