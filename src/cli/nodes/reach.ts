import { ZktError } from '../../base/errors.ts';
import type { Client } from '../../client/api.ts';
import { SERVER_CLOSED } from '../../client/connect-waiters.ts';

/** An election is over by then, or the ensemble has no quorum. */
const ELECTION_MS = 3_000;

/**
 * Waits until the client is connected; every server is tried once. Where one is there and does not serve, an
 * election may be under way, and is worth a wait. Rejects as `Client.connected` does.
 */
export async function reach(client: Client, timeoutMs: number): Promise<void> {
  try {
    await client.connected(timeoutMs, 1);
  } catch (error) {
    if (!(error instanceof ZktError && error.message.endsWith(SERVER_CLOSED))) throw error;
    await client.connected(Math.min(timeoutMs, ELECTION_MS));
  }
}
