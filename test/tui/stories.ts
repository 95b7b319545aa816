/**
 * Stories for panes: the events of a simulated ensemble of three that elects, takes writes, lets a session
 * expire, loses its leader, elects again and gets the lost one back; the same for the same seed. Samples that
 * a server makes once a second are made here, of what the story knows.
 */
import type { EventName, FieldsOf, ZktEvent } from '../../src/events/table.ts';
import { EVENT_NAMES } from '../../src/events/table.ts';
import { Cluster } from '../../src/sim/cluster.ts';
import type { SimNode } from '../../src/sim/sim-node.ts';
import type { ServerFace } from '../../src/tui/pane.ts';
import { TOOLS } from '../sim/tools.ts';

/** The wall clock of a story begins here: 2024-05-01 12:00:00 UTC. */
export const STORY_START_MS = 1_714_564_800_000;
const TICK_MS = 500;

/** What happened, and when the parts of it were over, wall clock ms. */
export interface Story {
  readonly events: readonly ZktEvent[];
  readonly servers: readonly ServerFace[];
  readonly marks: {
    /** All three serve and the first writes are made. */
    readonly written: number;
    /** A session has just expired. */
    readonly expired: number;
    /** A new leader serves, writes go on. */
    readonly elected: number;
    /** The old leader is back, as a follower. */
    readonly end: number;
  };
}

/** An event by hand. */
export const event = <N extends EventName>(
  name: N,
  fields: FieldsOf<N>,
  { node = '1', time = STORY_START_MS, seq = 1 }: { node?: string; time?: number; seq?: number } = {},
): ZktEvent => ({ name, node, seq, time, fields }) as ZktEvent;

/** The faces of three servers. */
export const faces = (leader: number, down: readonly number[] = []): ServerFace[] =>
  [1, 2, 3].map((sid) => ({
    node: String(sid),
    sid,
    mode: down.includes(sid) ? '' : sid === leader ? 'leader' : 'follower',
    address: `10.0.0.${sid}:2181`,
    kind: 'zkt',
    up: !down.includes(sid),
  }));

interface Known {
  timeoutMs: number;
  bucketMs: number;
  remote: string;
  client: string;
  server: number;
  ephemerals: number;
  watches: number;
}

/** Makes the samples of a leader. */
class Sampler {
  private readonly sessions = new Map<bigint, Known>();

  take(node: SimNode, { name, fields }: ZktEvent, monotonicMs: number): void {
    if (name === 'session.created' || name === 'session.touched') {
      const known = this.of(fields.session);
      if (name === 'session.created') known.timeoutMs = fields.timeoutMs;
      if (node.mode === 'leader') known.bucketMs = fields.bucketMs;
    } else if (name === 'session.attached') {
      const known = this.of(fields.session);
      known.server = node.id;
      known.remote = fields.remote;
      known.client = fields.client;
    } else if (name === 'watch.set') this.of(fields.session).watches++;
    else if (name === 'session.expired' || name === 'session.closed') this.sessions.delete(fields.session);
    else if (name === 'zab.established') {
      // A new leader gives everybody a full timeout.
      for (const known of this.sessions.values()) {
        known.bucketMs = Math.floor((monotonicMs + known.timeoutMs) / TICK_MS + 1) * TICK_MS;
      }
    }
  }

  private of(session: bigint): Known {
    let known = this.sessions.get(session);
    if (known === undefined) {
      known = { timeoutMs: 0, bucketMs: 0, remote: '', client: '', server: -1, ephemerals: 0, watches: 0 };
      this.sessions.set(session, known);
    }
    return known;
  }

  sample(monotonicMs: number): { name: EventName; fields: object }[] {
    const made: { name: EventName; fields: object }[] = [];
    const buckets = new Map<number, number>();
    for (const { bucketMs } of this.sessions.values()) buckets.set(bucketMs, (buckets.get(bucketMs) ?? 0) + 1);
    for (const [bucketMs, sessions] of buckets) {
      const fields = { bucketMs, inMs: bucketMs - monotonicMs, sessions, tickMs: TICK_MS };
      made.push({ name: 'session.bucket-sampled', fields });
    }
    for (const [session, known] of this.sessions) {
      const { bucketMs, server, ...rest } = known;
      const leftMs = Math.max(0, bucketMs - monotonicMs);
      const fields = { session, server: BigInt(server), leftMs, bucketMs, local: false, ...rest };
      made.push({ name: 'session.sampled', fields });
    }
    return made;
  }
}

/** Runs the story. */
export async function failover(seed = 7): Promise<Story> {
  const events: ZktEvent[] = [];
  const sampler = new Sampler();
  const now = (): number => STORY_START_MS + cluster.now;
  const cluster: Cluster = new Cluster({ seed, servers: 3, events: EVENT_NAMES }, TOOLS, {
    // The clocks of simulated machines have nothing to do with each other; a story has one.
    event: (node, event) => {
      events.push({ ...event, time: now() });
      sampler.take(node, event, node.clock.monotonicMs(cluster.now));
    },
  });
  let seq = 1_000_000;
  const sample = (): void => {
    const { leader } = cluster;
    if (leader?.mode === 'leader') {
      for (const { name, fields } of sampler.sample(leader.clock.monotonicMs(cluster.now))) {
        events.push({ name, node: String(leader.id), seq: seq++, time: now(), fields } as ZktEvent);
      }
    }
    cluster.after(1000, sample);
  };
  cluster.after(1000, sample);
  cluster.startAll();
  await cluster.run(() => cluster.nodes.every(({ mode }) => mode === 'leader' || mode === 'follower'));
  const steady = cluster.dial('orders', { sessionTimeoutMs: 6000 });
  const doomed = cluster.dial('worker-7', { sessionTimeoutMs: 3000 });
  await settled(cluster, steady.client.create('/orders', 'x'));
  await settled(cluster, doomed.client.create('/workers', ''));
  await settled(cluster, doomed.client.create('/workers/7', '10.1.2.3:8080', { mode: 'ephemeral' }));
  for (let i = 0; i < 5; i++) await settled(cluster, steady.client.set('/orders', `order ${i}`));
  await cluster.pass(1200);
  const written = now();
  doomed.die();
  const expiries = (): number => events.filter(({ name }) => name === 'session.expired').length;
  await cluster.run(() => expiries() > 0);
  await cluster.pass(300);
  const expired = now();
  const old = cluster.leader;
  if (old === undefined) throw new Error('nobody leads');
  old.kill();
  cluster.heldDown.add(old);
  await cluster.pass(50);
  await cluster.run(() => cluster.leader !== undefined && cluster.leader !== old);
  await settled(cluster, steady.client.set('/orders', 'order 5'));
  await cluster.pass(1500);
  const elected = now();
  cluster.heldDown.delete(old);
  old.start();
  await cluster.run(() => old.mode === 'follower');
  await settled(cluster, steady.client.set('/orders', 'order 6'));
  await cluster.pass(1300);
  const servers = faces(cluster.leader?.id ?? 0);
  cluster.end();
  return { events, servers, marks: { written, expired, elected, end: now() } };
}

async function settled(cluster: Cluster, promise: Promise<unknown>): Promise<void> {
  let done = false;
  const finish = (): void => {
    done = true;
  };
  promise.then(finish, finish);
  await cluster.run(() => done);
}
