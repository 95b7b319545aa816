/** `server.sampled`: how a server is, with rates and latencies of the time since the sample before. */
import { hostPort } from '../../../base/host-port.ts';
import { Summary } from '../../../base/summary.ts';
import type { Subscription } from '../../../events/bus.ts';
import type { FieldsOf } from '../../../events/table.ts';
import type { ProcessGauge } from '../../../ports/process-gauge.ts';
import type { ClientPort } from '../../net/client-port.ts';
import { RecentLatency } from '../../net/recent-latency.ts';
import type { RunningServer } from '../running-server.ts';
import type { ServingServer } from '../serving-server.ts';
import { portOf, type SampleEvents, type SampleMoment, type SampleTaker } from './watched-process.ts';

type Fields = FieldsOf<'server.sampled'>;

/** What is said of a server beside what it is at the moment. */
export interface ServerIdentity {
  readonly version: string;
  /** Its id in the ensemble; -1n for a standalone server. */
  readonly sid: bigint;
}

/** Numbers that only grow, from which rates are made. */
interface Totals {
  readonly requests: number;
  readonly writes: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly attached: number;
  readonly resumed: number;
  readonly expired: number;
  readonly throttled: number;
}

const UNKNOWN = -1;
const US_PER_MS = 1_000;
/** As Apache counts nodes: the root twice. */
const ROOT_AGAIN = 1;

/** See the head of the file. */
export class ServerSamples implements SampleTaker {
  private readonly events: SampleEvents;
  private readonly identity: ServerIdentity;
  private readonly gauge: ProcessGauge | undefined;
  private readonly latency = new RecentLatency();
  private readonly fsyncUs = new Summary();
  private port: ClientPort | undefined;
  private before: Totals | undefined;
  private syncs: Subscription | undefined;

  /** Without a gauge nothing is said of the process. */
  constructor(events: SampleEvents, identity: ServerIdentity, gauge: ProcessGauge | undefined) {
    this.events = events;
    this.identity = identity;
    this.gauge = gauge;
  }

  take(moment: SampleMoment): void {
    const { events } = this;
    if (!events.on['server.sampled']) {
      this.rest();
      return;
    }
    const { running } = moment;
    const port = portOf(running);
    const totals = port === undefined ? undefined : totalsOf(port);
    const fields: Fields = {
      ...this.identityOf(running),
      ...countsOf(running, port, moment.nowMs),
      ...ratesOf(this.before, totals, moment.ms),
      ...this.latencies(),
      ...this.fsyncs(moment.ms),
      ...this.process(),
    };
    this.before = totals;
    this.listen(port, moment.ms);
    events.emit('server.sampled', fields);
  }

  rest(): void {
    this.syncs?.close();
    this.syncs = undefined;
    this.before = undefined;
    if (this.port !== undefined) this.port.stats.recent = undefined;
    this.port = undefined;
    this.gauge?.close();
  }

  /** Begins to measure what is not measured while nobody listens; anew after each sample. */
  private listen(port: ClientPort | undefined, ms: number): void {
    this.latency.restart(ms);
    this.fsyncUs.reset();
    this.port = port;
    if (port !== undefined) port.stats.recent = this.latency;
    this.syncs ??= this.events.subscribe({
      names: ['log.synced'],
      take: ({ name, fields }) => {
        if (name === 'log.synced') this.fsyncUs.add(fields.ms * US_PER_MS);
      },
    });
  }

  private identityOf({ server, peer, host, port }: RunningServer) {
    const { version, sid } = this.identity;
    const address = hostPort(host, port);
    const mode = server?.mode ?? 'looking';
    const store = server?.store ?? peer?.parts.store;
    const zxid = server?.database.lastZxid ?? peer?.parts.store.lastLogged ?? 0n;
    const epoch = peer === undefined ? zxid >> 32n : (store?.epochs.current ?? -1n);
    return { kind: 'zkt', version, mode, sid, address, epoch: Number(epoch), zxid };
  }

  /** Of the requests answered since the sample before; unknown when there were none. */
  private latencies() {
    const latencyUs = this.latency.us;
    const told = latencyUs.count > 0;
    return {
      latencyP50Ms: told ? latencyUs.percentile(0.5) / US_PER_MS : UNKNOWN,
      latencyP99Ms: told ? latencyUs.percentile(0.99) / US_PER_MS : UNKNOWN,
      latencyMaxMs: told ? latencyUs.max / US_PER_MS : UNKNOWN,
    };
  }

  private fsyncs(ms: number) {
    const { fsyncUs, syncs } = this;
    return {
      fsyncsPerS: syncs === undefined ? UNKNOWN : perSecond(fsyncUs.count, ms),
      fsyncP99Ms: fsyncUs.count > 0 ? fsyncUs.percentile(0.99) / US_PER_MS : UNKNOWN,
    };
  }

  private process() {
    const state = this.gauge?.take(true);
    return {
      heapBytes: state?.heapBytes ?? UNKNOWN,
      rssBytes: state?.rssBytes ?? UNKNOWN,
      // The first is of a time in which nobody listened.
      cpuPercent:
        state === undefined || this.before === undefined ? UNKNOWN : Math.round(state.cpuPercent * 10) / 10,
      loopP99Ms: state?.loopP99Ms ?? UNKNOWN,
      openFiles: state?.openFiles ?? UNKNOWN,
    };
  }
}

function countsOf(running: RunningServer, port: ClientPort | undefined, nowMs: number) {
  const { server } = running;
  const tree = (server ?? running.peer?.parts.store)?.database.tree;
  return {
    connections: port?.links.size ?? UNKNOWN,
    outstanding: port?.outstanding ?? UNKNOWN,
    nodes: tree === undefined ? UNKNOWN : tree.nodeCount + ROOT_AGAIN,
    watches: server?.registry.count ?? 0,
    ephemerals: tree?.owned.ephemeralCount ?? UNKNOWN,
    sessions: server === undefined ? 0 : sessionsOf(server),
    uptimeMs: server === undefined ? UNKNOWN : Math.round(nowMs - server.startedMs),
  };
}

/** Those of the ensemble, as far as the server knows it, and its local ones. */
function sessionsOf(server: ServingServer): number {
  if (server.mode === 'standalone') return server.tracker.size;
  const ours = server.mode === 'read-only' ? 0 : server.database.sessions.size;
  return ours + server.localSessions;
}

const totalsOf = ({ stats }: ClientPort): Totals => ({
  requests: stats.packetsReceived,
  writes: stats.updateLatency.count,
  bytesIn: stats.bytesReceived,
  bytesOut: stats.bytesSent,
  attached: stats.sessionsAttached,
  resumed: stats.sessionsResumed,
  expired: stats.sessionsExpired,
  throttled: stats.throttled,
});

/** Unknown at the first sample: it has none before it. */
function ratesOf(before: Totals | undefined, now: Totals | undefined, ms: number) {
  const rate = (of: (totals: Totals) => number): number => {
    if (before === undefined || now === undefined) return UNKNOWN;
    // `srst` starts some of them anew.
    const grown = of(now) - of(before);
    return perSecond(grown < 0 ? of(now) : grown, ms);
  };
  return {
    requestsPerS: rate((t) => t.requests),
    writesPerS: rate((t) => t.writes),
    bytesInPerS: rate((t) => t.bytesIn),
    bytesOutPerS: rate((t) => t.bytesOut),
    sessionsCreatedPerS: rate((t) => t.attached - t.resumed),
    sessionsResumedPerS: rate((t) => t.resumed),
    sessionsExpiredPerS: rate((t) => t.expired),
    throttledPerS: rate((t) => t.throttled),
  };
}

/** To one decimal. */
const perSecond = (count: number, ms: number): number =>
  ms > 0 ? Math.round((count / ms) * 10_000) / 10 : UNKNOWN;
