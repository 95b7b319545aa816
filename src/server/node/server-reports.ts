/**
 * What a server of any role tells about itself, looked up when it is asked: words and admin write it down.
 */
import type { Clock } from '../../ports/clock.ts';
import type { Disk } from '../../ports/disk.ts';
import { RECORDING_SUFFIX } from '../../storage/recording/format.ts';
import type { MonitorReport, NodeReport, QuotaReport } from '../admin/monitor.ts';
import type { MemberConfiguration, ObserverReport, QuorumFacts, Standing } from '../admin/quorum-facts.ts';
import type { ConfigurationReport, ConnectionReport, ServerReport } from '../admin/reports.ts';
import type { ServerMetrics } from '../admin/server-metrics.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { Membership } from '../quorum/membership.ts';
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
  /** Undefined while there is no leader. */
  standing(): Standing | undefined;
  /** The configuration in force. */
  membership(): Membership;
  /** Observers of this leader. */
  observers(): readonly ObserverReport[];
  /** Counts of the observers' connections start anew. */
  resetObservers(): void;
}

/** The trace mask a server starts with (facts 11.1); it is kept and means nothing. */
const TRACE_MASK_DEFAULT = 306n;

/** See the head of the file. */
export class ServerReports {
  readonly sources: AnswerSources;
  /** Of a member of an ensemble. */
  quorum: QuorumSource | undefined;
  /** Where the HTTP admin listens; undefined where there is none. */
  adminAt: { readonly host: string; readonly port: number } | undefined;
  traceMask = TRACE_MASK_DEFAULT;

  constructor(sources: AnswerSources) {
    this.sources = sources;
  }

  /** `envi`. */
  environment(): (readonly [key: string, value: string])[] {
    const { facts } = this.sources;
    return [['zookeeper.version', facts.version], ...facts.environment()];
  }

  /** `srvr`. */
  server(server: ServingServer): ServerReport {
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

  /** `mntr`. */
  monitor(server: ServingServer): MonitorReport {
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
      node: nodeReport(server.store),
    };
  }

  /** `conf`. */
  configuration(server: ServingServer): ConfigurationReport {
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

  /**
   * Bytes of the data in a directory: the flight recorder's files are none. What disappears meanwhile counts
   * as nothing.
   */
  private sizeOf(dir: string): number {
    const { disk } = this.sources;
    let bytes = 0;
    for (const name of disk.list(dir)) {
      if (name.endsWith(RECORDING_SUFFIX)) continue;
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
}

/** Sessions of the whole ensemble; a server cut off from it knows none that live. */
const globalSessions = (server: ServingServer): number =>
  server.mode === 'standalone' ? server.tracker.size : sessionsOf(server).length;

/** Sessions this server knows of, and their timeouts. */
export const sessionsOf = (server: ServingServer): { id: bigint; timeoutMs: number }[] =>
  server.mode === 'read-only'
    ? []
    : [...server.database.sessions].map(([id, timeoutMs]) => ({ id, timeoutMs }));

/** Apache's index holds the root under `/` and under the empty path. */
const nodeCount = (server: ServingServer): number => server.database.tree.nodeCount + 1;

/** `cons`: each as it is when it is come to, of those that are there now. */
export function* connectionsOf(server: ServingServer): IterableIterator<ConnectionReport> {
  for (const link of [...server.port.links]) yield connectionReport(link);
}

const connectionReport = (link: ClientLink): ConnectionReport => {
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
};

const nodeReport = ({ metrics, recovery }: ServingServer['store']): NodeReport => ({
  propagationMs: metrics.propagationMs,
  proposalMs: metrics.proposalMs,
  commitPropagationMs: metrics.commitPropagationMs,
  ackCreationMs: metrics.ackCreationMs,
  quorumAckMs: metrics.quorumAckMs,
  ackMs: metrics.ackMs,
  revalidations: metrics.revalidations,
  changesQueued: metrics.changesQueued,
  changesRemoved: metrics.changesRemoved,
  quotaErrors: metrics.quotaErrors,
  watches: metrics.watches,
  writeBytes: metrics.writeBytes,
  readBytes: metrics.readBytes,
  loadMs: recovery.ms,
  replayMs: recovery.replayMs,
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
