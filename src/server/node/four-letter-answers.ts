/** Answers the four-letter words of a server of any role: looks, and lets `server/admin` write the text. */
import { hex0x } from '../../base/brands.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk } from '../../ports/disk.ts';
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import * as text from '../admin/four-letter-text.ts';
import { type MonitorReport, monitorMetrics, type QuotaReport } from '../admin/monitor.ts';
import type { MemberConfiguration, QuorumFacts } from '../admin/quorum-facts.ts';
import type {
  BucketReport,
  ConfigurationReport,
  ConnectionReport,
  DigestReport,
  DumpReport,
  ServerReport,
} from '../admin/reports.ts';
import type { ServerMetrics } from '../admin/server-metrics.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { ServingServer } from './serving-server.ts';

/** What the process tells about itself. */
export interface ProcessFacts {
  /** `x.y.z-something, built on date`. */
  readonly version: string;
  /** The pairs of `envi` after the version, freshly read. */
  environment(): readonly (readonly [key: string, value: string])[];
  /** Open files and their limit; undefined where the system does not tell. */
  openFiles(): { readonly open: number; readonly max: number } | undefined;
  /** A time, ms since 1970, as Java's `Date.toString` writes it. */
  dateText(wallMs: number): string;
}

/** What the answers are taken from, beside the server. */
export interface AnswerSources {
  readonly facts: ProcessFacts;
  readonly metrics: ServerMetrics;
  readonly clock: Clock;
  readonly disk: Disk;
}

/** Tells of the ensemble the server is a member of. */
export interface QuorumSource {
  /** Undefined while there is no leader. */
  facts(): QuorumFacts | undefined;
  configuration(): Omit<MemberConfiguration, 'membership'> & { readonly membership: string };
}

/** The trace mask a server starts with (facts 11.1); it is kept and means nothing. */
const TRACE_MASK_DEFAULT = 306n;
/** Expiry buckets of connections without a session, ms, as in Apache. */
const SESSIONLESS_BUCKET_MS = 10_000;

/** Answers of one server. */
export class FourLetterAnswers {
  /** Of a member of an ensemble. */
  quorum: QuorumSource | undefined;
  private readonly sources: AnswerSources;
  private traceMask = TRACE_MASK_DEFAULT;

  constructor(sources: AnswerSources) {
    this.sources = sources;
  }

  /** The text for a word. `more` holds the mask of `stmk`. */
  answer(server: ServingServer, word: FourLetterWord, more: Buffer): string | undefined {
    const { facts } = this.sources;
    switch (word) {
      case 'ruok':
        return text.ruokText;
      case 'isro':
        return !server.serving ? 'null' : server.mode === 'read-only' ? 'ro' : 'rw';
      case 'srvr':
        return text.srvrText(this.serverReport(server));
      case 'stat':
        return text.statText(this.serverReport(server), connections(server));
      case 'cons':
        return text.consText(connections(server));
      case 'conf':
        return text.confText(this.configuration(server));
      case 'dirs':
        return text.dirsText(this.configuration(server));
      case 'envi':
        return text.enviText([['zookeeper.version', facts.version], ...facts.environment()]);
      case 'mntr':
        return text.mntrText(monitorMetrics(this.monitorReport(server)));
      case 'dump':
        return text.dumpText(this.dump(server));
      case 'hash':
        return text.hashText(digests(server));
      case 'srst':
        server.port.stats.reset();
        return text.srstText;
      case 'crst':
        for (const link of server.port.links) link.stats.reset();
        return text.crstText;
      case 'gtmk':
        return String(this.traceMask);
      case 'stmk':
        this.traceMask = more.readBigInt64BE(0);
        return String(this.traceMask);
      case 'wchs':
        return text.wchsText(watchCounts(server));
      case 'wchc':
        return text.watchesText(watchesBySession(server));
      case 'wchp':
        return text.watchesText(watchesByPath(server));
    }
  }

  /** The text for a word while no server serves clients; undefined for one that needs a server. */
  idle(word: FourLetterWord, more: Buffer): string | undefined {
    const { facts } = this.sources;
    switch (word) {
      case 'ruok':
        return text.ruokText;
      case 'isro':
        return 'null';
      case 'envi':
        return text.enviText([['zookeeper.version', facts.version], ...facts.environment()]);
      case 'gtmk':
        return String(this.traceMask);
      case 'stmk':
        this.traceMask = more.readBigInt64BE(0);
        return String(this.traceMask);
      default:
        return undefined;
    }
  }

  private serverReport(server: ServingServer): ServerReport {
    const { stats, links, outstanding } = server.port;
    return {
      version: this.sources.facts.version,
      readOnly: server.mode === 'read-only',
      mode: server.mode,
      latency: stats.latency,
      received: stats.packetsReceived,
      sent: stats.packetsSent,
      connections: links.size,
      outstanding,
      zxid: server.database.lastZxid,
      nodes: nodeCount(server),
      proposalBytes: this.quorum?.facts()?.leading?.proposalBytes,
    };
  }

  private monitorReport(server: ServingServer): MonitorReport {
    const { facts, metrics, clock } = this.sources;
    const { tree } = server.database;
    const files = facts.openFiles();
    return {
      version: facts.version,
      mode: server.mode,
      ephemerals: tree.owned.ephemeralCount,
      connections: server.port.links.size,
      outstanding: server.port.outstanding,
      nodes: nodeCount(server),
      sessions: globalSessions(server),
      localSessions: server.localSessions,
      quorum: server.mode === 'read-only' ? undefined : this.quorum?.facts(),
      watches: server.registry.count,
      dataBytes: tree.approximateDataSize,
      uptimeMs: clock.monotonicMs() - server.startedMs,
      openFiles: files?.open,
      openFilesMax: files?.max,
      quotas: tree.quotas.list().map((path) => quota(server, path)),
      traffic: server.port.stats,
      metrics,
    };
  }

  private configuration(server: ServingServer): ConfigurationReport {
    const { client, session, serverId } = server.config;
    const { snapDir, logDir } = server.store.dirs;
    return {
      clientPort: server.port.boundPort,
      secureClientPort: -1,
      dataDir: snapDir,
      dataDirBytes: this.sizeOf(snapDir),
      dataLogDir: logDir,
      dataLogBytes: this.sizeOf(logDir),
      tickTimeMs: session.tickTimeMs,
      connectionsPerAddressMax: client.connectionsPerAddressMax,
      sessionTimeoutMinMs: session.timeoutMinMs,
      sessionTimeoutMaxMs: session.timeoutMaxMs,
      backlog: client.backlog ?? -1,
      serverId,
      member: this.member(server),
    };
  }

  /** In read-only mode the membership is not shown, as Apache does not. */
  private member(server: ServingServer): MemberConfiguration | undefined {
    const all = this.quorum?.configuration();
    return all !== undefined && server.mode === 'read-only' ? { ...all, membership: undefined } : all;
  }

  /** Bytes of the files in a directory; what disappears meanwhile counts as nothing. */
  private sizeOf(dir: string): number {
    const { disk } = this.sources;
    let bytes = 0;
    for (const name of disk.list(dir)) {
      try {
        const file = disk.open(disk.join(dir, name), 'read');
        bytes += file.size();
        file.close();
      } catch {
        // Purged between the two calls.
      }
    }
    return bytes;
  }

  private dump(server: ServingServer): DumpReport {
    const { clock, facts } = this.sources;
    const now = clock.monotonicMs();
    const dateOf = (monotonicMs: number): string =>
      facts.dateText(Math.round(clock.wallMs() + monotonicMs - now));
    const sessions: BucketReport[] = [];
    const expires = server.mode === 'standalone' || server.mode === 'leader';
    for (const [bucketMs, members] of server.tracker.bucketList()) {
      sessions.push({ at: dateOf(bucketMs), lines: [...members].map((s) => hex0x(s.id)) });
    }
    const buckets = new Map<number, string[]>();
    for (const link of server.port.links) {
      const due = bucketOf(server, link, now);
      const line = `ip: /${link.remote} sessionId: ${hex0x(link.sessionId)}`;
      const lines = buckets.get(due);
      if (lines === undefined) buckets.set(due, [line]);
      else lines.push(line);
    }
    const times = [...buckets.keys()].sort((a, b) => a - b);
    const { tree } = server.database;
    return {
      sessions,
      global: expires ? undefined : sessionsOf(server),
      ephemerals: [...tree.owned.ephemerals.keys()].map((session) => ({
        session,
        paths: tree.owned.ephemeralsOf(session),
      })),
      connections: times.map((t) => ({ at: dateOf(t), lines: buckets.get(t) ?? [] })),
    };
  }
}

/** Sessions of the whole ensemble; a server cut off from it knows none that live. */
const globalSessions = (server: ServingServer): number =>
  server.mode === 'standalone' ? server.tracker.size : sessionsOf(server).length;

const sessionsOf = (server: ServingServer): { id: bigint; timeoutMs: number }[] =>
  server.mode === 'read-only'
    ? []
    : [...server.database.sessions].map(([id, timeoutMs]) => ({ id, timeoutMs }));

/** When a connection would be given up: with its session, or for having none. */
const bucketOf = (server: ServingServer, link: ClientLink, now: number): number => {
  const session = link.sessionId === 0n ? undefined : server.tracker.get(link.sessionId);
  if (session !== undefined && session.bucketMs > 0) return session.bucketMs;
  const alone = link.sessionId === 0n;
  const due = now + (alone ? server.config.client.connectRequestTimeoutMs : link.timeoutMs);
  return Math.floor(due / SESSIONLESS_BUCKET_MS + 1) * SESSIONLESS_BUCKET_MS;
};

/** Apache's index holds the root under `/` and under the empty path. */
const nodeCount = (server: ServingServer): number => server.database.tree.nodeCount + 1;

const connections = (server: ServingServer): ConnectionReport[] =>
  [...server.port.links].map((link) => {
    const { stats } = link;
    return {
      remote: link.remote,
      reading: link.isReading,
      queued: link.outstanding,
      received: stats.received,
      sent: stats.sent,
      session:
        link.sessionId === 0n
          ? undefined
          : {
              id: link.sessionId,
              lastOp: stats.lastOp,
              establishedMs: link.establishedMs,
              timeoutMs: link.timeoutMs,
              lastCxid: stats.lastCxid,
              lastZxid: stats.lastZxid,
              lastResponseMs: Math.floor(stats.lastResponseMs),
              latency: stats.latency,
            },
    };
  });

const quota = (server: ServingServer, path: string): QuotaReport => {
  const { quotas } = server.database.tree;
  const limits = quotas.limits(path);
  const used = quotas.usage(path);
  return {
    path,
    countLimit: limits.count,
    countUsed: used.count,
    bytesLimit: limits.bytes,
    bytesUsed: used.bytes,
  };
};

const digests = (server: ServingServer): readonly DigestReport[] => [...server.store.digests];

const watchCounts = (server: ServingServer) => {
  const { watchers, paths, watches } = server.registry.summary('data');
  return { connections: watchers, paths, watches };
};

function* watchesBySession(server: ServingServer): IterableIterator<[string, string[]]> {
  for (const [link, paths] of server.registry.byWatcher('data')) yield [hex0x(link.sessionId), paths];
}

function* watchesByPath(server: ServingServer): IterableIterator<[string, string[]]> {
  for (const [path, links] of server.registry.byPath('data')) {
    yield [path, links.map((link) => hex0x(link.sessionId))];
  }
}
