/** What a learner sends and reads, as bytes (facts 9). */
import { JuteWriter } from '../../jute/writer.ts';
import { LEARNER_PROTOCOL, LearnerInfo } from '../../protocol/quorum.ts';

const TOUCH_BYTES = 12;
const SID_BYTES = 8;

/** FOLLOWERINFO and OBSERVERINFO: who it is. */
export function learnerInfo(sid: bigint, configVersion: bigint): Buffer {
  const w = new JuteWriter(32);
  LearnerInfo.write(w, { serverid: sid, protocolVersion: LEARNER_PROTOCOL, configVersion });
  return Buffer.from(w.bytes());
}

/** ACKEPOCH: the epoch the learner comes from; -1 when it had accepted the new one before. */
export function ackEpoch(currentEpoch: bigint): Buffer {
  const data = Buffer.alloc(4);
  data.writeInt32BE(Number(currentEpoch));
  return data;
}

/** REQUEST: a client's request. */
export function forwardedRequest(session: bigint, cxid: number, op: number, body: Buffer): Buffer {
  const data = Buffer.allocUnsafe(16 + body.length);
  data.writeBigInt64BE(session, 0);
  data.writeInt32BE(cxid, 8);
  data.writeInt32BE(op, 12);
  body.copy(data, 16);
  return data;
}

/** REVALIDATE towards the leader. */
export function revalidateRequest(session: bigint, timeoutMs: number): Buffer {
  const data = Buffer.alloc(TOUCH_BYTES);
  data.writeBigInt64BE(session, 0);
  data.writeInt32BE(timeoutMs, 8);
  return data;
}

/** REVALIDATE back; undefined where it is not as it should be. */
export function readRevalidated(data: Buffer | null): { session: bigint; valid: boolean } | undefined {
  if (data?.length !== 9) return undefined;
  return { session: data.readBigInt64BE(0), valid: data[8] !== 0 };
}

/** The leader a committed reconfiguration names, and how many bytes say so; undefined where there are too few. */
export function readDesignated(data: Buffer | null): { sid: bigint; bytes: number } | undefined {
  if (data === null || data.length < SID_BYTES) return undefined;
  return { sid: data.readBigInt64BE(0), bytes: SID_BYTES };
}

/** The data of PING replies that tell of these touches: at least one, none above `bytesMax`. */
export function touchPackets(touches: ReadonlyMap<bigint, number>, bytesMax: number): Buffer[] {
  const inOne = Math.max(Math.floor(bytesMax / TOUCH_BYTES), 1);
  const packets: Buffer[] = [];
  let data = Buffer.alloc(Math.min(touches.size, inOne) * TOUCH_BYTES);
  let at = 0;
  let left = touches.size;
  for (const [session, timeoutMs] of touches) {
    if (at === data.length) {
      packets.push(data);
      data = Buffer.alloc(Math.min(left, inOne) * TOUCH_BYTES);
      at = 0;
    }
    data.writeBigInt64BE(session, at);
    data.writeInt32BE(timeoutMs, at + 8);
    at += TOUCH_BYTES;
    left--;
  }
  packets.push(data);
  return packets;
}
