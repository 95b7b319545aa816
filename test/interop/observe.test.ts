/** Observers before real servers: one of Apache alone, and a mixed ensemble that loses its leader. */
import { afterAll, expect, test } from 'vitest';
import { parseServerList } from '../../src/client/connect-string.ts';
import { connect } from '../../src/client/index.ts';
import type { ZktEvent } from '../../src/events/table.ts';
import { type ObserverOptions, observeEnsemble } from '../../src/inspect/observe/observe-ensemble.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemHttpAsking } from '../../src/platform/http.ts';
import { systemNet } from '../../src/platform/net.ts';
import { systemTimers } from '../../src/platform/timers.ts';
import { findApache, tempDir } from './apache.ts';
import { Ensemble, endAllEnsembles, eventually } from './ensemble.ts';
import { killAll, start } from './servers.ts';

afterAll(endAllEnsembles);
afterAll(killAll);

const PORTS = { net: systemNet, http: systemHttpAsking, timers: systemTimers, clock: systemClock };

/** The HTTP admin, on any port. */
const ADMIN = ['admin.enableServer=true', 'admin.serverPort=0'];

/**
 * Observes; `seen` waits for an event, as long as it takes for the whole of an ensemble: a settled server is
 * asked for its vote every ten seconds only, and a busy machine may settle late.
 */
function observe(servers: string, options: Partial<ObserverOptions> = {}) {
  const events: ZktEvent[] = [];
  const { servers: addresses } = parseServerList(servers);
  const source = observeEnsemble(PORTS, { servers: addresses, timeoutMs: 1_000, ...options });
  source.start((event) => events.push(event));
  const seen = (what: string, holds: (event: ZktEvent) => boolean): Promise<ZktEvent> =>
    eventually(`${what} among ${events.length} events`, () => events.find(holds));
  return { events, seen, stop: () => source.stop() };
}

const is = (node: string, name: string, fields: Record<string, unknown> = {}) => {
  const wanted = Object.entries(fields);
  return (e: ZktEvent): boolean => {
    if (e.node !== node || e.name !== name) return false;
    const told = e.fields as Record<string, unknown>;
    return wanted.every(([key, value]) => told[key] === value);
  };
};

test.skipIf(findApache() === undefined)('a server of Apache alone', async () => {
  const server = await start('Apache', {
    dataDir: tempDir('observed'),
    config: ['admin.enableServer=false'],
  });
  const seen = observe(server.address, { pollMs: 200 });
  const node = server.address;
  await seen.seen('the server', is(node, 'source.connected', { kind: 'apache' }));
  const client = connect({ servers: server.address });
  try {
    await client.create('/app');
    const writing = setInterval(() => void client.set('/app', 'x').catch(() => {}), 20);
    await client.addWatch('/app', 'persistent', client.watch());
    await seen.seen('writes', (e) => e.name === 'server.sampled' && e.fields.writesPerS > 0);
    await seen.seen('a hot tree', is(node, 'hot.sampled', { kind: 'path', key: '/app' }));
    clearInterval(writing);
    await seen.seen(
      'a session',
      (e) => e.name === 'session.sampled' && e.fields.leftMs > 0 && e.fields.timeoutMs > 0,
    );
    await seen.seen('a bucket', (e) => e.name === 'session.bucket-sampled' && e.fields.sessions === 1);
    await seen.seen('a watch', is(node, 'watch.sampled', { kind: 'path', key: '/app', watches: 1 }));
  } finally {
    await client.close();
  }
  await server.stop();
  await seen.seen('the loss', is(node, 'source.lost'));
  seen.stop();
  expect(seen.events.filter(({ name }) => name === 'source.lost').length).toBe(1);
});

test.skipIf(findApache() === undefined)(
  'a mixed ensemble loses its leader, and nobody is disturbed',
  async () => {
    const ensemble = await Ensemble.started({ participants: ['zkt', 'Apache', 'Apache'], config: ADMIN });
    await ensemble.lead(3);
    const seen = observe(ensemble.servers(2), { pollMs: 200, budget: 400 });
    for (const { sid, kind } of ensemble.members) {
      const node = String(sid);
      await seen.seen(`server ${sid}`, is(node, 'source.connected', { kind: kind.toLowerCase() }));
      await seen.seen(`its sample`, is(node, 'server.sampled', { sid: BigInt(sid) }));
    }
    await seen.seen('the leader', is('3', 'peer.state', { state: 'LEADING', leader: 3n }));
    await seen.seen('a vote', is('2', 'election.vote-told', { state: 'FOLLOWING', leader: 3n }));
    const client = await ensemble.client([1]);
    await client.create('/a', 'x');
    await seen.seen('a request', (e) => e.name === 'request.received' && e.fields.path === '/a');

    const marks = ensemble.members.map((member) => member.log().length);
    await ensemble.kill(3);
    await seen.seen('the loss', is('3', 'source.lost'));
    const leader = await ensemble.leader();
    await seen.seen(
      'the new leader',
      (e) => e.name === 'peer.state' && e.fields.state === 'LEADING' && e.node === String(leader),
    );
    await seen.seen(
      'the vote for it',
      (e) => e.name === 'election.vote-told' && e.node === '2' && e.fields.leader === BigInt(leader),
    );
    await client.set('/a', 'y');
    ensemble.member(3).start();
    await ensemble.serving(3);
    await seen.seen(
      'its return',
      (e) =>
        e.node === '3' &&
        e.name === 'peer.state' &&
        e.fields.state === 'FOLLOWING' &&
        e.fields.leader === BigInt(leader),
    );
    seen.stop();
    // No thread of Apache's died, and nothing was wrong with what it was sent.
    const said = ensemble.members.map((member, i) => member.log().slice(marks[i])).join('');
    expect(said.split('\n').filter((line) => /ERROR|died|NullPointer|IllegalArgument/.test(line))).toEqual(
      [],
    );
    // Each server of zkt was told of once.
    const numbers = seen.events.filter((e) => e.node === '1' && e.seq > 0).map(({ seq }) => seq);
    expect(new Set(numbers).size).toBe(numbers.length);
  },
);

test.skipIf(findApache() === undefined)('asked for votes without end, servers elect as ever', async () => {
  const ensemble = await Ensemble.started({ participants: ['Apache', 'Apache', 'Apache'] });
  // Two observers, as close as can be: each asks on its own connection.
  const watchers = [1, 2].map(() =>
    observe(ensemble.servers(), { pollMs: 50, filter: { names: 'election.vote-told' } }),
  );
  for (const { seen } of watchers) await seen('a vote', (e) => e.name === 'election.vote-told');
  await ensemble.kill(3);
  for (const { seen } of watchers) {
    await seen('the vote for server 2', is('1', 'election.vote-told', { state: 'FOLLOWING', leader: 2n }));
  }
  expect(await ensemble.leader()).toBe(2);
  await ensemble.kill(2);
  // Alone, it looks for a leader until one of the others is back.
  await watchers[0]?.seen('one that looks', is('1', 'election.vote-told', { state: 'LOOKING' }));
  await ensemble.start(2);
  expect(await ensemble.leader()).toBe(2);
  for (const { stop } of watchers) stop();
  const died = ensemble.members.flatMap((m) =>
    m
      .log()
      .split('\n')
      .filter((line) => /died|FastLeaderElection.*(WARN|ERROR)/.test(line)),
  );
  expect(died).toEqual([]);
});
