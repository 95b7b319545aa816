/**
 * How a learner gets from its history to the leader's (facts 9.2): DIFF, TRUNC or SNAP, decided by the last
 * zxid it has.
 *
 * TRUNC is sound only towards a zxid that the learner's log is certain to hold, that is one of an epoch both
 * took part in: within one epoch every history is a prefix of the leader's. `zxid`s whose counter is 0 are
 * marks of an epoch's beginning and no transactions: they are never a target of TRUNC.
 */
import { epochOf } from '../../base/brands.ts';
import { lo32 } from '../../base/halves.ts';
import type { DiskReading, LeaderHistory } from './leader-history.ts';
import type { ProposalWindow } from './proposal-window.ts';

/** What decides. */
export interface SyncInput {
  /** The last zxid the learner has logged. */
  readonly peer: bigint;
  /** The epoch of this leader. */
  readonly epoch: bigint;
  /** What the leader has applied. */
  readonly history: LeaderHistory;
  /** What it has proposed and not applied. */
  readonly window: ProposalWindow;
  /** Sends a snapshot whatever the learner has (`zookeeper.forceSnapshotSync`). */
  readonly forceSnapshot?: boolean;
}

/** What is done. */
export interface SyncPlan {
  readonly kind: 'DIFF' | 'TRUNC' | 'SNAP';
  /** Of the DIFF or TRUNC packet; meaningless for SNAP, whose zxid is that of the tree when it is sent. */
  readonly zxid: bigint;
  /** What the learner has once it has obeyed: everything after it follows. Of SNAP: see `zxid`. */
  readonly position: bigint;
  /** Where the reading from disk has begun. */
  readonly reading?: DiskReading;
  /** In words, for the event. */
  readonly why: string;
}

const snap = (why: string): SyncPlan => ({ kind: 'SNAP', zxid: -1n, position: -1n, why });

/** The plan for one learner. */
export function planSync(input: SyncInput): SyncPlan {
  const { peer, epoch, history, window } = input;
  const { applied } = history;
  // Not behind what it has logged and may have been committed for that: until it had logged it anew, there
  // would be a copy less than a quorum counts on.
  if (input.forceSnapshot === true && !window.has(peer)) return snap('snapshots are forced');
  if (peer === applied) return { kind: 'DIFF', zxid: peer, position: peer, why: 'it has everything' };
  if (peer === epoch << 32n && applied < peer) {
    return { kind: 'DIFF', zxid: peer, position: applied, why: 'it has everything before this epoch' };
  }
  if (peer > applied) return planAhead(peer, epoch, applied, window);
  if (peer >= history.floor) return planCached(peer, history);
  return planFromDisk(peer, history);
}

/** The learner's last transaction is newer than what is applied here. */
function planAhead(peer: bigint, epoch: bigint, applied: bigint, window: ProposalWindow): SyncPlan {
  if (window.has(peer)) {
    return { kind: 'DIFF', zxid: peer, position: peer, why: 'it has some of what is under way' };
  }
  if (lo32(peer) === 0) return snap('it has seen the start of an epoch this server has nothing of');
  if (BigInt(epochOf(peer)) >= epoch)
    return snap('it has transactions of this epoch that were never proposed');
  if (lo32(applied) === 0) return snap('this server has no transaction to cut back to');
  return { kind: 'TRUNC', zxid: applied, position: applied, why: 'it has more than was committed' };
}

/** The learner's last transaction lies in the range of the committed log. */
function planCached(peer: bigint, history: LeaderHistory): SyncPlan {
  const { cache, applied, floor } = history;
  const missed = (why: string): SyncPlan => ({ kind: 'DIFF', zxid: applied, position: peer, why });
  if (peer === floor) return missed('all it misses is in memory');
  const place = cache.placeOf(peer);
  const found = cache.zxidAt(place);
  if (found === peer) return missed('all it misses is in memory');
  if (lo32(peer) === 0) return missed('all of the epoch it has seen the start of is in memory');
  const before = place > 0 ? cache.zxidAt(place - 1) : floor;
  if (epochOf(found) !== epochOf(peer) || epochOf(before) !== epochOf(peer) || lo32(before) === 0) {
    return snap('its last transaction is of an epoch that ended before it');
  }
  return { kind: 'TRUNC', zxid: before, position: before, why: 'its last transaction is unknown here' };
}

/** The learner's last transaction is older than the committed log. */
function planFromDisk(peer: bigint, history: LeaderHistory): SyncPlan {
  const reading = history.readDisk(peer, false);
  if (reading === undefined) return snap('what it misses is no longer in the log, or longer than a snapshot');
  const { first, rest } = reading;
  const next = first.zxid === peer ? rest.next() : { done: false as const, value: first };
  // The data may be newer than the log all the same: that of a snapshot, of an epoch without a transaction
  // say. Nobody could be brought from here to there.
  if (next.done === true) return snap('the log ends with its last transaction, and what is applied is newer');
  if (first.zxid === peer || lo32(peer) === 0) {
    return {
      kind: 'DIFF',
      zxid: history.applied,
      position: peer,
      reading: { first: next.value, rest },
      why: 'all it misses is in the log',
    };
  }
  rest.return?.();
  return snap('its last transaction is not in the log');
}
