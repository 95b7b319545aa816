import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SILENT } from '../../../src/events/bus.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemNet } from '../../../src/platform/net.ts';
import { systemTimers } from '../../../src/platform/timers.ts';
import {
  type Candidate,
  type Decision,
  ELECTOR_DEFAULTS,
  Elector,
} from '../../../src/server/node/elector.ts';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { membershipOf } from './elector-cluster.ts';

const open: Elector[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((e) => e.close()));
});

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Below the range from which the kernel takes ports of its own. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await canListen(port)) return port;
  }
}

async function ensemble(size: number): Promise<Elector[]> {
  const lines: string[] = [];
  for (let id = 1; id <= size; id++) lines.push(`server.${id}=127.0.0.1:${10_000 + id}:${await freePort()}`);
  const quorums = new Quorums(membershipOf([...lines, 'version=0'].join('\n')));
  const world = { net: systemNet, timers: systemTimers, clock: systemClock, events: SILENT };
  const owner = { configGossiped() {}, failed() {} };
  const electors = Array.from(
    { length: size },
    (_, i) => new Elector(world, { ...ELECTOR_DEFAULTS, sid: BigInt(i + 1), quorums }, owner),
  );
  open.push(...electors);
  for (const elector of electors) await elector.open();
  return electors;
}

const look = (elector: Elector, candidate: Partial<Candidate> = {}): Promise<Decision> =>
  new Promise((resolve) => {
    elector.look({ zxid: 0n, peerEpoch: 0n, participant: true, ...candidate }, resolve);
  });

test('five servers on real sockets elect, and elect again when the leader is gone', async () => {
  const electors = await ensemble(5);
  const first = await Promise.all(electors.map((e, i) => look(e, { zxid: BigInt(i % 3) })));
  expect(first.map((d) => d.leader)).toEqual([3n, 3n, 3n, 3n, 3n]);
  expect(first.map((d) => d.state)).toEqual(['FOLLOWING', 'FOLLOWING', 'LEADING', 'FOLLOWING', 'FOLLOWING']);
  await electors[2]?.close();
  const left = electors.filter((_, i) => i !== 2);
  for (const elector of left) elector.roleEnded();
  const from = performance.now();
  const second = await Promise.all(left.map((e) => look(e, { zxid: 9n })));
  expect(second.map((d) => d.leader)).toEqual([5n, 5n, 5n, 5n]);
  // At once: nobody waits for a better vote, which cannot come. The limit is what a busy machine needs.
  expect(performance.now() - from).toBeLessThan(150);
});
