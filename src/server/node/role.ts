/** A member of an ensemble leads, follows or observes: one role after the other, each with an end. */
import type { ClientPort } from '../net/client-port.ts';
import type { SessionPasswords } from '../session/session-password.ts';
import type { Decision } from './elector.ts';
import type { EnsembleView } from './ensemble-view.ts';
import type { ServerHost } from './server-host.ts';
import type { ServiceGate } from './service-gate.ts';
import type { Store } from './store.ts';
import type { ServerWorld } from './world.ts';

/** What every role of a member works with; all of it outlives the role. */
export interface RoleParts {
  readonly sid: bigint;
  readonly world: ServerWorld;
  readonly store: Store;
  readonly port: ClientPort;
  /** Where the server that clients talk to is put once it may serve. */
  readonly gate: ServiceGate;
  readonly ensemble: EnsembleView;
  /** Shared by the servers of the ensemble. */
  readonly passwords: SessionPasswords;
  readonly host: ServerHost;
}

/** What a role tells the member. */
export interface RoleOwner {
  /** The leader's epoch stands: votes say so from now on. */
  epochEstablished(epoch: bigint): void;
  /** A reconfiguration named this leader: the next election ends with it at once. */
  designated(leader: bigint): void;
  /** The epoch a server's own history is of, as its last vote for itself said; undefined where unknown. */
  claimedEpoch(sid: bigint): bigint | undefined;
  /** The role is over; said once. */
  over(why: string): void;
}

/** One role, from an election to the next. */
export interface Role {
  readonly decision: Decision;
  start(): void;
  /** Ends everything of the role but the log, which the member settles. Said once, also after `over`. */
  end(why: string): Promise<void>;
}
