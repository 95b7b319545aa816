/**
 * The metrics of `mntr`: names and forms of Apache 3.8, for what zkt has a true value of. Left out,
 * openly, is what measures Apache's threads and queues (commit and prep processor, Netty, caches), which zkt
 * does not have, and what zkt does not measure (per-namespace sizes, watch counts per event, propagation).
 */
import type { Summary } from '../../base/summary.ts';
import type { QuorumFacts } from './quorum-facts.ts';
import type { Metric, ServerMode, SummaryReport } from './reports.ts';
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
  /** Local sessions: of this server alone. */
  readonly localSessions?: number;
  /** Of a member of an ensemble that has a leader. */
  readonly quorum?: QuorumFacts | undefined;
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

const whole = (name: string, value: number): Metric => ({ name, kind: 'whole', value: Math.floor(value) });
const real = (name: string, value: number): Metric => ({ name, kind: 'real', value });
const text = (name: string, value: string): Metric => ({ name, kind: 'text', value });

const brief = (s: Summary): SummaryReport => ({
  average: s.average,
  min: s.min,
  max: s.max,
  count: s.count,
  sum: s.sum,
});

const full = (s: Summary): SummaryReport => ({
  ...brief(s),
  percentiles: {
    p50: s.percentile(0.5),
    p95: s.percentile(0.95),
    p99: s.percentile(0.99),
    p999: s.percentile(0.999),
  },
});

const summary = (name: string, value: SummaryReport): Metric => ({ name, kind: 'summary', value });

/** What zkt never does: TLS, SASL, the throttle of operations, the oracle. */
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
  const key = q.path.split('/')[1] ?? '';
  return [
    whole(`${key}_quota_bytes_limit_per_namespace`, q.bytesLimit),
    whole(`${key}_quota_count_usage_per_namespace`, q.countUsed),
    whole(`${key}_quota_count_limit_per_namespace`, q.countLimit),
    whole(`${key}_quota_bytes_usage_per_namespace`, q.bytesUsed),
  ];
};

const counters = ({ traffic: t, metrics: m }: MonitorReport): Metric[] => [
  whole('connection_rejected', t.rejected),
  whole('cnxn_closed_without_zk_server_running', t.notServing),
  whole('sessionless_connections_expired', t.sessionlessExpired),
  whole('connection_drop_count', t.dropped),
  whole('digest_mismatches_count', m.digestMismatches),
  whole('bytes_received_count', t.bytesReceived),
  whole('request_throttle_wait_count', t.throttled),
  whole('connection_request_count', t.connectRequests),
  whole('response_bytes', t.responseBytes),
  whole('watch_bytes', t.watchBytes),
  whole('connection_revalidate_count', t.revalidations),
  whole('stale_sessions_expired', m.sessionsExpired),
  whole('fsync_threshold_exceed_count', m.slowSyncs),
  whole('looking_count', m.lookings),
  whole('proposal_count', m.proposals),
  whole('commit_count', m.proposals),
  whole('learner_proposal_received_count', m.proposalsReceived),
  whole('learner_commit_received_count', m.proposalsReceived),
  whole('diff_count', m.diffsSent),
  whole('snap_count', m.snapshotsSent),
  ...NEVER.map((name) => whole(name, 0)),
];

const summaries = ({ traffic: t, metrics: m }: MonitorReport): Metric[] => [
  summary('fsynctime', brief(m.fsyncMs)),
  summary('election_time', brief(m.electionMs)),
  summary('snapshottime', brief(m.snapshotMs)),
  summary('startup_txns_loaded', brief(m.txnsReplayed)),
  summary('sync_processor_batch_size', brief(m.batchSize)),
  summary('startup_snap_load_time', brief(m.snapshotLoadMs)),
  summary('updatelatency', full(t.updateLatency)),
  summary('readlatency', full(t.readLatency)),
];
