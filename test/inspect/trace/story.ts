/** Made-up requests: what three servers and a client would tell of them, on clocks of their own. */
import type { EventName, FieldsOf, ZktEvent } from '../../../src/events/table.ts';
import type { RequestKey } from '../../../src/inspect/trace/sightings.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';

export const SESSION = 0x1000a2b3c4d0001n;
export const ZXID = 0x100000007n;
/** When the client sent it, ms since 1970. */
export const START_MS = 1_800_000_000_000;

/** Tells events of several nodes, each on its own clock. */
export class Teller {
  readonly events: ZktEvent[] = [];
  private readonly seqs = new Map<string, number>();
  private readonly skewMs: Readonly<Record<string, number>>;

  constructor(skewMs: Readonly<Record<string, number>> = {}) {
    this.skewMs = skewMs;
  }

  /** An event of `node`, `atMs` after the start by the true clock. */
  tell<N extends EventName>(node: string, atMs: number, name: N, fields: FieldsOf<N>): this {
    const seq = (this.seqs.get(node) ?? 0) + 1;
    this.seqs.set(node, seq);
    const time = START_MS + atMs + (this.skewMs[node] ?? 0);
    this.events.push({ name, node, seq, time, fields } as ZktEvent);
    return this;
  }
}

export const key = (over: Partial<NonNullable<RequestKey['client']>> = {}, cxid = 5): RequestKey => ({
  session: SESSION,
  cxid,
  client: {
    sentMs: START_MS,
    op: 'setData',
    path: '/a',
    bytes: 40,
    answeredMs: START_MS + 3.42,
    err: 0,
    ...over,
  },
});

const mine = { session: SESSION, cxid: 5 };
const op = 'setData';

/** Names and roles of the servers, as their streams begin. */
export function presents(t: Teller, kinds: Readonly<Record<string, 'zkt' | 'apache'>>): void {
  for (const [node, kind] of Object.entries(kinds)) {
    t.tell(node, -50, 'source.connected', { address: `127.0.0.1:218${node}`, kind, version: '' });
    if (kind === 'zkt') {
      t.tell(node, -49, 'feed.began', { version: '', sid: BigInt(node), replayed: 0, forgotten: 0 });
    }
  }
}

/** What server 3, the leader, tells of a write that server 1 forwarded; ACKs of 2 come before those of 1. */
export function leaderTells(t: Teller, followers: readonly string[] = ['1', '2'], lateAckMs = 2.6): void {
  t.tell('3', 0.62, 'request.arrived', { ...mine, op, from: BigInt(followers.includes('1') ? '1' : '4') });
  t.tell('3', 0.75, 'request.prepared', { ...mine, op, zxid: ZXID, err: 0 });
  for (const peer of followers) {
    t.tell('3', 0.8, 'zab.packet-sent', { peer: BigInt(peer), type: PACKET.PROPOSAL, zxid: ZXID, bytes: 60 });
  }
  t.tell('3', 0.81, 'zab.proposed', { ...mine, zxid: ZXID, bytes: 60, followers: followers.length });
  t.tell('3', 1.72, 'log.synced', { count: 1, zxid: ZXID, ms: 0.71 });
  t.tell('3', 1.73, 'zab.acked', { sid: 3n, zxid: ZXID });
  t.tell('3', 2.2, 'zab.packet-received', { peer: 2n, type: PACKET.ACK, zxid: ZXID + 1n, bytes: 0 });
  t.tell('3', 2.21, 'zab.acked', { sid: 2n, zxid: ZXID + 1n });
  t.tell('3', 2.22, 'zab.committed', { zxid: ZXID });
  for (const peer of followers) {
    t.tell('3', 2.23, 'zab.packet-sent', { peer: BigInt(peer), type: PACKET.COMMIT, zxid: ZXID, bytes: 0 });
  }
  t.tell('3', 2.25, 'request.applied', { ...mine, zxid: ZXID });
  if (followers.includes('1')) t.tell('3', lateAckMs, 'zab.acked', { sid: 1n, zxid: ZXID });
}

/** What a follower tells of a transaction: arrived, on disk, acknowledged, committed. */
export function followerTells(t: Teller, node: string, at: readonly [number, number, number, number]): void {
  const [offered, logged, told, applied] = at;
  t.tell(node, offered, 'zab.packet-received', { peer: 3n, type: PACKET.PROPOSAL, zxid: ZXID, bytes: 60 });
  t.tell(node, offered + 0.01, 'zab.proposal-received', { ...mine, zxid: ZXID, bytes: 60, leader: 3n });
  const tells = [
    () => {
      t.tell(node, logged, 'log.synced', { count: 2, zxid: ZXID + 1n, ms: 0.94 });
      t.tell(node, logged + 0.03, 'zab.packet-sent', {
        peer: 3n,
        type: PACKET.ACK,
        zxid: ZXID + 1n,
        bytes: 0,
      });
    },
    () => t.tell(node, told, 'zab.packet-received', { peer: 3n, type: PACKET.COMMIT, zxid: ZXID, bytes: 0 }),
  ];
  if (logged > told) tells.reverse();
  for (const tell of tells) tell();
  t.tell(node, applied, 'request.applied', { ...mine, zxid: ZXID });
}

/** A write through follower 1; the ACK of 2 makes the quorum. `ownLogMs`: when it is on the disk of 1. */
export function writeThroughFollower(skewMs: Readonly<Record<string, number>> = {}, ownLogMs = 2.3): Teller {
  const t = new Teller(skewMs);
  presents(t, { '1': 'zkt', '2': 'zkt', '3': 'zkt' });
  t.tell('1', 0.2, 'request.received', { ...mine, op, path: '/a', bytes: 40 });
  t.tell('1', 0.35, 'request.forwarded', { ...mine, op });
  leaderTells(t, ['1', '2'], ownLogMs + 0.3);
  followerTells(t, '2', [1.0, 2.02, 2.4, 2.45]);
  followerTells(t, '1', [1.02, ownLogMs, 2.42, Math.max(2.44, ownLogMs + 0.02)]);
  t.tell('1', 3.1, 'request.replied', { ...mine, op, zxid: ZXID, err: 0, ms: 2.9 });
  return t;
}
