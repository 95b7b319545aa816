/**
 * `server.sampled` out of the answers to `srvr` and `mntr`. Rates are what counters grew by since the round
 * before; where a counter fell, since the server began anew or its statistics were reset, nothing is known of
 * that span.
 */
import { epochOf } from '../../base/brands.ts';
import type { FieldsOf } from '../../events/table.ts';
import { parseSrvr, type SrvrLines } from '../ensemble/server-answer.ts';
import type { WordAnswer } from './words.ts';

/** Of whom the sample is. */
export interface SampledServer {
  readonly kind: 'zkt' | 'apache';
  readonly id: number | undefined;
  readonly address: string;
  /** Questions it was asked so far. */
  readonly asked: number;
}

type Metrics = ReadonlyMap<string, string>;
/** Counters by name, and when they were read. */
interface Reading {
  readonly ms: number;
  readonly uptimeMs: number;
  readonly counters: ReadonlyMap<string, number>;
}

const NUMBER = /^-?\d{1,15}(\.\d{1,9})?$/;

/** A number of `mntr`; -1 where it is not told, or is none. */
export function metricOf(metrics: Metrics, name: string): number {
  const text = metrics.get(name);
  return text !== undefined && NUMBER.test(text) ? Number(text) : -1;
}

/** Counters that make rates. */
const COUNTERS = [
  'cnt_readlatency',
  'cnt_updatelatency',
  'bytes_received_count',
  'response_bytes',
  'cnt_fsynctime',
  'connection_request_count',
  'connection_revalidate_count',
  'stale_sessions_expired',
  'request_throttle_wait_count',
] as const;

/** See the head of the file. Pure; remembers the round before. */
export class ServerSamples {
  private before: Reading | undefined;

  /** Another server, or a long pause: the next round has nothing to compare with. */
  forget(): void {
    this.before = undefined;
  }

  /** `srvr`: the answer to it. `metrics`: of `mntr`, empty where it may not be asked. */
  take(server: SampledServer, srvr: WordAnswer, metrics: Metrics, nowMs: number): FieldsOf<'server.sampled'> {
    const text = srvr.kind === 'text' ? srvr.text : '';
    const parsed = text === '' ? undefined : parseSrvr(text);
    const lines = parsed !== undefined && !('fault' in parsed) ? parsed : undefined;
    const reading = readingOf(text, metrics, server.asked, nowMs);
    const rate = ratesSince(this.before, reading);
    this.before = reading;
    const m = (name: string): number => metricOf(metrics, name);
    const mode = srvr.kind === 'idle' ? 'looking' : (lines?.mode ?? metrics.get('server_state') ?? '');
    return {
      kind: server.kind,
      version: lines?.version ?? '',
      mode,
      sid: BigInt(server.id ?? -1),
      address: server.address,
      epoch: lines?.zxid === undefined ? -1 : epochOf(lines.zxid),
      zxid: lines?.zxid ?? -1n,
      ...loadOf(lines, m),
      requestsPerS: requestRate(rate),
      writesPerS: rate('cnt_updatelatency'),
      bytesInPerS: rate('bytes_received_count'),
      bytesOutPerS: rate('response_bytes'),
      ...latenciesOf(lines, m),
      fsyncsPerS: rate('cnt_fsynctime'),
      fsyncP99Ms: -1,
      ...sessionRates(rate),
      throttledPerS: rate('request_throttle_wait_count'),
      heapBytes: -1,
      rssBytes: -1,
      cpuPercent: -1,
      loopP99Ms: -1,
      openFiles: m('open_file_descriptor_count'),
      uptimeMs: m('uptime'),
    };
  }
}

type Rate = (name: (typeof COUNTERS)[number] | 'received') => number;
type Gauge = (name: string) => number;

const loadOf = (lines: SrvrLines | undefined, m: Gauge) => ({
  connections: lines?.connections ?? -1,
  outstanding: lines?.outstanding ?? -1,
  nodes: lines?.nodes ?? -1,
  watches: m('watch_count'),
  ephemerals: m('ephemerals_count'),
  sessions: m('global_sessions'),
});

/** Requests that came in; where `mntr` is not to be asked, packets, which 4lw questions are among. */
function requestRate(rate: Rate): number {
  const [reads, writes] = [rate('cnt_readlatency'), rate('cnt_updatelatency')];
  return reads >= 0 && writes >= 0 ? reads + writes : rate('received');
}

/**
 * Percentiles of the server's whole life, as it has no others: of reads or of writes, whichever are slower.
 */
function latenciesOf(lines: SrvrLines | undefined, m: Gauge) {
  const slower = (p: string): number => Math.max(m(`${p}_readlatency`), m(`${p}_updatelatency`));
  const max = /^\d{1,15}\/[\d.]{1,20}\/(\d{1,15})$/.exec(lines?.latency ?? '')?.[1];
  return {
    latencyP50Ms: slower('p50'),
    latencyP99Ms: slower('p99'),
    latencyMaxMs: max === undefined ? m('max_latency') : Number(max),
  };
}

/** Connect requests are those of new sessions and of sessions that are resumed. */
function sessionRates(rate: Rate) {
  const [all, resumed] = [rate('connection_request_count'), rate('connection_revalidate_count')];
  return {
    sessionsCreatedPerS: all < 0 || resumed < 0 ? -1 : Math.max(0, all - resumed),
    sessionsResumedPerS: resumed,
    sessionsExpiredPerS: rate('stale_sessions_expired'),
  };
}

function readingOf(srvr: string, metrics: Metrics, asked: number, ms: number): Reading {
  const counters = new Map<string, number>();
  for (const name of COUNTERS) {
    const value = metricOf(metrics, name);
    if (value >= 0) counters.set(name, value);
  }
  const received = /^Received: (\d{1,15})$/m.exec(srvr)?.[1];
  if (received !== undefined) counters.set('received', Math.max(0, Number(received) - asked));
  return { ms, uptimeMs: metricOf(metrics, 'uptime'), counters };
}

/** What counters grew by in a second; -1 where that is not known. */
function ratesSince(before: Reading | undefined, now: Reading): Rate {
  const ms = before === undefined ? 0 : now.ms - before.ms;
  const restarted = before !== undefined && now.uptimeMs < before.uptimeMs;
  if (before === undefined || ms <= 0 || restarted) return () => -1;
  return (name) => {
    const [from, to] = [before.counters.get(name), now.counters.get(name)];
    return from === undefined || to === undefined || to < from ? -1 : ((to - from) * 1000) / ms;
  };
}
