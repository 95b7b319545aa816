import { expect } from 'vitest';
import type { ClientOptions, WatchEvent } from '../../src/client/api.ts';
import { eventName, stateName } from '../../src/protocol/watch-types.ts';
import { FakeServer } from './fake-server.ts';
import { World } from './world.ts';

/** An event on one line. */
export const text = (e: WatchEvent) =>
  `${stateName(e.state)} ${eventName(e.type)} ${e.path}${e.gap ? ` gap ${e.gap}` : ''}`;

/** A world with a server and a connected client. */
export async function connected(options: Partial<ClientOptions> = {}) {
  const world = new World();
  const server = new FakeServer(world);
  const client = world.client(options);
  const events: string[] = [];
  client.onEvent((e) => events.push(text(e)));
  await world.settle();
  expect(client.state).toBe('connected');
  events.length = 0;
  /** Settles the world, then the promise. */
  const done = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    await world.settle();
    return promise;
  };
  return { world, server, client, events, done };
}
