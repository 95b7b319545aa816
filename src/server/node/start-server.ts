/** Starts a server as its configuration says: alone, or as a member of an ensemble. */
import type { ServerConfig } from '../config/server-config.ts';
import type { RunningServer } from './running-server.ts';
import type { ServerHost } from './server-host.ts';
import { startMember } from './start-member.ts';
import { startStandalone } from './start-standalone.ts';
import type { ServerWorld } from './world.ts';

/**
 * Starts a server. Resolves once a standalone server serves, or the ports of a member are open. Rejects with
 * a `ZktError`; nothing is left running or half written then.
 */
export async function startServer(
  config: ServerConfig,
  world: ServerWorld,
  host: ServerHost,
): Promise<RunningServer> {
  const { membership } = config.quorum;
  if (membership !== undefined) return startMember(config, membership, world, host);
  const { server, ...running } = await startStandalone(config, world, host);
  return { ...running, server, peer: undefined };
}
