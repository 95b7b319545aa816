/** What a client says over a network that tells of it. */

import { describe, expect, test } from 'vitest';
import { ZkClient } from '../../../src/client/client.ts';
import { ClientTap } from '../../../src/inspect/trace/client-tap.ts';
import type { RequestKey } from '../../../src/inspect/trace/sightings.ts';
import { FakeServer } from '../../client/fake-server.ts';
import { World } from '../../client/world.ts';

const isAnswered = ({ client }: RequestKey): boolean => client?.answeredMs !== undefined;

function tapped(limit = 10) {
  const world = new World();
  const server = new FakeServer(world);
  const tap = new ClientTap(world.net, world, limit);
  const ports = { net: tap, clock: world, timers: world, random: world.random };
  const client = new ZkClient({ servers: 'zk:2181' }, ports);
  return { world, server, tap, client };
}
const shown = (tap: ClientTap) =>
  tap.requests.map(({ cxid, client }) => `${cxid} ${client?.op} ${client?.path} ${client?.err}`);

describe('requests and their answers', () => {
  test('each with operation, path, number and code; nothing while it is not taking', async () => {
    const { world, tap, client } = tapped();
    await world.settle();
    const before = client.create('/a', 'x');
    await world.settle();
    await before;
    tap.taking = true;
    const made = [client.set('/a', 'y'), client.exists('/nope'), client.get('/nope').catch(() => {})];
    await world.settle();
    await Promise.all(made);
    expect(shown(tap)).toEqual(['2 setData /a 0', '3 exists /nope -101', '4 getData /nope -101']);
    expect(tap.requests.every(({ session }) => session === client.sessionId)).toBe(true);
    expect(tap.requests.every(isAnswered)).toBe(true);
    expect(tap.requests[0]?.client?.to).toContain('zk:2181');
  });

  test('the beginning and the end of a session', async () => {
    const { world, tap, client } = tapped();
    tap.taking = true;
    await world.settle();
    const closing = client.close();
    await world.settle();
    await closing;
    expect(shown(tap)).toEqual(['0 createSession  0', '1 closeSession  0']);
    expect(tap.requests[0]?.session).toBe(client.sessionId);
  });

  test('no more than the limit; the others are counted', async () => {
    const { world, tap, client } = tapped(2);
    await world.settle();
    tap.taking = true;
    const made = ['/', '/', '/', '/', '/'].map((path) => client.exists(path));
    await world.settle();
    await Promise.all(made);
    expect(tap.requests).toHaveLength(2);
    expect(tap.untaken).toBe(3);
  });

  test('without an answer it says so', async () => {
    const { world, server, tap, client } = tapped();
    await world.settle();
    server.mute = true;
    tap.taking = true;
    void client.exists('/').catch(() => {});
    await world.settle();
    expect(shown(tap)).toEqual(['1 exists / undefined']);
    expect(tap.requests.every(isAnswered)).toBe(false);
  });

  test('an answer that is none is the concern of the client', async () => {
    const { world, server, tap, client } = tapped();
    await world.settle();
    tap.taking = true;
    server.spoil = () => Buffer.from('ffffffffff', 'hex');
    const asked = client.exists('/').catch((error: unknown) => error);
    await world.settle();
    expect(await asked).toBeInstanceOf(Error);
    expect(tap.requests.every(isAnswered)).toBe(false);
  });
});
