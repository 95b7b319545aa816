import { expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { ZkClient } from '../../src/client/client.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { WireTap } from '../../src/sim/wire-tap.ts';
import { patience, SIM_PORT, SimServer, SimWorld } from './sim-server.ts';

/** A server on a disk that can be full, and clients of it. */
class FullDisk {
  readonly world = new SimWorld(1);
  full = false;
  readonly disk = new SimDisk({
    fault: (call) => (this.full && (call === 'write' || call === 'create') ? { code: 'ENOSPC' } : undefined),
    defer: (fn) => this.world.loop.after(1, () => this.world.loop.deliver(fn)),
  });
  readonly server = new SimServer(this.world, { disk: this.disk });
  private readonly people = this.world.process();
  private readonly tap = new WireTap(this.people, this.people);

  client() {
    const net = this.tap.client();
    const ports = { net, clock: this.people, timers: this.people, random: new Prng(2) };
    const options = { servers: `127.0.0.1:${SIM_PORT}`, sessionTimeoutMs: 1000, localExpiry: false };
    return Object.assign(new ZkClient(options, ports), { cut: () => net.cut() });
  }

  /** Lets the world go on until the promise is settled; answers its value, or its error's message. */
  async settled<T>(promise: Promise<T>): Promise<T | string> {
    let outcome: { value: T | string } | undefined;
    promise.then(
      (value) => {
        outcome = { value };
      },
      (error: Error) => {
        outcome = { value: error.message };
      },
    );
    await this.world.run(() => outcome !== undefined, patience(30_000));
    return (outcome as unknown as { value: T | string }).value;
  }
}

it('while the disk is full, writes are refused, reads go on, and sessions end once there is room', async () => {
  const it = new FullDisk();
  await it.server.start();
  const stays = it.client();
  const dies = it.client();
  const leaves = it.client();
  const unlucky = it.client();
  await it.settled(stays.create('/a', 'x'));
  await it.settled(unlucky.exists('/a'));
  await it.settled(dies.create('/dies', null, { mode: 'ephemeral' }));
  await it.settled(leaves.create('/leaves', null, { mode: 'ephemeral' }));

  it.full = true;
  // The first to meet the full disk was taken in before that was known: it gets no answer, and is done later.
  const waits = it.settled(unlucky.create('/waits', null));
  await it.world.pass(20);
  expect(await it.settled(stays.create('/b', 'y'))).toMatch(/SystemError/);
  expect(await it.settled(stays.exists('/a'))).toMatchObject({ version: 0 });
  dies.cut();
  const left = it.settled(leaves.close());
  const late = it.client();
  await it.world.pass(5000);
  await left;
  expect(late.state).toBe('connecting');
  expect(await it.settled(stays.exists('/dies'))).toBeDefined();

  it.full = false;
  await it.world.pass(3000);
  expect(await waits).toMatch(/ConnectionLoss/);
  expect(await it.settled(unlucky.exists('/waits'))).toMatchObject({ version: 0 });
  expect(await it.settled(stays.getChildren('/'))).toMatchObject({
    children: expect.not.arrayContaining(['dies', 'leaves']),
  });
  expect(await it.settled(late.create('/late', null))).toMatchObject({ path: '/late' });
  const { database, tracker } = it.server.running.server;
  const living = [stays, unlucky, late].map(({ sessionId }) => sessionId);
  expect([...database.sessions.keys()].sort()).toEqual(living.sort());
  expect([...tracker.all()]).toHaveLength(3);
});

it('a server starts on a full disk, and serves what there is', async () => {
  const it = new FullDisk();
  await it.server.start();
  const client = it.client();
  await it.settled(client.create('/a', 'x'));
  it.server.process.kill();
  it.disk.powerCut();
  it.disk.revive();
  it.full = true;
  const again = new SimServer(it.world, { disk: it.disk });
  await again.start();
  expect(await it.settled(client.get('/a'))).toMatchObject({ data: Buffer.from('x') });
});
