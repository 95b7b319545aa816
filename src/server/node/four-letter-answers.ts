/** Answers the four-letter words of a server of any role: looks, and lets `server/admin` write the text. */
import { hex0x } from '../../base/brands.ts';
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import * as text from '../admin/four-letter-text.ts';
import { monitorMetrics } from '../admin/monitor.ts';
import type { BucketReport, DigestReport, DumpReport } from '../admin/reports.ts';
import type { ClientLink } from '../net/client-link.ts';
import { connectionsOf, type ServerReports, sessionsOf } from './server-reports.ts';
import type { ServingServer } from './serving-server.ts';

/** Expiry buckets of connections without a session, ms, as in Apache. */
const SESSIONLESS_BUCKET_MS = 10_000;

/** Answers of one server. */
export class FourLetterAnswers {
  private readonly reports: ServerReports;

  constructor(reports: ServerReports) {
    this.reports = reports;
  }

  /** The text for a word. `more` holds the mask of `stmk`. */
  answer(
    server: ServingServer,
    word: FourLetterWord,
    more: Buffer,
    link: Pick<ClientLink, 'localAddress'>,
  ): string | undefined {
    const { reports } = this;
    switch (word) {
      case 'admn':
        return text.admnText(reports.adminAt, link.localAddress);
      case 'ruok':
        return text.ruokText;
      case 'isro':
        return !server.serving ? 'null' : server.mode === 'read-only' ? 'ro' : 'rw';
      case 'srvr':
        return text.srvrText(reports.server(server));
      case 'stat':
        return text.statText(reports.server(server), [...connectionsOf(server)]);
      case 'cons':
        return text.consText([...connectionsOf(server)]);
      case 'conf':
        return text.confText(reports.configuration(server));
      case 'dirs':
        return text.dirsText(reports.configuration(server));
      case 'envi':
        return text.enviText(reports.environment());
      case 'mntr':
        return text.mntrText(monitorMetrics(reports.monitor(server)));
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
        return String(reports.traceMask);
      case 'stmk':
        reports.traceMask = more.readBigInt64BE(0);
        return String(reports.traceMask);
      case 'wchs':
        return text.wchsText(watchCounts(server));
      case 'wchc':
        return text.watchesText(watchesBySession(server));
      case 'wchp':
        return text.watchesText(watchesByPath(server));
    }
  }

  /** The text for a word while no server serves clients; undefined for one that needs a server. */
  idle(word: FourLetterWord, more: Buffer, link: Pick<ClientLink, 'localAddress'>): string | undefined {
    const { reports } = this;
    switch (word) {
      case 'admn':
        return text.admnText(reports.adminAt, link.localAddress);
      case 'ruok':
        return text.ruokText;
      case 'isro':
        return 'null';
      case 'envi':
        return text.enviText(reports.environment());
      case 'gtmk':
        return String(reports.traceMask);
      case 'stmk':
        reports.traceMask = more.readBigInt64BE(0);
        return String(reports.traceMask);
      default:
        return undefined;
    }
  }

  private dump(server: ServingServer): DumpReport {
    const { clock, facts } = this.reports.sources;
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

/** When a connection would be given up: with its session, or for having none. */
const bucketOf = (server: ServingServer, link: ClientLink, now: number): number => {
  const session = link.sessionId === 0n ? undefined : server.tracker.get(link.sessionId);
  if (session !== undefined && session.bucketMs > 0) return session.bucketMs;
  const alone = link.sessionId === 0n;
  const due = now + (alone ? server.config.client.connectRequestTimeoutMs : link.timeoutMs);
  return Math.floor(due / SESSIONLESS_BUCKET_MS + 1) * SESSIONLESS_BUCKET_MS;
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
