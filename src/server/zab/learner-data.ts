/** The data of the packets a learner sends, and of those only it gets (facts 9). */
import { hi32, lo32, put32, put64 } from '../../base/halves.ts';
import { encode } from '../../jute/schema.ts';
import { JuteWriter } from '../../jute/writer.ts';
import {
  AckEpoch,
  DesignatedLeader,
  ForwardedRequest,
  LEARNER_PROTOCOL,
  LearnerInfo,
  RevalidateRequest,
  RevalidateResponse,
} from '../../protocol/quorum.ts';

/** Bytes of one touched session in a PING. */
const TOUCH_BYTES = 12;

/** FOLLOWERINFO's and OBSERVERINFO's data. */
export const learnerInfo = (sid: bigint, configVersion: bigint): Buffer =>
  encode(LearnerInfo, { serverid: sid, protocolVersion: LEARNER_PROTOCOL, configVersion });

/** ACKEPOCH's data. */
export const ackEpoch = (currentEpoch: bigint): Buffer =>
  encode(AckEpoch, { currentEpoch: Number(currentEpoch) });

/** REQUEST's data. */
export function forwardedRequest(session: bigint, cxid: number, op: number, body: Buffer): Buffer {
  const data = Buffer.allocUnsafe(ForwardedRequest.minBytes + body.length);
  // By hand, since every write of a learner's clients comes by here.
  put64(data, 0, hi32(session), lo32(session));
  put32(data, 8, cxid);
  put32(data, 12, op);
  body.copy(data, ForwardedRequest.minBytes);
  return data;
}

/** REVALIDATE's data. */
export const revalidateRequest = (session: bigint, timeoutMs: number): Buffer =>
  encode(RevalidateRequest, { sessionId: session, timeout: timeoutMs });

/** The leader's answer to REVALIDATE; undefined when it is none. */
export function readRevalidated(data: Buffer | null): { session: bigint; valid: boolean } | undefined {
  if (data?.length !== RevalidateResponse.minBytes) return undefined;
  return { session: data.readBigInt64BE(0), valid: data[8] !== 0 };
}

/** The designated leader of COMMITANDACTIVATE, and how many bytes it takes; undefined when it is missing. */
export function readDesignated(data: Buffer | null): { sid: bigint; bytes: number } | undefined {
  if (data === null || data.length < DesignatedLeader.minBytes) return undefined;
  return { sid: data.readBigInt64BE(0), bytes: DesignatedLeader.minBytes };
}

/**
 * The data of the answers to a PING: the sessions, one behind the other, in as many packets as it takes for
 * none to be larger than `bytesMax`. One at least.
 */
export function touchPackets(touches: ReadonlyMap<bigint, number>, bytesMax: number): Buffer[] {
  const perPacket = Math.max(1, Math.floor(bytesMax / TOUCH_BYTES));
  const packets: Buffer[] = [];
  const writer = new JuteWriter(Math.min(touches.size, perPacket) * TOUCH_BYTES);
  let left = perPacket;
  for (const [session, timeoutMs] of touches) {
    if (left === 0) {
      packets.push(writer.copy());
      writer.reset();
      left = perPacket;
    }
    writer.writeLong(session);
    writer.writeInt(timeoutMs);
    left--;
  }
  packets.push(writer.copy());
  return packets;
}
