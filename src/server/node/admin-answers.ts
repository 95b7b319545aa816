/**
 * Apache's commands of the HTTP admin on a server of any role: looks, and lets `server/admin` make the JSON.
 */
import { listSnapshots } from '../../storage/data-dir.ts';
import * as json from '../admin/command-json.ts';
import type { AdminCommands, Health } from '../admin/http-admin.ts';
import { Entries, type Json } from '../admin/jackson.ts';
import { monitorMetrics } from '../admin/monitor.ts';
import type { Metric, StatisticsReport } from '../admin/reports.ts';
import { isSecret } from '../config/keys.ts';
import { connectionsOf, type ServerReports } from './server-reports.ts';
import type { ServingServer } from './serving-server.ts';

/** The server that clients see at the moment; undefined while there is none. */
export type FindServer = () => ServingServer | undefined;

type Query = URLSearchParams;
/** A payload, or a reason. A map is a payload with keys from outside. */
type Outcome = json.Payload | ReadonlyMap<string, Json> | { readonly failed: string };
type ServerCommand = (this: AdminAnswers, server: ServingServer, query: Query) => Outcome;

/** Java's long. */
const LONG = /^-?\d{1,19}$/;
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
const NOT_INITIALIZED = 'server is not initialized';
const MASK = '***';
/** Properties of Java that have a meaning here. */
const PROPERTY_NAMES = /^(java\.io\.tmpdir|os\.(name|arch|version)|user\.)/;

/** Second names, as Apache has them. */
const ALIASES: Readonly<Record<string, string>> = {
  conf: 'configuration',
  config: 'configuration',
  cons: 'connections',
  crst: 'connection_stat_reset',
  env: 'environment',
  envi: 'environment',
  gtmk: 'get_trace_mask',
  icfg: 'initial_configuration',
  isro: 'is_read_only',
  lead: 'leader',
  lsnp: 'last_snapshot',
  mntr: 'monitor',
  obsr: 'observers',
  orst: 'observer_connection_stat_reset',
  srst: 'stat_reset',
  srvr: 'server_stats',
  stat: 'stats',
  stmk: 'set_trace_mask',
  sysp: 'system_properties',
  wchc: 'watches',
  wchp: 'watches_by_path',
  wchs: 'watch_summary',
};

/** Commands that need a server. */
const COMMANDS: Readonly<Record<string, ServerCommand>> = {
  configuration(server) {
    return json.configurationJson(this.reports.configuration(server));
  },
  connection_stat_reset(server) {
    for (const link of server.port.links) link.stats.reset();
    return {};
  },
  connections: (server) => json.connectionsJson(connectionsOf(server)),
  dirs(server) {
    return json.dirsJson(this.reports.configuration(server));
  },
  dump(server) {
    const { owned } = server.database.tree;
    return json.dumpJson(
      [...server.tracker.bucketList()].map(([ms, members]) => [ms, [...members].map((s) => s.id)]),
      [...owned.ephemerals.keys()].map((session) => [session, owned.ephemeralsOf(session)]),
    );
  },
  hash: (server) => json.hashJson([...server.store.digests]),
  initial_configuration() {
    return { initial_configuration: this.configurationText };
  },
  is_read_only: (server) => ({ read_only: server.mode === 'read-only' }),
  last_snapshot(server) {
    const { disk } = this.reports.sources;
    const last = listSnapshots(disk, server.store.dirs.snapDir)[0];
    return json.lastSnapshotJson(last && { zxid: last.zxid, modifiedMs: disk.modifiedMs(last.path) });
  },
  leader(server) {
    const standing = this.standing(server);
    return standing === undefined ? { failed: NOT_INITIALIZED } : json.leaderJson(standing);
  },
  monitor(server) {
    return json.monitorJson(this.metrics(server));
  },
  observer_connection_stat_reset() {
    this.reports.quorum?.resetObservers();
    return {};
  },
  observers() {
    return json.observersJson(this.reports.quorum?.observers() ?? []);
  },
  ruok: () => ({}),
  server_stats(server) {
    return json.serverStatsJson(this.reports.server(server), this.statistics(server));
  },
  stat_reset(server) {
    server.port.stats.reset();
    return {};
  },
  stats(server) {
    const connections = connectionsOf(server);
    return json.statsJson(this.reports.server(server), this.statistics(server), connections);
  },
  voting_view(server) {
    return json.votingViewJson(server.mode === 'read-only' ? undefined : this.reports.quorum?.membership());
  },
  watch_summary(server) {
    const { watchers, paths, watches } = server.registry.summary('data');
    return { num_connections: watchers, num_paths: paths, num_total_watches: watches };
  },
  watches({ registry }) {
    return { session_id_to_watched_paths: new Entries(() => bySession(registry)) };
  },
  watches_by_path({ registry }) {
    return { path_to_session_ids: new Entries(() => byPath(registry)) };
  },
};

/** Commands that are answered whatever the server does. */
const ALWAYS: Readonly<Record<string, (this: AdminAnswers, query: Query) => Outcome>> = {
  environment() {
    return json.pairsJson(this.reports.environment());
  },
  get_trace_mask() {
    return { tracemask: this.reports.traceMask };
  },
  set_trace_mask(query) {
    const text = query.get('traceMask') ?? '';
    if (!LONG.test(text)) return { failed: 'setTraceMask requires long traceMask argument' };
    this.reports.traceMask = BigInt.asIntN(64, BigInt(text));
    return { tracemask: this.reports.traceMask };
  },
  system_properties() {
    return json.pairsJson(this.systemProperties());
  },
  zabstate() {
    const server = this.find();
    const standing = server === undefined ? undefined : this.standing(server);
    return standing === undefined ? json.NO_ZAB_STATE : json.zabStateJson(standing);
  },
};

/** See the head of the file. */
export class AdminAnswers implements AdminCommands {
  readonly names = [...Object.keys(COMMANDS), ...Object.keys(ALWAYS)].sort();
  readonly reports: ServerReports;
  readonly find: FindServer;
  /** The text of the zoo.cfg the server was started with, without its secrets. */
  readonly configurationText: string;
  private readonly properties: ReadonlyMap<string, string>;

  constructor(
    reports: ServerReports,
    find: FindServer,
    told: { readonly properties: ReadonlyMap<string, string>; readonly text: string },
  ) {
    this.reports = reports;
    this.find = find;
    this.properties = told.properties;
    this.configurationText = withoutSecrets(told.text);
  }

  run(asked: string, query: Query): Json {
    const name = Object.hasOwn(ALIASES, asked) ? (ALIASES[asked] as string) : asked;
    const outcome = this.outcome(name, query);
    if ('failed' in outcome && typeof outcome.failed === 'string') {
      return { command: name, error: outcome.failed };
    }
    const entries = outcome instanceof Map ? [...outcome] : Object.entries(outcome as json.Payload);
    return new Map<string, Json>([...entries, ['command', name], ['error', null]]);
  }

  private outcome(name: string, query: Query): Outcome {
    if (Object.hasOwn(ALWAYS, name)) return (ALWAYS[name] as (typeof ALWAYS)[string]).call(this, query);
    if (!Object.hasOwn(COMMANDS, name)) return { failed: `Unknown command: ${name}` };
    const server = this.find();
    if (server?.serving !== true) return { failed: NOT_SERVING };
    return (COMMANDS[name] as ServerCommand).call(this, server, query);
  }

  /** All metrics, as `mntr` and Prometheus show them. */
  metrics(server: ServingServer): Metric[] {
    return monitorMetrics(this.reports.monitor(server));
  }

  /** Of a member with a leader; one cut off from the ensemble has none. */
  standing(server: ServingServer) {
    return server.mode === 'read-only' ? undefined : this.reports.quorum?.standing();
  }

  statistics(server: ServingServer): StatisticsReport {
    const { stats } = server.port;
    const { dataDirBytes, dataLogBytes } = this.reports.configuration(server);
    const { metrics, clock } = this.reports.sources;
    return {
      slowSyncs: metrics.slowSyncs,
      responseBytes: {
        last: stats.lastResponseBytes,
        min: stats.minResponseBytes,
        max: stats.maxResponseBytes,
      },
      dataDirBytes,
      dataLogBytes,
      uptimeMs: clock.monotonicMs() - server.startedMs,
      authFailures: stats.authFailures,
    };
  }

  systemProperties(): [key: string, value: string][] {
    const own = this.reports.environment().filter(([key]) => PROPERTY_NAMES.test(key));
    const given = [...this.properties].map(([key, value]) => [key, isSecret(key) ? MASK : value] as const);
    return [...own, ...given].map(([key, value]) => [key, value]);
  }

  /** `/health`: whether clients should be sent here. */
  health(): Health {
    const server = this.find();
    const { quorum, sources } = this.reports;
    if (server?.serving !== true) {
      const member = quorum !== undefined;
      return {
        healthy: false,
        mode: member ? 'looking' : 'starting',
        why: member ? 'no leader: clients are not served' : 'clients are not served yet',
      };
    }
    const { mode } = server;
    if (mode === 'read-only') {
      return { healthy: false, mode, why: 'cut off from the ensemble: only reads are served' };
    }
    const { diskFull } = sources.metrics;
    return { healthy: !diskFull, mode, why: diskFull ? 'the disk is full: writes are refused' : '' };
  }
}

function* bySession(registry: ServingServer['registry']): IterableIterator<[string, readonly string[]]> {
  for (const [{ sessionId }, paths] of registry.byWatcher('data')) yield [String(sessionId), paths];
}

function* byPath(registry: ServingServer['registry']): IterableIterator<[string, readonly bigint[]]> {
  for (const [path, links] of registry.byPath('data')) yield [path, links.map((link) => link.sessionId)];
}

/** Lines of secrets lose their values. */
const withoutSecrets = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const key = /^\s*([^#!=:\s][^=:\s]*)/.exec(line)?.[1];
      return key !== undefined && isSecret(key) ? `${key}=${MASK}` : line;
    })
    .join('\n');
