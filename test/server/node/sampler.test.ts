import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { Bus } from '../../../src/events/bus.ts';
import { EVENT_NAMES, type EventName, type FieldsOf, type ZktEvent } from '../../../src/events/table.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import { PortStats } from '../../../src/server/net/traffic-stats.ts';
import type { RunningServer } from '../../../src/server/node/running-server.ts';
import { startSampler } from '../../../src/server/node/sampler.ts';
import { Cluster, type SimClient } from '../../../src/sim/cluster.ts';
import { TOOLS } from '../../sim/tools.ts';

type Told<N extends EventName> = {
  readonly node: string;
  readonly time: number;
  readonly fields: FieldsOf<N>;
};

/** A simulated ensemble of three that tells everything, two clients, and what they did. */
class Scene {
  readonly events: ZktEvent[] = [];
  readonly cluster = new Cluster({ seed: 11, servers: 3, events: EVENT_NAMES }, TOOLS, {
    event: (_node, event) => void this.events.push(event),
  });
  private readonly clients = new Map<string, SimClient>();

  of<N extends EventName>(name: N): Told<N>[] {
    return this.events.filter((event) => event.name === name) as Told<N>[];
  }

  dial(name: string, servers: number): SimClient {
    const node = this.cluster.nodes[servers - 1];
    const client = this.cluster.dial(name, { servers: `${node?.address}:2181`, clientName: name });
    this.clients.set(name, client);
    return client;
  }

  async settled<T>(promise: Promise<T>): Promise<T | undefined> {
    let done = false;
    let result: T | undefined;
    promise.then(
      (value) => {
        result = value;
        done = true;
      },
      () => {
        done = true;
      },
    );
    await this.cluster.run(() => done);
    return result;
  }
}

const SETS = 20;
const GETS = 30;
const scene = new Scene();
const { cluster } = scene;
let leader = 0;
let follower = 0;

/** Time that is moved by hand. */
class Hand {
  now = 0;
  private due: { at: number; fn: () => void }[] = [];

  readonly after = (ms: number, fn: () => void): { cancel(): void } => {
    const timer = { at: this.now + ms, fn };
    this.due.push(timer);
    return {
      cancel: () => {
        this.due = this.due.filter((it) => it !== timer);
      },
    };
  };

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [next] = this.due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.due = this.due.filter((it) => it !== next);
      this.now = next.at;
      next.fn();
    }
    this.now = end;
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('an ensemble that is listened to', () => {
  beforeAll(async () => {
    cluster.startAll();
    await cluster.run(() => cluster.nodes.every(({ mode }) => mode === 'leader' || mode === 'follower'));
    leader = cluster.leader?.id ?? 0;
    follower = leader === 1 ? 2 : 1;
    await cluster.pass(2_500);
    const writer = scene.dial('writer', follower);
    const reader = scene.dial('reader', leader);
    await scene.settled(writer.client.create('/x', 'x'));
    await scene.settled(writer.client.create('/x/e', '', { mode: 'ephemeral' }));
    await scene.settled(reader.client.exists('/leak', true));
    for (let i = 0; i < SETS; i++) await scene.settled(writer.client.set('/x', `${i}`));
    for (let i = 0; i < GETS; i++) await scene.settled(reader.client.get('/x'));
    await cluster.pass(3_000);
    reader.die();
    await cluster.run(() => scene.of('session.expired').length > 0);
    await cluster.pass(2_500);
    // Without the leader and one follower, the last looks for a leader.
    for (const node of cluster.nodes) {
      if (node.id === follower) continue;
      cluster.heldDown.add(node);
      node.kill();
    }
    await cluster.pass(3_000);
  });
  afterAll(() => cluster.end());

  it('each server says how it is, once a second', () => {
    for (const id of [1, 2, 3]) {
      const told = scene.of('server.sampled').filter(({ node }) => node === String(id));
      expect(told.length).toBeGreaterThan(6);
      for (let i = 1; i < told.length; i++) {
        const between = (told[i]?.time ?? 0) - (told[i - 1]?.time ?? 0);
        expect(between).toBeGreaterThan(900);
        expect(between).toBeLessThan(1_200);
      }
      for (const { fields } of told) expect([fields.kind, fields.sid]).toEqual(['zkt', BigInt(id)]);
    }
  });
  it('what it is, and that it looks for a leader when it has none', () => {
    const modes = (id: number) =>
      scene
        .of('server.sampled')
        .filter(({ node }) => node === String(id))
        .map(({ fields }) => fields.mode);
    expect(modes(leader)).toContain('leader');
    expect(modes(follower)).toContain('follower');
    expect(modes(follower).at(-1)).toBe('looking');
    const last = scene.of('server.sampled').findLast(({ node }) => node === String(follower))?.fields;
    expect(last).toMatchObject({ sessions: 0, watches: 0, uptimeMs: -1, epoch: 1 });
    expect(last?.zxid).toBeGreaterThan(0x100000000n);
  });
  it('rates that add up to what was done', () => {
    const samples = scene.of('server.sampled');
    const total = (rate: (f: FieldsOf<'server.sampled'>) => number): number =>
      sum(samples.map(({ fields }) => Math.max(0, rate(fields))));
    expect(Math.round(total((f) => f.sessionsCreatedPerS))).toBe(2);
    expect(Math.round(total((f) => f.sessionsResumedPerS))).toBe(0);
    expect(Math.round(total((f) => f.sessionsExpiredPerS))).toBe(1);
    expect(total((f) => f.writesPerS)).toBeCloseTo(SETS + 2 + 2, -1);
    expect(total((f) => f.requestsPerS)).toBeGreaterThan(SETS + GETS);
    expect(total((f) => f.fsyncsPerS)).toBeGreaterThan(SETS);
    expect(samples.some(({ fields }) => fields.latencyP99Ms > 0)).toBe(true);
    for (const { fields } of samples) {
      expect(fields.latencyP50Ms).toBeLessThanOrEqual(fields.latencyP99Ms);
      expect(fields.latencyP99Ms).toBeLessThanOrEqual(fields.latencyMaxMs);
      // There is no process to look at.
      expect([fields.cpuPercent, fields.heapBytes, fields.openFiles]).toEqual([-1, -1, -1]);
    }
  });
  it('the first sample of a server knows no rates, the others do', () => {
    const told = scene.of('server.sampled').filter(({ node }) => node === String(leader));
    expect(told.map(({ fields }) => fields.requestsPerS >= 0)).toEqual(told.map((_, i) => i > 0));
  });
  it('buckets: of the leader alone, with all sessions', () => {
    const told = scene.of('session.bucket-sampled');
    expect(new Set(told.map(({ node }) => node))).toEqual(new Set([String(leader)]));
    const moments = new Map<number, number>();
    for (const { time, fields } of told) moments.set(time, (moments.get(time) ?? 0) + fields.sessions);
    expect(Math.max(...moments.values())).toBe(2);
    for (const { fields } of told) {
      expect(fields.bucketMs % fields.tickMs).toBe(0);
      expect(fields.inMs).toBeLessThanOrEqual(4_000 + fields.tickMs);
    }
  });
  it('sessions: time left from the leader, the client from whoever serves it', () => {
    const told = scene.of('session.sampled');
    const ofLeader = told.filter(({ node }) => node === String(leader)).map(({ fields }) => fields);
    const ofFollower = told.filter(({ node }) => node === String(follower)).map(({ fields }) => fields);
    expect(new Set(ofLeader.map(({ session }) => session)).size).toBe(2);
    for (const { leftMs } of ofLeader) expect(leftMs).toBeGreaterThanOrEqual(0);
    const reader = ofLeader.find(({ client }) => client === 'reader');
    expect(reader).toMatchObject({ server: BigInt(leader), watches: 1, ephemerals: 0, local: false });
    expect(reader?.remote).toMatch(/^10\.0\.1\.2:/);
    // Of a session at another server the leader knows whose it is, and no more.
    const there = ofLeader.findLast(({ client }) => client === '');
    expect(there).toMatchObject({ server: BigInt(follower), remote: '', watches: -1, ephemerals: 1 });
    expect(ofFollower.at(-1)).toMatchObject({ client: 'writer', leftMs: -1, bucketMs: -1, ephemerals: 1 });
    expect(new Set(ofFollower.map(({ client }) => client))).toEqual(new Set(['writer']));
  });
  it('learners, as their leader sees them', () => {
    const told = scene.of('zab.learner-sampled');
    expect(new Set(told.map(({ node }) => node))).toEqual(new Set([String(leader)]));
    const others = [1, 2, 3].filter((id) => id !== leader).map(BigInt);
    expect(new Set(told.map(({ fields }) => fields.sid))).toEqual(new Set(others));
    const last = told.findLast(({ fields }) => fields.phase === 'serving')?.fields;
    expect(last).toMatchObject({ kind: 'follower', lag: 0, queuedBytes: 0 });
  });
  it('packets: what one says it sent, the other says it received', () => {
    const told = scene.of('zab.packets-sampled');
    const count = (node: number, peer: number, type: number, way: 'sent' | 'received'): number =>
      sum(
        told
          .filter((e) => e.node === String(node) && e.fields.peer === BigInt(peer) && e.fields.type === type)
          .map(({ fields }) => fields[way]),
      );
    for (const type of [PACKET.PROPOSAL, PACKET.COMMIT]) {
      const sent = count(leader, follower, type, 'sent');
      expect(sent).toBeGreaterThanOrEqual(SETS);
      expect(count(follower, leader, type, 'received')).toBe(sent);
    }
    expect(count(follower, leader, PACKET.REQUEST, 'sent')).toBe(
      count(leader, follower, PACKET.REQUEST, 'received'),
    );
    for (const { fields } of told) expect(fields.sent + fields.received + fields.bytes).toBeGreaterThan(0);
  });
  it('hot: every request of these few, where it was asked', () => {
    const count = (kind: string, key: string): number =>
      sum(
        scene
          .of('hot.sampled')
          .filter(({ fields }) => fields.kind === kind && fields.key === key)
          .map(({ fields }) => fields.count),
      );
    expect(count('path', '/x')).toBe(1 + SETS + GETS);
    expect(count('op', 'setData')).toBe(SETS);
    expect(count('client', 'reader@10.0.1.2')).toBeGreaterThanOrEqual(GETS + 1);
  });
  it('watches: who waits for what never comes', () => {
    const told = scene.of('watch.sampled').map(({ fields }) => fields);
    const path = told.findLast(({ kind }) => kind === 'path');
    expect(path).toMatchObject({ key: '/leak', watches: 1, neverFired: 1 });
    expect(path?.oldestMs).toBeGreaterThan(2_000);
    expect(told.findLast(({ kind }) => kind === 'client')?.key).toMatch(/^reader@10\.0\.1\.2:\d+$/);
  });
});

describe('a server that nobody listens to', () => {
  it('is not looked at, and let go of when the last listener goes', () => {
    const hand = new Hand();
    const clock = { monotonicMs: () => hand.now, wallMs: () => 1_700_000_000_300 + hand.now };
    const timers = { after: hand.after, every: () => ({ cancel() {} }), soon() {} };
    const events = new Bus('1', clock);
    const stats = new PortStats();
    const taken: string[] = [];
    const gauge = {
      take: () => {
        taken.push('gauge');
        return { cpuPercent: 1.26, heapBytes: 2, rssBytes: 3, loopP99Ms: 4, openFiles: 5 };
      },
      close: () => void taken.push('close'),
    };
    let asked = 0;
    const port = { stats, links: new Set(), outstanding: 0 };
    // No more of a process than a looking member has.
    const tree = { nodeCount: 4, owned: { ephemeralCount: 1 } };
    const store = { lastLogged: 7n, epochs: { current: 2n }, database: { tree } };
    const peer = { present: undefined, parts: { port, store } };
    const running = { host: '::1', port: 2181, server: undefined, peer } as object as RunningServer;
    const told: ZktEvent[] = [];
    const sampler = startSampler({
      world: { clock, timers, random: new Prng(1), events },
      ...{ version: 'v', sid: 3n, gauge },
      running: () => {
        asked++;
        return running;
      },
    });
    hand.pass(5_000);
    expect([asked > 0, taken, stats.recent]).toEqual([true, [], undefined]);
    const listener = events.subscribe({ names: ['server.sampled'], take: (event) => void told.push(event) });
    hand.pass(2_000);
    expect(stats.recent).toBeDefined();
    expect(told.map(({ time }) => time % 1000)).toEqual([0, 0]);
    expect(told.map(({ fields }) => (fields as FieldsOf<'server.sampled'>).cpuPercent)).toEqual([-1, 1.3]);
    expect(told[1]?.fields).toMatchObject({
      mode: 'looking',
      address: '[::1]:2181',
      openFiles: 5,
      nodes: 5,
    });
    expect(events.on['log.synced']).toBe(true);
    listener.close();
    hand.pass(1_000);
    expect([stats.recent, events.on['log.synced'], taken.at(-1)]).toEqual([undefined, false, 'close']);
    sampler.close();
    hand.pass(5_000);
    expect(told.length).toBe(2);
  });
});
