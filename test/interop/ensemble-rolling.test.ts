/**
 * An ensemble of Apache's servers becomes one of zkt's, one server after the other on the same data
 * directory, and back again, under clients that go on writing and see only reconnects.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { ERR } from '../../src/protocol/error-codes.ts';
import { findApache } from './apache.ts';
import { Ensemble, endAllEnsembles, pause } from './ensemble.ts';
import { only } from './ensemble-kinds.ts';
import { type Kind, other } from './servers.ts';

afterAll(endAllEnsembles);

/** Writes without end; knows what was acknowledged, and what has to be there. */
class Writer {
  readonly client: Client;
  readonly root: string;
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

describe.skipIf(findApache() === undefined)('rolling replacement on the same data directories', () => {
  it('Apache to zkt and back, under writing clients that see only reconnects', {
    timeout: 120_000,
  }, async () => {
    const [first] = only(['Apache']) as [Kind];
    const ensemble = await Ensemble.started({ participants: [first, first, first] });
    const writers: Writer[] = [];
    for (const [i, sids] of [[], [1, 2], [3]].entries()) {
      const client = await ensemble.client(sids, { sessionTimeoutMs: 15_000 });
      const root = `/writer-${i}`;
      await client.create(root);
      await client.create(`${root}/mine`, null, { mode: 'ephemeral' });
      writers.push(new Writer(client, root));
    }
    const sessions = writers.map(({ client }) => client.sessionId);
    const writing = writers.map((writer) => writer.run());
    const leaders: Kind[] = [];
    for (const kind of only([other(first), first])) {
      // The followers first, the leader last.
      const leader = await ensemble.leader();
      const order = [1, 2, 3].filter((sid) => sid !== leader).concat(leader);
      for (const sid of order) {
        await pause(300);
        await ensemble.replace(sid, kind);
        await ensemble.serving(1, 2, 3);
        leaders.push(ensemble.member(await ensemble.leader()).kind);
      }
    }
    await pause(300);
    for (const writer of writers) writer.over = true;
    await Promise.all(writing);
    for (const [i, writer] of writers.entries()) {
      expect(writer.surprises).toEqual([]);
      expect(writer.client.sessionId).toBe(sessions[i]);
      expect(writer.acknowledged).toBeGreaterThan(100);
      expect(await writer.missing()).toEqual([]);
      expect(await writer.client.getEphemerals()).toEqual([`${writer.root}/mine`]);
    }
    expect(await ensemble.differences()).toEqual([]);
    const told = writers.map(
      (w) => `${w.acknowledged} writes, ${w.reconnects} reconnects, ${Math.round(w.longestPauseMs)} ms`,
    );
    console.info(`rolling replacement: leaders were ${leaders}; ${told.join('; ')} at most without a write`);
    await ensemble.end();
  });
});
