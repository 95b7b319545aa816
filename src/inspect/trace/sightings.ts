/**
 * What the events of servers say of one request: per server and stage, when. Events find their request by
 * (session, cxid), then by its zxid; what is said of everything up to a zxid counts from the first time it
 * covers it.
 */

import type { EventName, ZktEvent } from '../../events/table.ts';
import { CLIENT, type TraceStageName } from '../../events/trace.ts';
import { PACKET } from '../../protocol/quorum.ts';

/** A request as the client that made it saw it. Times are stamps, ms since 1970. */
export interface ClientSaw {
  readonly sentMs: number;
  readonly op: string;
  readonly path: string;
  readonly bytes: number;
  /** `host:port` of the server it went to, by every name it is known by. */
  readonly to?: readonly string[];
  /** Undefined while there is no answer. */
  readonly answeredMs: number | undefined;
  readonly err: number | undefined;
}

/** Which request; and what its client saw of it, where it is one of ours. */
export interface RequestKey {
  readonly session: bigint;
  readonly cxid: number;
  readonly client?: ClientSaw;
}

/** A stage, or what a leader sent (which is where a packet's way begins). */
export type SightedStage = TraceStageName | 'offer-sent' | 'tell-sent';

/** Something seen once. */
export interface Sighting {
  readonly stage: SightedStage;
  readonly node: string;
  /** Whose ACK; to whom a packet went. */
  readonly peer: string | undefined;
  /** As stamped, ms since 1970. */
  timeMs: number;
  /** Order among the events of its node. */
  seq: number;
  fsyncMs?: number;
  bytes?: number;
}

/** All that is known of one request, before it is put in order. */
export interface Sightings {
  readonly key: RequestKey;
  readonly all: ReadonlyMap<string, Sighting>;
  readonly op: string;
  readonly path: string;
  readonly zxid: bigint | undefined;
  readonly err: number | undefined;
  /** Nodes that got it by INFORM. */
  readonly observers: ReadonlySet<string>;
}

/** How a sighting is found again. */
export const sightingKey = (stage: SightedStage, node: string, peer?: string): string =>
  `${stage} ${node} ${peer ?? ''}`;

type PacketEvent = Pick<
  Extract<ZktEvent, { name: 'zab.packet-sent' | 'zab.packet-received' }>,
  'name' | 'node' | 'time' | 'seq' | 'fields'
>;
const INFORM_TYPES: ReadonlySet<number> = new Set([PACKET.INFORM, PACKET.INFORMANDACTIVATE]);
const COMMIT_TYPES: ReadonlySet<number> = new Set([
  PACKET.COMMIT,
  PACKET.COMMITANDACTIVATE,
  PACKET.INFORM,
  PACKET.INFORMANDACTIVATE,
]);

/** Collects what events say of one request, whose zxid is known if it has one. */
class SightingCollector implements Sightings {
  readonly key: RequestKey;
  readonly all = new Map<string, Sighting>();
  readonly observers = new Set<string>();
  op = '';
  path = '';
  readonly zxid: bigint | undefined;
  err: number | undefined;

  constructor(key: RequestKey, zxid: bigint | undefined) {
    this.key = key;
    this.zxid = zxid;
    const { client } = key;
    if (client === undefined) return;
    this.op = client.op;
    this.path = client.path;
    this.err = client.err;
    this.see('sent', CLIENT, undefined, client.sentMs, 0).bytes = client.bytes;
    if (client.answeredMs !== undefined) this.see('answered', CLIENT, undefined, client.answeredMs, 1);
  }

  /** Takes an event that is of this request; others are passed over. */
  take(event: ZktEvent): void {
    const { name, node, time, seq, fields } = event;
    switch (name) {
      case 'request.received':
        if (!this.isMine(fields)) return;
        this.op ||= fields.op;
        this.path ||= fields.path;
        this.see('received', node, undefined, time, seq).bytes ??= fields.bytes;
        return;
      case 'request.forwarded':
        if (!this.isMine(fields)) return;
        this.op ||= fields.op;
        this.see('forwarded', node, undefined, time, seq);
        return;
      case 'request.arrived':
        if (!this.isMine(fields)) return;
        this.op ||= fields.op;
        this.see('arrived', node, String(fields.from), time, seq);
        return;
      case 'request.prepared':
        if (!this.isMine(fields)) return;
        this.op ||= fields.op;
        if (fields.err !== 0) this.err ??= fields.err;
        this.see('prepared', node, undefined, time, seq);
        return;
      case 'request.applied':
        if (!this.isMine(fields)) return;
        this.see('applied', node, undefined, time, seq);
        return;
      case 'request.replied':
        if (!this.isMine(fields)) return;
        this.op ||= fields.op;
        this.err ??= fields.err;
        this.see('replied', node, undefined, time, seq);
        return;
      default:
        this.takeTransaction(event);
    }
  }

  /** A proposal is told of once it has been sent to all: it was proposed when the first was sent. */
  finish(): void {
    for (const { stage, node, timeMs } of this.all.values()) {
      if (stage !== 'offer-sent') continue;
      const proposed = this.all.get(sightingKey('proposed', node));
      if (proposed !== undefined && timeMs < proposed.timeMs) proposed.timeMs = timeMs;
    }
  }

  /** What is said of the transaction, by its zxid or by who asked for it. */
  private takeTransaction({ name, node, time, seq, fields }: ZktEvent): void {
    switch (name) {
      case 'request.logged':
        if (!this.isMine(fields)) return;
        this.logged(node, time, seq, fields.ms);
        return;
      case 'log.synced':
        if (this.isCovered(fields.zxid)) this.logged(node, time, seq, fields.ms);
        return;
      case 'zab.proposed':
        if (!this.isMine(fields)) return;
        this.see('proposed', node, undefined, time, seq).bytes ??= fields.bytes;
        return;
      case 'zab.proposal-received':
        if (!this.isMine(fields)) return;
        this.see('offered', node, String(fields.leader), time, seq).bytes ??= fields.bytes;
        return;
      case 'zab.acked':
        if (this.isCovered(fields.zxid)) this.see('counted', node, String(fields.sid), time, seq);
        return;
      case 'zab.committed':
        if (fields.zxid === this.zxid) this.see('committed', node, undefined, time, seq);
        return;
      case 'zab.packet-sent':
      case 'zab.packet-received':
        this.packet({ name, node, time, seq, fields });
        return;
      default:
        return;
    }
  }

  private packet({ name, node, time, seq, fields }: PacketEvent): void {
    const sent = name === 'zab.packet-sent';
    const peer = String(fields.peer);
    const { type, zxid } = fields;
    if (type === PACKET.ACK) {
      if (this.isCovered(zxid)) this.see(sent ? 'acked' : 'counted', node, peer, time, seq);
      return;
    }
    if (zxid !== this.zxid) return;
    if (type === PACKET.PROPOSAL) this.see(sent ? 'offer-sent' : 'offered', node, peer, time, seq);
    if (COMMIT_TYPES.has(type)) this.see(sent ? 'tell-sent' : 'told', node, peer, time, seq);
    if (INFORM_TYPES.has(type)) this.observers.add(sent ? peer : node);
  }

  private isMine({ session, cxid }: { readonly session: bigint; readonly cxid: number }): boolean {
    return session === this.key.session && cxid === this.key.cxid;
  }

  private isCovered(upTo: bigint): boolean {
    return this.zxid !== undefined && upTo >= this.zxid;
  }

  private logged(node: string, time: number, seq: number, ms: number): void {
    const seen = this.see('logged', node, undefined, time, seq);
    if (ms >= 0) seen.fsyncMs ??= ms;
  }

  /** The first of its kind counts: packets and events tell of the same moment, one a little later. */
  private see(
    stage: SightedStage,
    node: string,
    peer: string | undefined,
    timeMs: number,
    seq: number,
  ): Sighting {
    const at = sightingKey(stage, node, PER_PEER.has(stage) ? peer : undefined);
    const before = this.all.get(at);
    if (before === undefined) {
      const seen: Sighting = { stage, node, peer, timeMs, seq };
      this.all.set(at, seen);
      return seen;
    }
    if (timeMs < before.timeMs) {
      before.timeMs = timeMs;
      before.seq = seq;
    }
    return before;
  }
}

/** Of these there is one for each peer. */
const PER_PEER: ReadonlySet<SightedStage> = new Set<SightedStage>(['counted', 'offer-sent', 'tell-sent']);

/** What names the zxid of the transaction that a request became. */
const NAMES_ZXID: ReadonlySet<EventName> = new Set<EventName>([
  'request.prepared',
  'request.logged',
  'request.applied',
  'zab.proposed',
  'zab.proposal-received',
]);

/** The zxid a request got, if the event says so. */
export function zxidIn({ name, fields }: ZktEvent, key: RequestKey): bigint | undefined {
  if (!NAMES_ZXID.has(name)) return undefined;
  const { session, cxid, zxid } = fields as { session?: bigint; cxid?: number; zxid?: bigint };
  if (session !== key.session || cxid !== key.cxid) return undefined;
  return zxid !== undefined && zxid > 0n ? zxid : undefined;
}

/** What events say of one request; each node's in its own order, nodes mixed in any. */
export function sightingsOf(events: readonly ZktEvent[], key: RequestKey): Sightings {
  let zxid: bigint | undefined;
  for (const event of events) {
    zxid = zxidIn(event, key);
    if (zxid !== undefined) break;
  }
  const collector = new SightingCollector(key, zxid);
  for (const event of events) collector.take(event);
  collector.finish();
  return collector;
}
