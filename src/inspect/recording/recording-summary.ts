/** What is in a recording: when, of whom, how much of what, and what is missing. */
import type { EventName, ZktEvent } from '../../events/table.ts';
import type { Recording } from '../../storage/recording/recording.ts';

/** A server in a recording. */
export interface RecordedServer {
  readonly node: string;
  events: number;
  firstMs: number;
  lastMs: number;
  /** As it was told last; empty where it was not. */
  kind: string;
  version: string;
  address: string;
  mode: string;
}

/** A time in which nothing was recorded. */
export interface RecordingGap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** See the head of the file. */
export interface RecordingSummary {
  readonly startMs: number;
  readonly endMs: number;
  /** Events read. */
  readonly events: number;
  readonly byName: ReadonlyMap<EventName, number>;
  readonly servers: readonly RecordedServer[];
  /** The longest, in the order of time. */
  readonly gaps: readonly RecordingGap[];
  readonly gapCount: number;
  /** Events that servers did not send or that were not written, where they were counted. */
  readonly dropped: number;
  /** Time in which servers told nothing of `trace` level as no more was asked for, ms; of all together. */
  readonly restedMs: number;
  /** Counted by `source.lost`. */
  readonly losses: number;
}

/** Samples come once a second: silence for longer than this is a gap, ms. */
const GAP_MS = 5000;
const GAPS_TOLD = 10;
/** Servers told of; what names more is no recording of an ensemble. */
const SERVERS_MAX = 1000;

/** Reads the whole recording. */
export function summarise(recording: Recording): RecordingSummary {
  const summary = new Summary();
  for (const event of recording.events()) summary.take(event);
  return summary.result(recording);
}

class Summary {
  private events = 0;
  private readonly byName = new Map<EventName, number>();
  private readonly servers = new Map<string, RecordedServer>();
  private gaps: RecordingGap[] = [];
  private gapCount = 0;
  private dropped = 0;
  private restedMs = 0;
  private losses = 0;
  private lastMs: number | undefined;

  take(event: ZktEvent): void {
    this.events++;
    this.byName.set(event.name, (this.byName.get(event.name) ?? 0) + 1);
    this.gap(event.time);
    const server = this.server(event);
    if (server === undefined) return;
    server.events++;
    server.firstMs = Math.min(server.firstMs, event.time);
    server.lastMs = Math.max(server.lastMs, event.time);
    this.look(event, server);
  }

  result({ startMs, endMs }: Recording): RecordingSummary {
    const { events, byName, gapCount, dropped, restedMs, losses } = this;
    const order = (a: RecordedServer, b: RecordedServer): number =>
      Number(a.node) - Number(b.node) || (a.node < b.node ? -1 : 1);
    return {
      ...{ startMs, endMs, events, gapCount, dropped, restedMs, losses },
      byName: new Map([...byName].sort((a, b) => b[1] - a[1])),
      servers: [...this.servers.values()].sort(order),
      gaps: this.gaps.sort((a, b) => a.fromMs - b.fromMs),
    };
  }

  private gap(timeMs: number): void {
    const before = this.lastMs;
    this.lastMs = Math.max(before ?? timeMs, timeMs);
    if (before === undefined || timeMs - before <= GAP_MS) return;
    this.gapCount++;
    this.gaps.push({ fromMs: before, toMs: timeMs });
    if (this.gaps.length <= GAPS_TOLD) return;
    this.gaps.sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs));
    this.gaps.pop();
  }

  private server({ node, time }: ZktEvent): RecordedServer | undefined {
    const known = this.servers.get(node);
    if (known !== undefined || this.servers.size >= SERVERS_MAX) return known;
    const unknown = { kind: '', version: '', address: '', mode: '' };
    const server: RecordedServer = { node, events: 0, firstMs: time, lastMs: time, ...unknown };
    this.servers.set(node, server);
    return server;
  }

  private look(event: ZktEvent, server: RecordedServer): void {
    switch (event.name) {
      case 'server.sampled':
        server.mode = event.fields.mode;
        server.kind = event.fields.kind || server.kind;
        server.version = event.fields.version || server.version;
        server.address = event.fields.address || server.address;
        break;
      case 'source.connected':
        server.kind = event.fields.kind;
        server.version = event.fields.version;
        server.address = event.fields.address;
        break;
      case 'server.starting':
        server.version = event.fields.version;
        break;
      case 'source.lost':
        this.losses++;
        break;
      case 'feed.dropped':
        this.dropped += event.fields.count;
        this.restedMs += event.fields.ms;
        break;
      default:
    }
  }
}
