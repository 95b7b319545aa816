/** Records of the election port (facts 8). */
import { JuteError } from '../jute/jute-error.ts';
import { JuteReader } from '../jute/reader.ts';
import { JuteWriter } from '../jute/writer.ts';

/** Protocol versions of the opening message. A value >= 0 is a bare server id of 3.4. */
export const ELECTION_PROTOCOL = { v1: -65536n, v2: -65535n } as const;
/** Longest address text in an opening message, bytes. */
export const ELECTION_ADDRESS_MAX = 2048;
/** Longest election message, bytes. */
export const ELECTION_MESSAGE_MAX = 512 * 1024;

/** The first bytes of an election connection: who dials, and where it can be dialled back. */
export interface InitialMessage {
  readonly version: 'legacy' | 'v1' | 'v2';
  readonly sid: bigint;
  /** `host:port` each; empty for `legacy`. */
  readonly addresses: readonly string[];
}

/** The bytes of an opening message. */
export function encodeInitialMessage(message: InitialMessage): Buffer {
  const w = new JuteWriter(64);
  if (message.version === 'legacy') {
    w.writeLong(message.sid);
    return w.copy();
  }
  w.writeLong(ELECTION_PROTOCOL[message.version]);
  w.writeLong(message.sid);
  w.writeString(message.addresses.join('|'));
  return w.copy();
}

/**
 * Reads an opening message; undefined while bytes are missing. Throws `JuteError` on an unknown version or
 * length.
 */
export function decodeInitialMessage(bytes: Buffer): { message: InitialMessage; length: number } | undefined {
  if (bytes.length < 8) return undefined;
  const r = new JuteReader(bytes);
  const first = r.readLong();
  if (first >= 0n) return { message: { version: 'legacy', sid: first, addresses: [] }, length: 8 };
  if (first !== ELECTION_PROTOCOL.v1 && first !== ELECTION_PROTOCOL.v2) {
    throw new JuteError('unreasonable-length', 0, `unknown election protocol version ${first}`);
  }
  if (bytes.length < 20) return undefined;
  const sid = r.readLong();
  const addressBytes = r.readInt();
  if (addressBytes < 1 || addressBytes > ELECTION_ADDRESS_MAX) {
    throw new JuteError('unreasonable-length', 16, `unreasonable address length ${addressBytes}`);
  }
  if (r.remaining < addressBytes) return undefined;
  const text = bytes.toString('utf8', r.pos, r.pos + addressBytes);
  const version = first === ELECTION_PROTOCOL.v1 ? 'v1' : 'v2';
  return { message: { version, sid, addresses: text.split('|') }, length: 20 + addressBytes };
}

/** What a server is doing, as votes tell it. */
export const SERVER_STATE = { LOOKING: 0, FOLLOWING: 1, LEADING: 2, OBSERVING: 3 } as const;
/** The name of a server state. */
export type ServerState = keyof typeof SERVER_STATE;
/** Server states by number. */
export const SERVER_STATE_NAMES: readonly ServerState[] = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'];

/** A vote with its sender's state. `config` is the committed configuration's text, in version 2. */
export interface Notification {
  readonly state: ServerState;
  readonly leader: bigint;
  readonly zxid: bigint;
  readonly electionEpoch: bigint;
  readonly peerEpoch: bigint;
  readonly version: number;
  readonly config: string | undefined;
}

/** The version zkt writes. */
export const NOTIFICATION_VERSION = 2;

/** The body of a notification of version 2. */
export function encodeNotification(n: Notification): Buffer {
  const w = new JuteWriter(64);
  w.writeInt(SERVER_STATE[n.state]);
  w.writeLong(n.leader);
  w.writeLong(n.zxid);
  w.writeLong(n.electionEpoch);
  w.writeLong(n.peerEpoch);
  w.writeInt(NOTIFICATION_VERSION);
  w.writeString(n.config ?? '');
  return w.copy();
}

/**
 * Reads a notification of any version, told apart by length: 28 bytes have no peer epoch, 40 are 3.4's, more
 * carry a version and, from version 2, a configuration. Undefined for what Apache ignores: short or malformed
 * ones.
 */
export function decodeNotification(bytes: Buffer): Notification | undefined {
  if (bytes.length < 28) return undefined;
  const r = new JuteReader(bytes);
  const state = SERVER_STATE_NAMES[r.readInt()];
  if (state === undefined) return undefined;
  const leader = r.readLong();
  const zxid = r.readLong();
  const electionEpoch = r.readLong();
  const base = { state, leader, zxid, electionEpoch };
  if (bytes.length === 28) return { ...base, peerEpoch: zxid >> 32n, version: 0, config: undefined };
  if (bytes.length < 40) return undefined;
  const peerEpoch = r.readLong();
  if (bytes.length === 40) return { ...base, peerEpoch, version: 0, config: undefined };
  const version = r.readInt();
  if (version <= 1) return { ...base, peerEpoch, version, config: undefined };
  if (r.remaining < 4) return undefined;
  const length = r.readInt();
  if (length < 0 || length > r.remaining) return undefined;
  return { ...base, peerEpoch, version, config: bytes.toString('utf8', r.pos, r.pos + length) };
}
