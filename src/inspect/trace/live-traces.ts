/**
 * Traces of requests as they end, whoever made them, out of the running events of an ensemble. A request is
 * over when it was answered and a little time has passed for the others to tell of it. Time is an input.
 */
import { Fifo } from '../../base/ring.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Trace } from '../../events/trace.ts';
import { assembleAll } from './assemble.ts';
import { EventBook } from './event-book.ts';
import { Faces } from './faces.ts';
import type { RequestKey } from './sightings.ts';

/** Events of other servers may come so much later than the answer, ms. */
const LINGER_MS = 200;
/** Requests answered and not yet shown; those that find no room are counted. */
const ENDED_MAX = 4_096;

/** Which requests are wanted; what is left out, any. */
export interface LiveWanted {
  readonly session?: bigint;
  /** A path and what is below it. */
  readonly path?: string;
  readonly ops?: ReadonlySet<string>;
  /** Those that took at least so long, ms. */
  readonly slowerMs?: number;
}

/** What was not seen. */
export interface Unseen {
  /** Events that servers, or the way from them, dropped. */
  events: number;
  /** Time in which servers did not tell, by budget, ms; the longest of any server. */
  untoldMs: number;
  /** Requests of which only a part was seen. */
  partial: number;
  /** Requests that found no room here. */
  crowded: number;
}

interface Ended {
  readonly key: RequestKey;
  readonly dueMs: number;
}

/** See the head of the file. */
export class LiveTraces {
  readonly unseen: Unseen = { events: 0, untoldMs: 0, partial: 0, crowded: 0 };
  private readonly wanted: LiveWanted;
  private readonly book = new EventBook();
  private readonly faces: Faces;
  private readonly ended = new Fifo<Ended>();
  private readonly untold = new Map<string, number>();

  /** `faces` of what was heard before; it is kept up to date. */
  constructor(wanted: LiveWanted, faces = new Faces()) {
    this.wanted = wanted;
    this.faces = faces;
  }

  /** Takes any event; `nowMs` is any clock that runs, the one of `due`. */
  take(event: ZktEvent, nowMs: number): void {
    this.faces.take(event);
    if (event.name === 'feed.dropped') this.dropped(event.node, event.fields);
    this.book.take(event);
    if (event.name === 'request.replied') this.end(event.fields.session, event.fields.cxid, nowMs);
  }

  /** Those that are over by now, and wanted. */
  due(nowMs: number): Trace[] {
    const traces: Trace[] = [];
    for (let next = this.ended.peek(); next !== undefined && next.dueMs <= nowMs; next = this.ended.peek()) {
      this.ended.shift();
      const trace = this.finish(next.key);
      if (trace !== undefined) traces.push(trace);
    }
    return traces;
  }

  private dropped(node: string, { count, ms }: { readonly count: number; readonly ms: number }): void {
    this.unseen.events += count;
    const total = (this.untold.get(node) ?? 0) + ms;
    this.untold.set(node, total);
    this.unseen.untoldMs = Math.max(this.unseen.untoldMs, total);
  }

  private end(session: bigint, cxid: number, nowMs: number): void {
    // Pings and credentials bear numbers below 0.
    if (cxid < 0 || (this.wanted.session ?? session) !== session) {
      this.book.forget({ session, cxid });
      return;
    }
    if (this.ended.length >= ENDED_MAX) this.unseen.crowded++;
    else this.ended.push({ key: { session, cxid }, dueMs: nowMs + LINGER_MS });
  }

  private finish(key: RequestKey): Trace | undefined {
    const events = this.book.eventsOf(key);
    this.book.forget(key);
    if (!events.some(({ name }) => name === 'request.received')) {
      this.unseen.partial++;
      return undefined;
    }
    const [trace] = assembleAll(events, [key], this.faces);
    return trace !== undefined && this.isWanted(trace) ? trace : undefined;
  }

  private isWanted({ op, path, totalMs }: Trace): boolean {
    const { path: parent, ops, slowerMs } = this.wanted;
    if (ops !== undefined && !ops.has(op)) return false;
    if (slowerMs !== undefined && (totalMs ?? 0) < slowerMs) return false;
    if (parent === undefined) return true;
    return path === parent || path.startsWith(parent.endsWith('/') ? parent : `${parent}/`);
  }
}
