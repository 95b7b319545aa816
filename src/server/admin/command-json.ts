/**
 * What the commands of the HTTP admin answer, key by key as Apache ZooKeeper 3.8 (facts 11.2; the real
 * answers are in fixtures/admin). Pure.
 */
import { hex0x, hex64 } from '../../base/brands.ts';
import { hostPort } from '../../base/host-port.ts';
import type { Member, Membership, ServerAddress } from '../quorum/membership.ts';
import { shortOpName } from './four-letter-text.ts';
import { Items, type Json } from './jackson.ts';
import { metricLines } from './metric-lines.ts';
import type { ObserverReport, Standing } from './quorum-facts.ts';
import { Real } from './real.ts';
import type {
  BufferSizes,
  ConfigurationReport,
  ConnectionReport,
  DigestReport,
  Metric,
  ServerReport,
  StatisticsReport,
} from './reports.ts';

/** The keys of an answer, without `command` and `error`. */
export type Payload = Readonly<Record<string, Json>>;

/** `configuration`. */
export const configurationJson = (r: ConfigurationReport): Payload => ({
  client_port: r.clientPort,
  data_dir: r.dataDir,
  data_log_dir: r.dataLogDir,
  tick_time: r.tickTimeMs,
  max_client_cnxns: r.connectionsPerAddressMax,
  min_session_timeout: r.sessionTimeoutMinMs,
  max_session_timeout: r.sessionTimeoutMaxMs,
  server_id: r.serverId,
  client_port_listen_backlog: r.backlog,
});

/** `dirs`. */
export const dirsJson = (r: ConfigurationReport): Payload => ({
  datadir_size: r.dataDirBytes,
  logdir_size: r.dataLogBytes,
});

/** `connections`. There are no TLS connections in this release. */
export const connectionsJson = (connections: Iterable<ConnectionReport>): Payload => ({
  connections: itemsOf(connections, (c) => ({ ...brieflyJson(c), ...sessionJson(c) })),
  secure_connections: [],
});

/** There may be ten thousands of them. */
const itemsOf = (connections: Iterable<ConnectionReport>, json: (c: ConnectionReport) => Payload): Items =>
  new Items(function* () {
    for (const connection of connections) yield json(connection);
  });

const brieflyJson = (c: ConnectionReport): Payload => ({
  remote_socket_address: c.remote,
  interest_ops: c.reading ? 1 : 0,
  outstanding_requests: c.queued,
  packets_received: c.received,
  packets_sent: c.sent,
});

const sessionJson = ({ session: s }: ConnectionReport): Payload =>
  s === undefined
    ? {}
    : {
        session_id: s.id,
        last_operation: shortOpName(s.lastOp),
        established: s.establishedMs,
        session_timeout: s.timeoutMs,
        last_cxid: s.lastCxid,
        last_zxid: s.lastZxid,
        last_response_time: s.lastResponseMs,
        last_latency: s.latency.last,
        min_latency: s.latency.min,
        avg_latency: Math.floor(s.latency.average),
        max_latency: s.latency.max,
      };

/** `server_stats`. */
export const serverStatsJson = (r: ServerReport, s: StatisticsReport): Payload => ({
  version: r.version,
  read_only: r.readOnly,
  server_stats: {
    packets_sent: r.sent,
    packets_received: r.received,
    fsync_threshold_exceed_count: s.slowSyncs,
    client_response_stats: sizesJson(s.responseBytes),
    data_dir_size: s.dataDirBytes,
    log_dir_size: s.dataLogBytes,
    provider_null: false,
    server_state: r.mode,
    last_processed_zxid: r.zxid,
    outstanding_requests: r.outstanding,
    avg_latency: new Real(r.latency.average),
    max_latency: r.latency.max,
    min_latency: r.latency.min,
    num_alive_client_connections: r.connections,
    uptime: Math.floor(s.uptimeMs),
    auth_failed_count: s.authFailures,
    non_mtlsremote_conn_count: 0,
    non_mtlslocal_conn_count: 0,
  },
  client_response: sizesJson(s.responseBytes),
  ...(r.proposalBytes === undefined ? {} : { proposal_stats: sizesJson(r.proposalBytes) }),
  node_count: r.nodes,
});

const sizesJson = ({ last, min, max }: BufferSizes): Payload => ({
  last_buffer_size: last,
  min_buffer_size: min,
  max_buffer_size: max,
});

/** `stats`. */
export const statsJson = (
  r: ServerReport,
  s: StatisticsReport,
  connections: Iterable<ConnectionReport>,
): Payload => ({
  ...serverStatsJson(r, s),
  connections: itemsOf(connections, brieflyJson),
  secure_connections: [],
});

/**
 * `dump`: session ids by when they expire (ms on the server's monotonic clock), and ephemerals by session.
 */
export const dumpJson = (
  expiries: Iterable<readonly [bucketMs: number, ids: readonly bigint[]]>,
  ephemerals: Iterable<readonly [session: bigint, paths: readonly string[]]>,
): Payload => ({
  expiry_time_to_session_ids: new Map([...expiries].map(([ms, ids]) => [String(ms), ids])),
  session_id_to_ephemeral_paths: new Map([...ephemerals].map(([id, paths]) => [String(id), paths])),
});

/** Version of the digest that `hash` shows (facts 5). */
const DIGEST_VERSION = 2;

/** `hash`. */
export const hashJson = (digests: readonly DigestReport[]): Payload => ({
  digests: digests.map(({ zxid, digest }) => ({ zxid, digest, digest_version: DIGEST_VERSION })),
});

/** `environment`, `system_properties`: keys from outside, so a map. */
export const pairsJson = (
  pairs: Iterable<readonly [key: string, value: string]>,
): ReadonlyMap<string, Json> => new Map(pairs);

/** `last_snapshot`; undefined where there is none yet. */
export const lastSnapshotJson = (
  last: { readonly zxid: bigint; readonly modifiedMs: number } | undefined,
): Payload => ({
  zxid: last === undefined ? '-1' : hex64(last.zxid),
  timestamp: last === undefined ? -1 : Math.floor(last.modifiedMs / 1000),
});

/** `monitor`: the names of `mntr` without `zk_`. */
export const monitorJson = (metrics: readonly Metric[]): ReadonlyMap<string, Json> =>
  new Map(metricLines(metrics));

/** `leader`. */
export const leaderJson = (s: Standing): Payload => ({
  is_leader: s.isLeader,
  leader_id: s.leaderId,
  leader_ip: s.leaderHost,
});

/** `observers`: those that follow this server. */
export const observersJson = (observers: readonly ObserverReport[]): Payload => ({
  synced_observers: observers.filter((o) => o.synced).length,
  observers: observers.map((o) => ({
    remote_socket_address: `/${o.remote}`,
    sid: o.sid,
    established: Math.floor(o.establishedMs),
    queued_packets: o.queuedPackets,
    queued_packets_size: o.queuedBytes,
    packets_received: o.received,
    packets_sent: o.sent,
    requests: o.requests,
    last_zxid: o.lastZxid,
  })),
});

/** `voting_view`: Apache knows of the others' client addresses only what their lines say. */
export const votingViewJson = (membership: Membership | undefined): Payload => ({
  current_config: new Map(
    (membership?.members ?? [])
      .filter((m) => m.role === 'participant')
      .map((m) => [String(m.id), memberJson(m)]),
  ),
});

const memberJson = ({ addresses, client, role }: Member): Payload => ({
  server_addresses: addresses.map((a) => hostPort(a.host, a.quorumPort)),
  election_addresses: addresses.map((a) => hostPort(a.host, a.electionPort)),
  client_address: client === undefined ? '' : hostPort(client.host, client.port),
  learner_type: role,
});

/** `zabstate` of a server that stands alone, or has no leader. */
export const NO_ZAB_STATE: Payload = { voting: false, zabstate: '' };

/** `zabstate` of a member that serves. */
export const zabStateJson = (s: Standing): Payload => ({
  myid: s.myId,
  is_leader: s.isLeader,
  quorum_address: addressesJson(s.addresses, (a) => a.quorumPort),
  election_address: addressesJson(s.addresses, (a) => a.electionPort),
  client_address: hostPort(s.client.host, s.client.port),
  voting: s.voting,
  last_zxid: hex0x(s.lastZxid),
  zab_epoch: s.lastZxid >> 32n,
  zab_counter: s.lastZxid & 0xffff_ffffn,
  zabstate: 'broadcast',
});

/** Apache shows every property of its class of addresses; which are reachable is not tried here. */
const addressesJson = (
  addresses: readonly ServerAddress[],
  portOf: (a: ServerAddress) => number,
): Payload => {
  const all = addresses.map((a) => hostPort(a.host, portOf(a)));
  const one = all[0] ?? '';
  const ports = [...new Set(addresses.map(portOf))];
  return {
    empty: all.length === 0,
    all_addresses: all,
    all_reachable_addresses: all,
    one,
    reachable_address: one,
    wildcard_addresses: ports.map((port) => hostPort('0.0.0.0', port)),
    all_ports: ports,
    all_host_strings: addresses.map((a) => a.host),
    all_reachable_addresses_or_all: all,
    reachable_or_one: one,
  };
};
