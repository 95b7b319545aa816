/**
 * Events of several servers, kept so that those of one request are found: by (session, cxid), by its zxid,
 * and what is said of everything up to a zxid by who says it. Each shelf has a limit; what came first goes
 * first.
 */
import type { EventName, ZktEvent } from '../../events/table.ts';
import { PACKET } from '../../protocol/quorum.ts';
import { type RequestKey, zxidIn } from './sightings.ts';

/** How much is kept. */
export interface BookLimits {
  /** Requests at a time. */
  readonly requests: number;
  /** Events of one request, or of one zxid: a server tells some dozen. */
  readonly eventsEach: number;
  /** Words of one server about everything up to a zxid. */
  readonly coversEach: number;
}

const LIMITS: BookLimits = { requests: 4_096, eventsEach: 128, coversEach: 4_096 };
const UP_TO: ReadonlySet<EventName> = new Set<EventName>(['log.synced', 'zab.acked']);

type Fields = Readonly<Record<string, string | number | boolean | bigint | undefined>>;
type Cover = ZktEvent & { readonly fields: { readonly zxid: bigint } };

/** How a request is called here. */
const requestName = (session: bigint, cxid: number): string => `${session}/${cxid}`;

/** See the head of the file. */
export class EventBook {
  /** Events that found no room, or pushed others out. */
  lost = 0;
  private readonly limits: BookLimits;
  private readonly requests = new Map<string, ZktEvent[]>();
  private readonly txns = new Map<bigint, ZktEvent[]>();
  /** Ascending by zxid, as each server says it. */
  private readonly covers = new Map<string, Cover[]>();

  constructor(limits: Partial<BookLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
  }

  /** Requests of which something is known. */
  get size(): number {
    return this.requests.size;
  }

  /** Takes any event; those that are of no request are passed over. */
  take(event: ZktEvent): void {
    const { session, cxid, zxid, type } = event.fields as Fields;
    if (typeof session === 'bigint' && typeof cxid === 'number') {
      this.keep(this.requests, requestName(session, cxid), event);
    } else if (typeof zxid !== 'bigint') return;
    else if (UP_TO.has(event.name) || (isPacket(event) && type === PACKET.ACK)) this.cover(event as Cover);
    else if (event.name === 'zab.committed' || isPacket(event)) this.keep(this.txns, zxid, event);
  }

  /** What is known of a request, each server's events in its own order. */
  eventsOf(key: RequestKey): ZktEvent[] {
    const own = this.requests.get(requestName(key.session, key.cxid)) ?? [];
    let zxid: bigint | undefined;
    for (const event of own) zxid ??= zxidIn(event, key);
    if (zxid === undefined) return [...own];
    const covering = [...this.covers.values()].flatMap((covers) => firstFrom(covers, zxid) ?? []);
    const events = [...own, ...(this.txns.get(zxid) ?? []), ...covering];
    return events.sort((a, b) => (a.node === b.node ? a.seq - b.seq : a.node < b.node ? -1 : 1));
  }

  /** Keeps nothing of a request any more. */
  forget({ session, cxid }: RequestKey): void {
    const name = requestName(session, cxid);
    const own = this.requests.get(name) ?? [];
    this.requests.delete(name);
    for (const event of own) {
      const zxid = zxidIn(event, { session, cxid });
      if (zxid !== undefined) this.txns.delete(zxid);
    }
  }

  private keep<K>(shelf: Map<K, ZktEvent[]>, key: K, event: ZktEvent): void {
    const found = shelf.get(key);
    if (found === undefined) {
      shelf.set(key, [event]);
      if (shelf.size > this.limits.requests) this.dropOldest(shelf);
    } else if (found.length < this.limits.eventsEach) found.push(event);
    else this.lost++;
  }

  private dropOldest<K>(shelf: Map<K, ZktEvent[]>): void {
    for (const [key, events] of shelf) {
      shelf.delete(key);
      this.lost += events.length;
      return;
    }
  }

  private cover(event: Cover): void {
    const { peer, sid } = event.fields as Fields;
    const who = `${event.name} ${event.node} ${peer ?? sid ?? ''}`;
    const covers = this.covers.get(who) ?? [];
    this.covers.set(who, covers);
    const last = covers.at(-1);
    // A new epoch may begin lower than a dead leader's proposals: what it covers now counts.
    if (last !== undefined && event.fields.zxid < last.fields.zxid) {
      while ((covers.at(-1)?.fields.zxid ?? -1n) >= event.fields.zxid) covers.pop();
    } else if (last !== undefined && event.fields.zxid === last.fields.zxid) return;
    covers.push(event);
    if (covers.length > this.limits.coversEach) covers.splice(0, covers.length >> 1);
  }
}

const isPacket = ({ name }: ZktEvent): boolean =>
  name === 'zab.packet-sent' || name === 'zab.packet-received';

/** The first that covers the zxid. */
function firstFrom(covers: readonly Cover[], zxid: bigint): Cover | undefined {
  let from = 0;
  let to = covers.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((covers[middle] as Cover).fields.zxid < zxid) from = middle + 1;
    else to = middle;
  }
  return covers[from];
}
