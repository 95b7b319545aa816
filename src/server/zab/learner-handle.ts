/** What the leader knows of one connection of its quorum port. */

import { OP } from '../../protocol/opcodes.ts';
import type { Forwarded, LearnerPort } from './leader-effects.ts';
import type { HistoryCursor } from './leader-history.ts';
import type { Revalidation } from './leader-packets.ts';

/**
 * How far a learner is.
 *
 * - `greeting`: connected; it has not said who it is.
 * - `epoch`: it waits for the epoch, or was told of it and has not accepted yet.
 * - `accepted`: it has accepted; it waits until a quorum has.
 * - `snapshot`: a snapshot is to be sent to it.
 * - `history`: what it missed is being sent.
 * - `newleader`: all of that was sent, and NEWLEADER; live traffic follows.
 * - `ready`: it has the history on disk (ACK of NEWLEADER); it waits for UPTODATE.
 * - `serving`: UPTODATE was sent.
 * - `gone`: the connection is closed, or about to be.
 */
export type LearnerPhase =
  | 'greeting'
  | 'epoch'
  | 'accepted'
  | 'snapshot'
  | 'history'
  | 'newleader'
  | 'ready'
  | 'serving'
  | 'gone';

/** See the head of the file. */
export class LearnerHandle {
  readonly port: LearnerPort;
  phase: LearnerPhase = 'greeting';
  sid = -1n;
  observer = false;
  /** It takes part in the agreement on epochs; older protocols do not, and never vote. */
  promises = true;
  /** It is a voter of a configuration in force, follows, and promises. */
  votes = false;
  acceptedEpoch = -1n;
  /** It has accepted this epoch, and said which it came from: it counts. */
  epochCounts = false;
  /** The last zxid it had logged when it came. */
  peerZxid = 0n;
  /** While its history is sent. */
  cursor: HistoryCursor | undefined;
  sentEntries = 0;
  sentBytes = 0;
  plan: 'DIFF' | 'TRUNC' | 'SNAP' | undefined;
  /** It has, or was sent as committed, everything up to here; COMMITs for it begin after. */
  base = 0n;
  /** The last proposal it was sent, or had. */
  sent = 0n;
  /** It has everything up to here on disk. */
  acked = -1n;
  /** Until which tick it counts as synced. */
  heardUntilTick: number;
  /** What is to be acked until which tick, so that it is not dropped. */
  owes: { readonly zxid: bigint; readonly untilTick: number } | undefined;
  /** Pings sent since UPTODATE, and how many of them were answered. */
  pings = 0;
  pongs = 0;
  /** The round of confirmation it was last asked in, the ping that asked, and the round it confirmed last. */
  askedRound = 0;
  askedPing = 0;
  confirmedRound = 0;
  /**
   * A `sync` of it waits, and behind that all it forwarded since. A session that comes back waits, too: what
   * it left behind would be taken for a request of its new connection otherwise.
   */
  syncing = false;
  readonly behindSync: (Forwarded | Revalidation)[] = [];
  /** Bytes of the bodies in it. */
  behindSyncBytes = 0;

  constructor(port: LearnerPort, heardUntilTick: number) {
    this.port = port;
    this.heardUntilTick = heardUntilTick;
  }

  /** `sync` requests of it that wait. */
  get syncs(): number {
    return this.syncing ? 1 + this.behindSync.filter((it) => 'op' in it && it.op === OP.sync).length : 0;
  }

  get kind(): 'follower' | 'observer' {
    return this.observer ? 'observer' : 'follower';
  }

  /** Live traffic goes to it. */
  get live(): boolean {
    return this.phase === 'newleader' || this.phase === 'ready' || this.phase === 'serving';
  }

  /** It has the history of this epoch on disk. */
  get hasHistory(): boolean {
    return this.phase === 'ready' || this.phase === 'serving';
  }
}
