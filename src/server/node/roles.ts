/** Where the server that clients see meets the machine that agrees with the other servers. */
import type { Id } from '../../protocol/acl.ts';

/** What a leading server's chain asks of the leader's machine. */
export interface Broadcast {
  /**
   * A transaction was appended to this server's log (not yet synced): send it to the followers. `entry`
   * does not change any more. `membership` is the configuration a reconfig proposes, as its text.
   */
  propose(zxid: bigint, entry: Buffer, membership: string | undefined): void;
  /** Calls `done` once a quorum has confirmed, after this call, that this server leads (for `sync`). */
  confirm(done: () => void): void;
  /** This server can lead no longer: its epoch has no zxid left, or its disk no room. */
  stepDown(why: string): void;
}

/** What a learning server's chain asks of its leader. */
export interface Upstream {
  /**
   * Forwards a request; its transaction comes back through `LearnerServer.apply`, a `sync` through `synced`.
   */
  request(session: bigint, cxid: number, op: number, body: Buffer, ids: readonly Id[]): void;
  /** Asks whether a session lives; the answer comes through `LearnerServer.revalidated`. */
  revalidate(session: bigint, timeoutMs: number): void;
}

/** What a server does at the moment; `mode` in `srvr` and `stat`, and `isro`. */
export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';
