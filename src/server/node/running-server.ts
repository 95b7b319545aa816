import type { QuorumPeer } from './quorum-peer.ts';
import type { ServingServer } from './serving-server.ts';

/** A server that runs. */
export interface RunningServer {
  /** Where clients connect. */
  readonly host: string;
  readonly port: number;
  /** The server that clients talk to at the moment; undefined while a member has no leader. */
  readonly server: ServingServer | undefined;
  /** Undefined for a standalone server. */
  readonly peer: QuorumPeer | undefined;
  /** Stops in good order. */
  stop(reason: string): Promise<void>;
}
