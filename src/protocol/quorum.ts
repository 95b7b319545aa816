/** Records of the quorum port (facts 9): packets between a leader and its learners. */
import { bool, buffer, type Infer, int, long, nullableVector, record, tail } from '../jute/schema.ts';
import { Id } from './acl.ts';

/** Packet types. */
export const PACKET = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const;
/** The name of a packet type. */
export type PacketName = keyof typeof PACKET;

/** Every packet; it has no length before it. `authinfo` is null except in REQUEST. */
export const QuorumPacket = record('QuorumPacket', {
  type: int,
  zxid: long,
  data: buffer,
  authinfo: nullableVector(Id),
});
export type QuorumPacket = Infer<typeof QuorumPacket>;

/** Data of FOLLOWERINFO and OBSERVERINFO; older learners send the first 8 or 12 bytes only. */
export const LearnerInfo = record('LearnerInfo', {
  serverid: long,
  protocolVersion: tail(int),
  configVersion: tail(long),
});
export type LearnerInfo = Infer<typeof LearnerInfo>;
/** The protocol version zkt speaks on the quorum port. */
export const LEARNER_PROTOCOL = 0x10000;

/** Data of LEADERINFO. */
export const LeaderInfo = record('LeaderInfo', { protocolVersion: int });
/** Data of ACKEPOCH: the learner's current epoch, or -1 when it had accepted this one already. */
export const AckEpoch = record('AckEpoch', { currentEpoch: int });
/** Data of REVALIDATE towards the leader. */
export const RevalidateRequest = record('RevalidateRequest', { sessionId: long, timeout: int });
/** Data of REVALIDATE back. */
export const RevalidateResponse = record('RevalidateResponse', { sessionId: long, valid: bool });
/** One touched session in a PING reply; they follow each other without a count. */
export const SessionTouch = record('SessionTouch', { sessionId: long, timeout: int });
/** Data of COMMITANDACTIVATE; INFORMANDACTIVATE has the log entry after it. */
export const DesignatedLeader = record('DesignatedLeader', { sid: long });
/** Head of REQUEST's data; the request body's bytes follow. */
export const ForwardedRequest = record('ForwardedRequest', { sessionId: long, cxid: int, type: int });
/** The text that ends a SNAP stream. */
export const SNAP_SIGNATURE = 'BenWasHere';
