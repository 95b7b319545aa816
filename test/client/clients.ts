import { afterAll } from 'vitest';
import {
  type Client,
  type ClientOptions,
  connect,
  eventName,
  stateName,
  type WatchEvent,
} from '../../src/client/index.ts';

/** An event on one line. */
export const text = (e: WatchEvent) =>
  `${stateName(e.state)} ${eventName(e.type)} ${e.path}${e.gap ? ` gap ${e.gap}` : ''}`;
/** Waits. */
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds` does. */
export async function until(holds: () => boolean, what: string, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`in vain for ${what}`);
    await sleep(10);
  }
}

const clients: Client[] = [];
/** A client that the tests close in the end. */
export async function open(servers: string, options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = connect({ servers, ...options });
  clients.push(client);
  await client.connected(20_000);
  return client;
}
/** What a promise rejects with. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (e: unknown) => e,
  );

/** Call once in a file: closes what it opened. */
export const closeAll = () =>
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
  });
