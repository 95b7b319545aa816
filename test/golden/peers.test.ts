/** Every packet that Apache's servers sent each other decodes, and encodes to the same bytes again. */
import { describe, expect, it } from 'vitest';
import { JuteReader } from '../../src/jute/reader.ts';
import { type Codec, encode } from '../../src/jute/schema.ts';
import {
  decodeInitialMessage,
  decodeNotification,
  encodeInitialMessage,
  encodeNotification,
  NOTIFICATION_VERSION,
} from '../../src/protocol/election.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { OPERATION_BY_CODE } from '../../src/protocol/operations.ts';
import {
  AckEpoch,
  DesignatedLeader,
  ForwardedRequest,
  LEARNER_PROTOCOL,
  LeaderInfo,
  LearnerInfo,
  PACKET,
  type PacketName,
  QuorumPacket,
  RevalidateRequest,
  RevalidateResponse,
  SessionTouch,
  SNAP_SIGNATURE,
} from '../../src/protocol/quorum.ts';
import { decodeEntry } from '../../src/protocol/txn.ts';
import { PEER_RECORDINGS, type PeerRow, peerConnections, peerRows } from './peer-rows.ts';

const hex = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('hex');
const NAMES = new Map<number, PacketName>(
  Object.entries(PACKET).map(([name, type]) => [type, name as PacketName]),
);

/** Reads all of the bytes with one codec after the other; what they encode to together. */
function again(bytes: Buffer, ...codecs: readonly Codec<unknown>[]): string {
  const r = new JuteReader(bytes);
  const parts = codecs.map((codec) => encode(codec, codec.read(r)));
  return Buffer.concat([...parts, bytes.subarray(r.pos)]).toString('hex');
}

const packetOf = (row: PeerRow): { packet: QuorumPacket; length: number } => {
  const r = new JuteReader(row.bytes);
  return { packet: QuorumPacket.read(r), length: r.pos };
};

/** An entry of a log: header, transaction and, unless it changes nothing, the digest. */
const expectEntry = (bytes: Buffer, zxid: bigint): void => {
  const entry = decodeEntry(bytes);
  expect(entry?.header.zxid).toBe(zxid);
  expect(entry?.digest?.version, `digest of a ${entry?.txn.type}`).toBe(
    entry?.txn.type === OP.error ? undefined : 2,
  );
};

/** The data of each type, field by field. */
const DATA: Record<PacketName, (packet: QuorumPacket, data: Buffer) => void> = {
  REQUEST: (_packet, data) => {
    const r = new JuteReader(data);
    const head = ForwardedRequest.read(r);
    expect(head.sessionId).not.toBe(0n);
    const body = data.subarray(r.pos);
    const codec = OPERATION_BY_CODE.get(head.type)?.request;
    if (head.type === OP.createSession) expect(body).toHaveLength(4);
    else if (head.type === OP.closeSession) expect(body).toHaveLength(0);
    else expect(codec && again(body, codec)).toBe(hex(body));
    expect(again(data, ForwardedRequest)).toBe(hex(data));
  },
  PROPOSAL: ({ zxid }, data) => expectEntry(data, zxid),
  INFORM: ({ zxid }, data) => expectEntry(data, zxid),
  INFORMANDACTIVATE: ({ zxid }, data) => {
    expect(again(data, DesignatedLeader)).toBe(hex(data));
    expectEntry(data.subarray(8), zxid);
  },
  COMMITANDACTIVATE: (_packet, data) => {
    expect(data).toHaveLength(8);
    expect([1n, 2n, 3n, 4n]).toContain(DesignatedLeader.read(new JuteReader(data)).sid);
  },
  PING: (_packet, data) => {
    const touches = Array.from({ length: data.length / 12 }, () => SessionTouch);
    expect(again(data, ...touches)).toBe(hex(data));
  },
  REVALIDATE: (_packet, data) => {
    expect(again(data, data.length === 12 ? RevalidateRequest : RevalidateResponse)).toBe(hex(data));
  },
  FOLLOWERINFO: (_packet, data) => expectLearner(data),
  OBSERVERINFO: (_packet, data) => expectLearner(data),
  LEADERINFO: (_packet, data) => {
    expect(LeaderInfo.read(new JuteReader(data)).protocolVersion).toBe(LEARNER_PROTOCOL);
    expect(again(data, LeaderInfo)).toBe(hex(data));
  },
  ACKEPOCH: (_packet, data) => expect(again(data, AckEpoch)).toBe(hex(data)),
  NEWLEADER: (_packet, data) => expect(data.toString('utf8')).toMatch(/^server\.1=.*\nversion=[0-9a-f]+$/s),
  ACK: nothing,
  COMMIT: nothing,
  SYNC: nothing,
  UPTODATE: nothing,
  DIFF: nothing,
  TRUNC: nothing,
  SNAP: nothing,
};

function nothing(packet: QuorumPacket): void {
  expect(packet.data).toBeNull();
}

function expectLearner(data: Buffer): void {
  const { protocolVersion, configVersion } = LearnerInfo.read(new JuteReader(data));
  expect(protocolVersion).toBe(LEARNER_PROTOCOL);
  expect(configVersion).toBeTypeOf('bigint');
  expect(again(data, LearnerInfo)).toBe(hex(data));
}

describe.each(PEER_RECORDINGS)('quorum port, %s', (name) => {
  const rows = peerRows('quorum', name).filter((row) => !row.end);

  it('every packet, byte for byte', () => {
    for (const row of rows.filter((it) => !it.raw)) {
      const { packet, length } = packetOf(row);
      expect(length, row.note).toBe(row.bytes.length);
      expect(hex(encode(QuorumPacket, packet)), row.note).toBe(hex(row.bytes));
      // Those of a client have its identities; what a server asks for itself (a new session) has none.
      const own = packet.type !== PACKET.REQUEST || packet.data?.readInt32BE(12) === OP.createSession;
      expect(packet.authinfo === null, row.note).toBe(own);
    }
  });

  it('the data of every packet, byte for byte', () => {
    for (const row of rows.filter((it) => !it.raw)) {
      const { packet } = packetOf(row);
      const check = DATA[NAMES.get(packet.type) as PacketName];
      check(packet, packet.data ?? Buffer.alloc(0));
    }
  });

  it('the order of every handshake', () => {
    for (const { dialler, rows: all } of peerConnections(rows)) {
      const types = all.map((row) => (row.raw ? 'snapshot' : NAMES.get(packetOf(row).packet.type)));
      expect(types[0]).toMatch(/^(FOLLOWER|OBSERVER)INFO$/);
      expect(types.slice(1, 3)).toEqual(['LEADERINFO', 'ACKEPOCH']);
      expect(types[3]).toMatch(/^(DIFF|TRUNC|SNAP)$/);
      expect(types[4] === 'snapshot').toBe(types[3] === 'SNAP');
      expect(types.indexOf('UPTODATE')).toBeGreaterThan(types.indexOf('NEWLEADER'));
      const acks = all.filter((row) => row.from === dialler && packetOf(row).packet.type === PACKET.ACK);
      // To NEWLEADER and to UPTODATE; between them transactions that were proposed meanwhile.
      const ofEpoch = acks.filter((row) => (packetOf(row).packet.zxid & 0xffffffffn) === 0n);
      expect(ofEpoch.length).toBe(2);
    }
  });

  it('snapshots end with their signature', () => {
    for (const { bytes } of rows.filter((it) => it.raw)) {
      expect(bytes.toString('utf8', bytes.length - SNAP_SIGNATURE.length)).toBe(SNAP_SIGNATURE);
    }
  });
});

it('the recordings have packets of every type', () => {
  const seen = new Set<PacketName | undefined>();
  for (const name of PEER_RECORDINGS) {
    const rows = peerRows('quorum', name).filter((row) => !row.end && !row.raw);
    for (const row of rows) seen.add(NAMES.get(packetOf(row).packet.type));
  }
  expect([...seen].sort()).toEqual(Object.keys(PACKET).sort());
});

describe.each(PEER_RECORDINGS)('election port, %s', (name) => {
  const rows = peerRows('election', name).filter((row) => !row.end);

  it('every opening, byte for byte', () => {
    for (const { dialler, rows: all } of peerConnections(rows)) {
      const [first] = all as [PeerRow];
      const opening = decodeInitialMessage(first.bytes);
      expect(opening?.length).toBe(first.bytes.length);
      expect(opening?.message.sid).toBe(BigInt(dialler));
      expect(opening && hex(encodeInitialMessage(opening.message))).toBe(hex(first.bytes));
      // Every prefix of it is waited for.
      for (let cut = 0; cut < first.bytes.length; cut++)
        expect(decodeInitialMessage(first.bytes.subarray(0, cut))).toBeUndefined();
    }
  });

  it('every notification, byte for byte', () => {
    for (const { rows: all } of peerConnections(rows)) {
      for (const { bytes, note } of all.slice(1)) {
        expect(bytes.readInt32BE(0), note).toBe(bytes.length - 4);
        const notification = decodeNotification(bytes.subarray(4));
        if (notification === undefined) throw new Error(`${note} is not understood`);
        expect(notification.version, note).toBe(NOTIFICATION_VERSION);
        expect(hex(encodeNotification(notification)), note).toBe(hex(bytes.subarray(4)));
      }
    }
  });

  it('the smaller id never keeps a connection it opened', () => {
    for (const { dialler, rows: all } of peerConnections(rows)) {
      const other = all.map((row) => (row.from === dialler ? row.to : row.from))[0] as number;
      if (dialler < other) expect(all, `${dialler} to ${other}`).toHaveLength(1);
    }
  });
});

it('the recordings have notifications of every state', () => {
  const rows = PEER_RECORDINGS.flatMap((name) => peerConnections(peerRows('election', name)));
  const all = rows.flatMap((conn) => conn.rows.slice(1).filter((row) => !row.end));
  const states = new Set(all.map((row) => decodeNotification(row.bytes.subarray(4))?.state));
  expect([...states].sort()).toEqual(['FOLLOWING', 'LEADING', 'LOOKING', 'OBSERVING']);
});
