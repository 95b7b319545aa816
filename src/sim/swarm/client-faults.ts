/** Clients that make trouble: too many, too much at a time, too slow, one session used by two. */
import type { Prng } from '../../base/prng.ts';
import type { WriteOp } from '../../client/api.ts';
import { CLUSTER_PORTS, type Cluster, type SimClient } from '../cluster.ts';
import { ROOT } from '../workload.ts';
import type { BegunFault, FaultKind } from './fault.ts';
import { useTwice } from './session-twice.ts';

const clients = (name: string, about: string, begin: FaultKind['begin']): FaultKind => ({
  name,
  group: 'clients',
  about,
  begin,
});

const FLOOD_MS = 1500;
const VISIT_MS = 400;
const STORM_EVERY_MS = 300;
/** The node all clients write below, and six they share. */
const SHARED_KEYS = 6;

/** What is refused, or lost with the connection, is nothing to this client. */
const ignored = (): void => {};

/** A name that no client had before. */
const fresh = (cluster: Cluster, what: string): string => `${what}${cluster.clients.length + 1}`;

function flood(cluster: Cluster, random: Prng): BegunFault {
  const count = 15 + random.below(60);
  for (let i = 0; i < count; i++) {
    cluster.after(random.next() * FLOOD_MS, () => visit(cluster, random));
  }
  return { text: `${count} clients come and go` };
}

/** Opens a session, owns something perhaps, and goes: with a goodbye, without one, or at once. */
function visit(cluster: Cluster, random: Prng): void {
  const name = fresh(cluster, 'flood');
  const { client, sleep, die } = cluster.dial(name, { sessionTimeoutMs: 1000 });
  if (random.chance(0.3)) client.create(`${ROOT}/${name}`, null, { mode: 'ephemeral' }).catch(ignored);
  const closes = random.chance(0.6);
  sleep(random.next() * VISIT_MS).then(() => {
    if (closes) client.close().then(die, ignored);
    else die();
  });
}

function watchBomb(cluster: Cluster, random: Prng): BegunFault {
  const name = fresh(cluster, 'bomb');
  const { client, die } = cluster.dial(name);
  const count = 100 + random.below(400);
  for (let i = 0; i < count; i++) client.exists(`${ROOT}/${name}-${i}`, true).catch(ignored);
  for (let i = 0; i < SHARED_KEYS; i++) client.get(`${ROOT}/k${i}`, true).catch(ignored);
  client.getChildren(ROOT, true).catch(ignored);
  client.addWatch(ROOT, 'persistentRecursive').catch(ignored);
  // Some of it goes off.
  for (let i = 0; i < count; i += 10) client.create(`${ROOT}/${name}-${i}`, null).catch(ignored);
  return { text: `${name} watches ${count} nodes that are not there`, heal: die };
}

function hugeMulti(cluster: Cluster, random: Prng): BegunFault {
  const name = fresh(cluster, 'huge');
  const { client, die } = cluster.dial(name);
  const count = 50 + random.below(500);
  const bytes = random.pick([0, 20, 600]);
  const make = (round: number): WriteOp[] =>
    Array.from({ length: count }, (_, i) => ({
      type: 'create',
      path: `${ROOT}/${name}-${round}-${i}`,
      data: Buffer.alloc(bytes, 46),
    }));
  const clear = (round: number): WriteOp[] =>
    Array.from({ length: count }, (_, i) => ({ type: 'delete', path: `${ROOT}/${name}-${round}-${i}` }));
  client.multi(make(1)).catch(ignored);
  client.multi([...clear(1), ...make(2)]).catch(ignored);
  // The last operation undoes all.
  client.multi([...clear(2), { type: 'delete', path: `${ROOT}/nobody-made-this` }]).catch(ignored);
  client.multi(clear(2)).catch(ignored);
  return { text: `${name} sends multis of ${count} operations`, heal: die };
}

const living = (cluster: Cluster): SimClient[] => cluster.clients.filter((c) => c.process.alive);

function slowReader(cluster: Cluster, random: Prng): BegunFault | undefined {
  const all = living(cluster);
  if (all.length === 0) return undefined;
  const { name, client } = random.pick(all);
  client.addWatch(ROOT, 'persistentRecursive').catch(ignored);
  const from = new Set(cluster.nodes.map((n) => n.name));
  const to = new Set([name]);
  const drips = random.chance(0.5);
  const heal = cluster.net.trouble(drips ? { kind: 'drip', ms: 60, from, to } : { kind: 'stall', from, to });
  return { text: `${name} reads ${drips ? 'slowly' : 'nothing'}, and watches everything`, heal };
}

function reconnectStorm(cluster: Cluster): BegunFault {
  let over = false;
  const ports = new Set([CLUSTER_PORTS.client]);
  const round = (): void => {
    if (over) return;
    for (const node of cluster.nodes) cluster.net.reset(node.name, ports);
    cluster.after(STORM_EVERY_MS, round);
  };
  round();
  return {
    text: 'all clients lose their connections again and again',
    heal: () => {
      over = true;
    },
  };
}

/** See the head of the file. */
export const CLIENT_FAULTS: readonly FaultKind[] = [
  clients('session-flood', 'Many clients connect and go.', flood),
  clients('watch-bomb', 'A client watches more than all others together.', watchBomb),
  clients('huge-multi', 'A client sends multis of hundreds of operations.', hugeMulti),
  clients('slow-reader', 'A client does not read what it is sent.', slowReader),
  clients('reconnect-storm', 'All clients lose their connections at once, again and again.', reconnectStorm),
  clients('session-twice', 'Two clients use one session.', useTwice),
];
