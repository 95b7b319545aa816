/**
 * The metrics of `mntr`, `monitor` and Prometheus: names and forms of Apache 3.8, for what zkt has a true
 * value of. Left out, openly, is what measures Apache's threads and queues (commit and prep processor, Netty,
 * caches), which zkt does not have; test/server/admin/metric-names.ts lists each with its reason.
 */
import { Summary } from '../../base/summary.ts';
import type { QuorumFacts } from './quorum-facts.ts';
import { cutNamespace, type Metric, type ServerMode, type SummaryReport } from './reports.ts';
import type { ServerMetrics } from './server-metrics.ts';

/** What `mntr` needs to know. */
export interface MonitorReport {
  readonly version: string;
  readonly mode: ServerMode;
  /** Gauges. */
  readonly ephemerals: number;
  readonly connections: number;
  readonly outstanding: number;
  /** As Apache counts: the root twice. */
  readonly nodes: number;
  readonly sessions: number;
  readonly watches: number;
  readonly dataBytes: number;
  readonly uptimeMs: number;
  /** Undefined where the system does not tell. */
  readonly openFiles: number | undefined;
  readonly openFilesMax: number | undefined;
  readonly quotas: readonly QuotaReport[];
  readonly traffic: TrafficReport;
  readonly metrics: ServerMetrics;
  /** What is counted on the way of every transaction. */
  readonly node: NodeReport;
  /** Local sessions: of this server alone. */
  readonly localSessions?: number;
  /** Of a member of an ensemble that has a leader. */
  readonly quorum?: QuorumFacts | undefined;
}

/** What a server counts in whatever role; times in ms. */
export interface NodeReport {
  readonly propagationMs: Summary;
  readonly proposalMs: Summary;
  readonly commitPropagationMs: Summary;
  readonly ackCreationMs: Summary;
  readonly quorumAckMs: Summary;
  /** By the id of the server that acknowledged. */
  readonly ackMs: ReadonlyMap<string, Summary>;
  readonly revalidations: number;
  readonly changesQueued: number;
  readonly changesRemoved: number;
  /** By the first part of the path. */
  readonly quotaErrors: ReadonlyMap<string, number>;
  /** How many heard each time a watch fired. */
  readonly watches: {
    readonly created: Summary;
    readonly deleted: Summary;
    readonly changed: Summary;
    readonly children: Summary;
  };
  /** Sizes of writes and reads, by the first part of the path. */
  readonly writeBytes: ReadonlyMap<string, Summary>;
  readonly readBytes: ReadonlyMap<string, Summary>;
  /** Of the last start: the whole of it, and the replay of the log. */
  readonly loadMs: number;
  readonly replayMs: number;
}

/** The quota of a path; limits are -1 where there are none. */
export interface QuotaReport {
  readonly path: string;
  readonly countLimit: number;
  readonly countUsed: number;
  readonly bytesLimit: number;
  readonly bytesUsed: number;
}

/** What went over the client port (`PortStats`). */
export interface TrafficReport {
  readonly latency: { readonly min: number; readonly average: number; readonly max: number };
  readonly readLatency: Summary;
  readonly updateLatency: Summary;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly bytesReceived: number;
  readonly responseBytes: number;
  readonly watchBytes: number;
  readonly connectRequests: number;
  readonly revalidations: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly sessionlessExpired: number;
  readonly notServing: number;
  readonly authFailures: number;
  readonly throttled: number;
  readonly lastResponseBytes: number;
  readonly minResponseBytes: number;
  readonly maxResponseBytes: number;
}

const whole = (name: string, value: number, key?: string): Metric => ({
  name,
  key,
  kind: 'gauge',
  value: Math.floor(value),
});
const counter = (name: string, value: number, key?: string): Metric => ({
  name,
  key,
  kind: 'counter',
  value,
});
const real = (name: string, value: number): Metric => ({ name, kind: 'real', value });
const text = (name: string, value: string): Metric => ({ name, kind: 'text', value });

const reportOf = (s: Summary, detailed: boolean): SummaryReport => ({
  average: s.average,
  min: s.min,
  max: s.max,
  count: s.count,
  sum: s.sum,
  detailed,
  percentile: (share) => s.percentile(share),
});

const brief = (name: string, s: Summary, key?: string): Metric => ({
  name,
  key,
  kind: 'summary',
  value: reportOf(s, false),
});

const full = (name: string, s: Summary, key?: string): Metric => ({
  name,
  key,
  kind: 'summary',
  value: reportOf(s, true),
});

/** What happened once. */
const once = (name: string, ms: number): Metric => {
  const summary = new Summary();
  summary.add(ms);
  return brief(name, summary);
};

/**
 * What zkt never does: TLS (one port for both is what `insecure_admin_count` counts on), SASL, the throttle
 * of operations, the oracle.
 */
const NEVER = [
  'quit_leading_due_to_disloyal_voter',
  'ensemble_auth_success',
  'ensemble_auth_fail',
  'ensemble_auth_skip',
  'unsuccessful_handshake',
  'tls_handshake_exceeded',
  'throttled_ops',
  'large_requests_rejected',
  'unrecoverable_error_count',
  'insecure_admin_count',
] as const;

/** All metrics, in order: version and state, gauges, counters, summaries. */
export const monitorMetrics = (r: MonitorReport): Metric[] => [
  text('version', r.version),
  text('server_state', r.mode),
  ...(r.quorum === undefined ? [] : [text('peer_state', r.quorum.peerState)]),
  ...(r.quorum?.observerMaster === undefined ? [] : [whole('observer_master_id', r.quorum.observerMaster)]),
  ...gauges(r),
  ...r.quotas.flatMap(quotaGauges),
  ...counters(r),
  ...summaries(r),
];

const gauges = ({ traffic: t, ...r }: MonitorReport): Metric[] => [
  whole('ephemerals_count', r.ephemerals),
  whole('num_alive_connections', r.connections),
  real('avg_latency', t.latency.average),
  whole('outstanding_requests', r.outstanding),
  whole('znode_count', r.nodes),
  whole('global_sessions', r.sessions),
  whole('non_mtls_remote_conn_count', 0),
  whole('last_client_response_size', t.lastResponseBytes),
  whole('packets_sent', t.packetsSent),
  whole('packets_received', t.packetsReceived),
  whole('max_client_response_size', t.maxResponseBytes),
  real('connection_drop_probability', 0),
  whole('watch_count', r.watches),
  whole('auth_failed_count', t.authFailures),
  whole('min_latency', t.latency.min),
  ...(r.openFilesMax === undefined ? [] : [whole('max_file_descriptor_count', r.openFilesMax)]),
  whole('approximate_data_size', r.dataBytes),
  ...(r.openFiles === undefined ? [] : [whole('open_file_descriptor_count', r.openFiles)]),
  whole('local_sessions', r.localSessions ?? 0),
  whole('uptime', r.uptimeMs),
  whole('max_latency', t.latency.max),
  whole('outstanding_tls_handshake', 0),
  whole('min_client_response_size', t.minResponseBytes),
  whole('non_mtls_local_conn_count', 0),
  ...(r.quorum === undefined ? [] : quorumGauges(r.quorum)),
];

const quorumGauges = ({ voters, leading: l }: QuorumFacts): Metric[] => [
  whole('quorum_size', voters),
  ...(l === undefined
    ? []
    : [
        whole('learners', l.learners),
        whole('synced_followers', l.syncedFollowers),
        whole('synced_non_voting_followers', l.syncedNonVotingFollowers),
        whole('synced_observers', l.syncedObservers),
        whole('pending_syncs', l.pendingSyncs),
        whole('leader_uptime', l.leaderUptimeMs),
        whole('last_proposal_size', l.proposalBytes.last),
        whole('min_proposal_size', l.proposalBytes.min),
        whole('max_proposal_size', l.proposalBytes.max),
      ]),
];

/** Keys of per-namespace metrics are the first component of the path, as in Apache. */
const quotaGauges = (q: QuotaReport): Metric[] => {
  const key = cutNamespace(q.path.split('/')[1] ?? '');
  return [
    whole('quota_bytes_limit_per_namespace', q.bytesLimit, key),
    whole('quota_count_usage_per_namespace', q.countUsed, key),
    whole('quota_count_limit_per_namespace', q.countLimit, key),
    whole('quota_bytes_usage_per_namespace', q.bytesUsed, key),
  ];
};

const counters = ({ traffic: t, metrics: m, node }: MonitorReport): Metric[] => [
  counter('connection_rejected', t.rejected),
  counter('cnxn_closed_without_zk_server_running', t.notServing),
  counter('sessionless_connections_expired', t.sessionlessExpired),
  counter('connection_drop_count', t.dropped),
  counter('digest_mismatches_count', m.digestMismatches),
  counter('bytes_received_count', t.bytesReceived),
  counter('request_throttle_wait_count', t.throttled),
  counter('connection_request_count', t.connectRequests),
  counter('response_bytes', t.responseBytes),
  counter('watch_bytes', t.watchBytes),
  counter('connection_revalidate_count', t.revalidations),
  counter('revalidate_count', node.revalidations),
  counter('outstanding_changes_queued', node.changesQueued),
  counter('outstanding_changes_removed', node.changesRemoved),
  ...[...node.quotaErrors].map(([key, count]) => counter('quota_exceeded_error_per_namespace', count, key)),
  counter('stale_sessions_expired', m.sessionsExpired),
  counter('fsync_threshold_exceed_count', m.slowSyncs),
  counter('looking_count', m.lookings),
  counter('proposal_count', m.proposals),
  counter('commit_count', m.proposals),
  counter('learner_proposal_received_count', m.proposalsReceived),
  counter('learner_commit_received_count', m.commitsReceived),
  counter('diff_count', m.diffsSent),
  counter('snap_count', m.snapshotsSent),
  ...NEVER.map((name) => counter(name, 0)),
];

const summaries = ({ traffic: t, metrics: m, node }: MonitorReport): Metric[] => [
  brief('fsynctime', m.fsyncMs),
  brief('election_time', m.electionMs),
  brief('unavailable_time', m.unavailableMs),
  brief('leader_unavailable_time', m.leaderUnavailableMs),
  brief('follower_sync_time', m.followerSyncMs),
  brief('observer_sync_time', m.observerSyncMs),
  brief('inflight_snap_count', m.snapshotsInFlight),
  brief('inflight_diff_count', m.diffsInFlight),
  brief('snapshottime', m.snapshotMs),
  brief('startup_txns_loaded', m.txnsReplayed),
  once('dbinittime', node.loadMs),
  once('startup_txns_load_time', node.replayMs),
  brief('sync_processor_batch_size', m.batchSize),
  brief('startup_snap_load_time', m.snapshotLoadMs),
  full('updatelatency', t.updateLatency),
  full('readlatency', t.readLatency),
  full('propagation_latency', node.propagationMs),
  full('proposal_latency', node.proposalMs),
  full('commit_propagation_latency', node.commitPropagationMs),
  full('proposal_ack_creation_latency', node.ackCreationMs),
  full('quorum_ack_latency', node.quorumAckMs),
  brief('node_created_watch_count', node.watches.created),
  brief('node_deleted_watch_count', node.watches.deleted),
  brief('node_changed_watch_count', node.watches.changed),
  brief('node_children_watch_count', node.watches.children),
  ...[...node.ackMs].map(([sid, summary]) => full('ack_latency', summary, sid)),
  ...[...node.readBytes].map(([name, summary]) => brief('read_per_namespace', summary, name)),
  ...[...node.writeBytes].map(([name, summary]) => brief('write_per_namespace', summary, name)),
];
