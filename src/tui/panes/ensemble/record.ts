/** What the ensemble pane keeps of one server. */
import { Ring } from '../../../base/ring.ts';
import { namesAtLevel } from '../../../events/bus.ts';
import type { EventName, FieldsOf, ZktEvent } from '../../../events/table.ts';
import { besides, wordsOf } from '../../../formatters/event-words.ts';
import { lagBehind } from '../../../inspect/ensemble/judge.ts';
import { Series } from '../../series.ts';

/** Warnings kept of a server. */
const WARNINGS_MAX = 50;
/** Things kept that cannot be known of a server. */
const LIMITS_MAX = 24;
/** Warnings that come again this soon are one, counted. */
const SAME_WARNING_MS = 10_000;
/** Of what holds a server up, as much is kept as happened in this time. */
export const RECENT_MS = 60_000;
const RECENT_MAX = 200;

/** What was measured last; see `server.sampled`. */
export type Sample = FieldsOf<'server.sampled'>;

/** Something that was told of a server. */
export interface Told {
  /** When it happened last. */
  time: number;
  readonly name: EventName;
  readonly text: string;
  readonly bad: boolean;
  /** How often in a row. */
  times: number;
}

/** Moments of one kind: when, and how long each was. */
class Recent {
  private readonly kept = new Ring<{ readonly time: number; readonly ms: number }>(RECENT_MAX);

  /** Adds a moment. */
  add(time: number, ms: number): void {
    this.kept.push({ time, ms });
  }

  /** Those within `RECENT_MS` before `nowMs`. */
  within(nowMs: number): { readonly count: number; readonly longestMs: number; readonly sumMs: number } {
    let [count, longestMs, sumMs] = [0, 0, 0];
    for (const { time, ms } of this.kept) {
      if (time < nowMs - RECENT_MS || time > nowMs + RECENT_MS) continue;
      count++;
      sumMs += ms;
      longestMs = Math.max(longestMs, ms);
    }
    return { count, longestMs, sumMs };
  }
}

/** The numbers of a server that have a history. */
export const HISTORIES = [
  'requestsPerS',
  'writesPerS',
  'latencyP50Ms',
  'latencyP99Ms',
  'fsyncP99Ms',
  'outstanding',
  'connections',
  'heapBytes',
  'cpuPercent',
] as const satisfies readonly (keyof Sample)[];
/** The name of one of them. */
export type HistoryName = (typeof HISTORIES)[number];

/** Names the pane reads. */
export const RECORD_NAMES: readonly EventName[] = [
  ...new Set<EventName>([
    'server.sampled',
    'server.starting',
    'server.serving',
    'server.stopping',
    'server.stopped',
    'peer.state',
    'peer.role-ended',
    'election.decided',
    'zab.learner-sampled',
    'zab.synced',
    'zab.established',
    'loop.gc',
    'loop.stalled',
    'log.slow-sync',
    'request.throttled',
    'connection.throttled',
    'disk.full',
    'disk.recovered',
    'source.connected',
    'source.limited',
    'source.lost',
    'source.refused',
    ...namesAtLevel('warn'),
  ]),
];

/** One server. */
export class ServerRecord {
  readonly node: string;
  /** Undefined before the first. */
  sample: Sample | undefined;
  sampledMs = 0;
  readonly series: Readonly<Record<HistoryName, Series>>;
  /** Why it does not answer; undefined while it does. */
  lost: { readonly time: number; readonly why: string } | undefined;
  /** Why it does not answer us. */
  refused: string | undefined;
  stopping = false;
  diskFullMs: number | undefined;
  /**
   * Transactions the leader had that it had not: as its leader sees it, else by comparing; -1 for unknown.
   */
  lag = -1;
  /** When its leader told of it. */
  lagToldMs = 0;
  readonly gc = new Recent();
  readonly stalls = new Recent();
  readonly slowSyncs = new Recent();
  readonly throttles = new Recent();
  /** What happened to it, newest last. */
  readonly told = new Ring<Told>(WARNINGS_MAX);
  /** What cannot be known of it. */
  readonly limits = new Set<string>();

  constructor(node: string) {
    this.node = node;
    this.series = Object.fromEntries(HISTORIES.map((it) => [it, new Series()])) as Record<
      HistoryName,
      Series
    >;
  }

  /** Takes an event about it in. */
  take(event: ZktEvent): void {
    const { time } = event;
    switch (event.name) {
      case 'server.sampled':
        this.sampled(event.fields, time);
        return;
      case 'zab.learner-sampled':
        return;
      case 'loop.gc':
        this.gc.add(time, event.fields.ms);
        return;
      case 'request.throttled':
      case 'connection.throttled':
        this.throttles.add(time, 0);
        return;
      case 'source.limited':
        if (this.limits.size < LIMITS_MAX) this.limits.add(event.fields.what);
        return;
      case 'loop.stalled':
        this.stalls.add(time, event.fields.ms);
        break;
      case 'log.slow-sync':
        this.slowSyncs.add(time, event.fields.ms);
        break;
      default:
        this.change(event);
    }
    this.tell(event);
  }

  /**
   * A server and its leader tell their zxids at different moments; `leader` is what the leader told before.
   */
  compare(leader: bigint | undefined, time: number): void {
    const zxid = this.sample?.zxid ?? -1n;
    if (time - this.lagToldMs < 5_000) return;
    this.lag = leader === undefined || leader < 0n || zxid < 0n ? -1 : lagBehind(leader, zxid);
  }

  private sampled(sample: Sample, time: number): void {
    this.sample = sample;
    this.sampledMs = time;
    this.lost = undefined;
    for (const name of HISTORIES) this.series[name].add(time, sample[name]);
  }

  private change(event: ZktEvent): void {
    switch (event.name) {
      case 'source.lost':
        this.lost = { time: event.time, why: event.fields.why };
        break;
      case 'source.refused':
        this.refused = event.fields.why;
        break;
      case 'source.connected':
        this.lost = undefined;
        this.refused = undefined;
        this.limits.clear();
        break;
      case 'server.starting':
        this.stopping = false;
        this.diskFullMs = undefined;
        break;
      case 'server.stopping':
        this.stopping = true;
        break;
      case 'server.serving':
        this.stopping = false;
        this.lost = undefined;
        break;
      case 'disk.full':
        this.diskFullMs = event.time;
        break;
      case 'disk.recovered':
        this.diskFullMs = undefined;
        break;
      default:
    }
  }

  private tell(event: ZktEvent): void {
    const sentence = wordsOf(event);
    const more = besides(event, sentence).map(([key, value]) => `${key} ${value}`);
    const text = more.length === 0 ? sentence : `${sentence} ${more.join(', ')}`;
    const last = this.told.at(this.told.length - 1);
    if (last?.name === event.name && (last.text === text || event.time - last.time < SAME_WARNING_MS)) {
      last.times++;
      last.time = event.time;
      if (last.text === text) return;
      last.times--;
    }
    this.told.push({ time: event.time, name: event.name, text, bad: BAD.has(event.name), times: 1 });
  }
}

const BAD: ReadonlySet<EventName> = new Set(namesAtLevel('warn'));
