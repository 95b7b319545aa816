/** What an election needs to know, and what it does to the world around it. */
import type { Notification } from '../../protocol/election.ts';
import type { Decision } from './vote.ts';

/** The times of an election, ms. */
export interface ElectionTimes {
  /** First pause before a vote is said again (`fastleader.minNotificationInterval`); it doubles each time. */
  readonly minNotificationMs: number;
  /** Longest such pause (`fastleader.maxNotificationInterval`). */
  readonly maxNotificationMs: number;
  /** How long a better vote is waited for once a quorum agrees, where one may still come. */
  readonly finalizeWaitMs: number;
}

/** What a server has to offer in an election. */
export interface Candidate {
  /** Its last logged zxid. */
  readonly zxid: bigint;
  /** Its currentEpoch. */
  readonly peerEpoch: bigint;
  /** False for an observer. */
  readonly participant: boolean;
}

/** The effects of an election. */
export interface ElectionEffects {
  /** Sends a notification to a server, which need not be connected; a newer one replaces one that waits. */
  send(to: bigint, notification: Notification): void;
  /** That server says nothing although it was asked several times: its connection may be a dead one. */
  silent(sid: bigint): void;
  /** There is a leader; said once for each `look`. */
  decided(decision: Decision): void;
  /** Another server knows a newer configuration, as text. */
  configGossiped(text: string): void;
  /** What was decided does not hold, before its leader was established: too many changed their minds. */
  outvoted(why: string): void;
}
