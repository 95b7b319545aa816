/** The beginning of a learner's connection: who it is, and the epoch it agrees to (facts 9.1). */
import { PACKET } from '../../protocol/quorum.ts';
import { ackEpoch, learnerInfo } from './learner-data.ts';
import { type LearnerOptions, SNAPSHOT_ZXID } from './learner-options.ts';

/** A packet to be sent. */
interface Packet {
  readonly type: number;
  readonly zxid: bigint;
  readonly data: Buffer;
}

/** The first packet of a learner. */
export function greeting(options: LearnerOptions): Packet {
  const { kind, sid, configVersion, acceptedEpoch } = options;
  const type = kind === 'observer' ? PACKET.OBSERVERINFO : PACKET.FOLLOWERINFO;
  return { type, zxid: acceptedEpoch << 32n, data: learnerInfo(sid, configVersion) };
}

/** What a leader's first packet comes to. */
export interface EpochOffer {
  readonly epoch: bigint;
  /** The epoch is to be accepted, durably, before `answer` leaves. */
  readonly isNew: boolean;
  /** ACKEPOCH; undefined for a leader older than 3.4, which begins with NEWLEADER and knows no ACKEPOCH. */
  readonly answer: Packet | undefined;
}

/**
 * Reads a leader's first packet: LEADERINFO, or the NEWLEADER of an old one. A text says why it is none to
 * follow. A server that has accepted the epoch before (from this very leader) says so with -1, and does not
 * count twice.
 */
export function readOffer(options: LearnerOptions, type: number, zxid: bigint): EpochOffer | string {
  if (type !== PACKET.LEADERINFO && type !== PACKET.NEWLEADER) {
    return `a packet of type ${type} where LEADERINFO was due`;
  }
  const epoch = zxid >> 32n;
  const { acceptedEpoch, currentEpoch, lastLogged } = options;
  if (epoch < acceptedEpoch) return `epoch ${epoch} is over: this server has accepted ${acceptedEpoch}`;
  const isNew = epoch > acceptedEpoch;
  if (type === PACKET.NEWLEADER) return { epoch, isNew, answer: undefined };
  const data = ackEpoch(isNew ? currentEpoch : -1n);
  const told = options.wantsSnapshot === true ? SNAPSHOT_ZXID : lastLogged;
  return { epoch, isNew, answer: { type: PACKET.ACKEPOCH, zxid: told, data } };
}
