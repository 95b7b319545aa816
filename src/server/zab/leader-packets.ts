/** What learners send, read with distrust: a packet that is not what it should be is a `BadPacket`. */
import { epochOf } from '../../base/brands.ts';
import { get32, get64 } from '../../base/halves.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { Id } from '../../protocol/acl.ts';
import { LEARNER_PROTOCOL, LearnerInfo } from '../../protocol/quorum.ts';
import type { Forwarded } from './leader-effects.ts';

/**
 * A packet that this side can make nothing of; the message says why, for the event. Ends that connection
 * alone.
 */
export class BadPacket extends Error {
  override readonly name = 'BadPacket';
}

/** Who a learner is. */
export interface Introduction {
  /** Undefined where the oldest learners say nothing. */
  readonly sid: bigint | undefined;
  /**
   * False for versions from before epochs were agreed on: such a learner has promised nothing, so it never
   * votes.
   */
  readonly promises: boolean;
  /** 0 where it has none. */
  readonly configVersion: bigint;
  readonly acceptedEpoch: bigint;
}

const TOUCH_BYTES = 12;
const FORWARDED_HEAD_BYTES = 16;

/** FOLLOWERINFO and OBSERVERINFO. */
export function readIntroduction(zxid: bigint, data: Buffer | null): Introduction {
  const acceptedEpoch = BigInt(epochOf(zxid));
  if (acceptedEpoch < 0n || zxid < 0n) throw new BadPacket(`it accepted epoch ${acceptedEpoch}`);
  if (data === null || data.length === 0) {
    return { sid: undefined, promises: false, configVersion: 0n, acceptedEpoch };
  }
  if (data.length !== 8 && data.length !== 12 && data.length !== 20) {
    throw new BadPacket(`an introduction of ${data.length} bytes`);
  }
  const { serverid, protocolVersion, configVersion } = reading(() => LearnerInfo.read(new JuteReader(data)));
  if (serverid < 0n) throw new BadPacket(`its id is ${serverid}`);
  return {
    sid: serverid,
    promises: (protocolVersion ?? 0) >= LEARNER_PROTOCOL,
    configVersion: configVersion ?? 0n,
    acceptedEpoch,
  };
}

/** ACKEPOCH: the learner's current epoch; -1 when it had accepted this one before. */
export function readAckEpoch(data: Buffer | null): bigint {
  if (data?.length !== 4) throw new BadPacket('an ACKEPOCH without an epoch');
  const epoch = data.readInt32BE(0);
  if (epoch < -1) throw new BadPacket(`its current epoch is ${epoch}`);
  return BigInt(epoch);
}

/** The touches in a PING reply, one after the other. */
export function readTouches(data: Buffer | null, touch: (session: bigint, timeoutMs: number) => void): void {
  if (data === null) return;
  if (data.length % TOUCH_BYTES !== 0) throw new BadPacket(`touches of ${data.length} bytes`);
  for (let at = 0; at < data.length; at += TOUCH_BYTES)
    touch(data.readBigInt64BE(at), data.readInt32BE(at + 8));
}

/** A client came to a learner with a session. */
export interface Revalidation {
  readonly session: bigint;
  readonly timeoutMs: number;
}

/** REVALIDATE. */
export function readRevalidate(data: Buffer | null): Revalidation {
  if (data?.length !== TOUCH_BYTES) throw new BadPacket('a REVALIDATE without a session');
  return { session: data.readBigInt64BE(0), timeoutMs: data.readInt32BE(8) };
}

/** REQUEST. The body is a view on the packet. */
export function readForwarded(data: Buffer | null, ids: readonly Id[] | null): Forwarded {
  if (data === null || data.length < FORWARDED_HEAD_BYTES) throw new BadPacket('a REQUEST without a request');
  return {
    session: get64(data, 0),
    cxid: get32(data, 8),
    op: get32(data, 12),
    body: data.subarray(FORWARDED_HEAD_BYTES),
    ids: ids ?? [],
  };
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof JuteError) throw new BadPacket(thrown.message);
    throw thrown;
  }
}
