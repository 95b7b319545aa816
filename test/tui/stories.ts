/**
 * Stories for panes: the events of a simulated ensemble of three that elects, takes writes, lets a session
 * expire, loses its leader, elects again and gets the lost one back; the same for the same seed.
 */
import { EVENT_NAMES, type EventName, type FieldsOf, type ZktEvent } from '../../src/events/table.ts';
import { Cluster } from '../../src/sim/cluster.ts';
import type { ServerFace } from '../../src/tui/pane.ts';
import { TOOLS } from '../sim/tools.ts';

/** The wall clock of a story begins here: 2024-05-01 12:00:00 UTC. */
export const STORY_START_MS = 1_714_564_800_000;

/** What happened, and when the parts of it were over, wall clock ms. */
export interface Story {
  readonly events: readonly ZktEvent[];
  readonly marks: {
    /** All three serve and the first writes have just been made. */
    readonly written: number;
    /** A client is silent, its session is about to expire. */
    readonly silent: number;
    /** Its session has just expired. */
    readonly expired: number;
    /** A new leader serves, writes go on. */
    readonly elected: number;
    /** The old leader is back, as a follower. */
    readonly end: number;
  };
  /** The servers as they are at the end. */
  readonly servers: readonly ServerFace[];
  /** As they are before the leader is lost. */
  readonly before: readonly ServerFace[];
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

/** Runs the story. */
export async function failover(seed = 7): Promise<Story> {
  const events: ZktEvent[] = [];
  const now = (): number => STORY_START_MS + cluster.now;
  const cluster: Cluster = new Cluster({ seed, servers: 3, events: EVENT_NAMES }, TOOLS, {
    // The clocks of simulated machines have nothing to do with each other; a story has one.
    event: (_node, told) => events.push({ ...told, time: now() }),
  });
  cluster.startAll();
  await cluster.run(() => cluster.nodes.every(({ mode }) => mode === 'leader' || mode === 'follower'));
  const steady = cluster.dial('orders', { sessionTimeoutMs: 6000 });
  const doomed = cluster.dial('worker-7', { sessionTimeoutMs: 3000 });
  await settled(cluster, steady.client.create('/orders', 'x'));
  await settled(cluster, doomed.client.create('/workers', ''));
  await settled(cluster, doomed.client.create('/workers/7', '10.1.2.3:8080', { mode: 'ephemeral' }));
  for (let i = 0; i < 5; i++) await settled(cluster, steady.client.set('/orders', `order ${i}`));
  const written = now();
  await cluster.pass(1200);
  doomed.die();
  await cluster.pass(2000);
  const silent = now();
  await cluster.run(() => events.some(({ name }) => name === 'session.expired'));
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
  const marks = { written, silent, expired, elected, end: now() };
  return { events, servers, before: faces(old.id), marks };
}

async function settled(cluster: Cluster, promise: Promise<unknown>): Promise<void> {
  let done = false;
  const finish = (): void => {
    done = true;
  };
  promise.then(finish, finish);
  await cluster.run(() => done);
}
