/**
 * Elections with Apache ZooKeeper: two of its servers, and this house's elector as the third, with an id
 * between theirs.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Bus } from '../../src/events/bus.ts';
import { EVENT_NAMES, type ZktEvent } from '../../src/events/table.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemNet } from '../../src/platform/net.ts';
import { systemTimers } from '../../src/platform/timers.ts';
import { type Candidate, type Decision, ELECTOR_DEFAULTS, Elector } from '../../src/server/node/elector.ts';
import { parseMembershipText } from '../../src/server/quorum/membership-text.ts';
import { Quorums } from '../../src/server/quorum/quorums.ts';
import { type ApacheServer, findApache, freePort, startApache, tempDir } from './apache.ts';

const install = findApache();
const dir = tempDir('election');
const cleanUp: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const fn of cleanUp.reverse()) await fn();
  rmSync(dir, { recursive: true, force: true });
});

/** `server.N=` lines of three servers on free ports. */
async function ensemble(): Promise<string[]> {
  const ports: number[] = [];
  while (ports.length < 6) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  return [1, 2, 3].map(
    (id) => `server.${id}=127.0.0.1:${ports[id * 2 - 2]}:${ports[id * 2 - 1]}:participant`,
  );
}

const apache = async (lines: readonly string[], id: number): Promise<ApacheServer> => {
  const dataDir = join(dir, String(id));
  mkdirSync(dataDir, { recursive: true });
  const server = await startApache({ myid: id, dataDir, config: lines, noWait: true, logLevel: 'info' });
  cleanUp.push(() => server.remove());
  return server;
};

describe.skipIf(install === undefined)('an election with Apache servers', () => {
  test('joins late, with less and with more than they have', { timeout: 120_000 }, async () => {
    const lines = await ensemble();
    const membership = parseMembershipText(`${lines.join('\n')}\nversion=0`);
    if (membership === undefined) throw new Error('no membership');
    const events: ZktEvent[] = [];
    const bus = new Bus('server.2', systemClock);
    bus.subscribe({ names: EVENT_NAMES, take: (event) => events.push(event) });
    const named = (name: ZktEvent['name']) => events.filter((e) => e.name === name);
    const elector = new Elector(
      { net: systemNet, timers: systemTimers, clock: systemClock, events: bus },
      { ...ELECTOR_DEFAULTS, sid: 2n, quorums: new Quorums(membership) },
      { configGossiped() {}, failed() {} },
    );
    await elector.open();
    cleanUp.push(() => elector.close());
    const look = (self: Partial<Candidate>): Promise<Decision> =>
      new Promise((resolve) => {
        elector.look({ zxid: 0n, peerEpoch: 0n, participant: true, ...self }, resolve);
      });

    // They have settled: a newcomer with more than they have joins them all the same.
    let servers = [await apache(lines, 1), await apache(lines, 3)];
    await Promise.all(servers.map((s) => s.awaitServing()));
    const late = await look({ zxid: 0x9_0000_0000n, peerEpoch: 9n });
    expect(late).toMatchObject({ state: 'FOLLOWING', leader: 3n, peerEpoch: 1n });
    expect(named('election.decided').at(-1)?.fields).toMatchObject({ how: 'standing' });
    expect(elector.connectedSids.sort()).toEqual([1n, 3n]);
    elector.roleEnded();

    // All look: it has less than they have.
    await Promise.all(servers.map((s) => s.kill()));
    const less = look({ zxid: 0n, peerEpoch: 0n });
    await new Promise((resolve) => setTimeout(resolve, 300));
    servers = [await apache(lines, 1), await apache(lines, 3)];
    // Whoever of the two comes first leads, unless both are there at once.
    const withLess = await less;
    expect(withLess.state).toBe('FOLLOWING');
    expect([1n, 3n]).toContain(withLess.leader);
    expect(withLess.peerEpoch).toBeGreaterThan(0n);
    await Promise.all(servers.map((s) => s.awaitServing()));
    elector.roleEnded();

    // All look: it has more.
    await Promise.all(servers.map((s) => s.kill()));
    const more = look({ zxid: 0x9_0000_0000n, peerEpoch: 9n });
    servers = [await apache(lines, 1), await apache(lines, 3)];
    expect(await more).toMatchObject({ state: 'LEADING', leader: 2n, zxid: 0x9_0000_0000n, peerEpoch: 9n });
    const votes = events.filter((e) => e.name === 'election.notification-received').map((e) => e.fields);
    expect(votes.filter((v) => v.leader === 2n && v.state === 'LOOKING').length).toBeGreaterThan(0);
    expect(named('quorum.peer-refused')).toEqual([]);
    expect(named('election.notification-ignored')).toEqual([]);
  });
});
