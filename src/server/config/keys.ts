/**
 * Every key of zoo.cfg and every property of Apache ZooKeeper 3.8 that zkt knows, in one table: kind,
 * default, meaning.
 *
 * A `core` key is a line of zoo.cfg. A `property` is one too, and is what Java calls `zookeeper.<key>`, so
 * that it may also be given as `-D zookeeper.<key>=…`. A `jvm` property has no prefix and cannot be given in
 * zoo.cfg, as in Apache. `effect` is openly stated: what this release acts on (`used`), what it checks and
 * keeps for parts that are not in this release (`later`), and what means nothing here, since zkt is built
 * another way (`none`).
 */

import type { ValueKind } from './value-kinds.ts';
import {
  flag,
  fraction,
  hash,
  host,
  oneOf,
  path,
  port,
  text,
  textOr,
  token,
  urlPath,
  whole,
  wholeOrUnset,
  yesNo,
} from './value-kinds.ts';

/** Where a key may stand. */
export type KeyScope = 'core' | 'property' | 'jvm';
/** What a key does in this release. */
export type KeyEffect = 'used' | 'later' | 'none';

/** One row of the table. */
export interface KeySpec<T> {
  readonly scope: KeyScope;
  readonly effect: KeyEffect;
  readonly kind: ValueKind<T>;
  readonly says: string;
}

const row =
  (scope: KeyScope, effect: KeyEffect) =>
  <T>(kind: ValueKind<T>, says: string): KeySpec<T> => ({ scope, effect, kind, says });

const core = row('core', 'used');
const coreLater = row('core', 'later');
const coreNone = row('core', 'none');
const prop = row('property', 'used');
const later = row('property', 'later');
const none = row('property', 'none');
const jvm = row('jvm', 'used');

const CORE_KEYS = {
  dataDir: core(path, 'Directory of snapshots.'),
  dataLogDir: core(path, 'Directory of transaction logs; dataDir where not given.'),
  clientPort: core(port(0), 'Client port; 0 for any free one.'),
  clientPortAddress: core(host, 'Address of the client port; loopback where not given.'),
  secureClientPort: coreLater(port(0), 'TLS client port; a start with it is refused.'),
  secureClientPortAddress: coreLater(host, 'Address of the TLS client port.'),
  tickTime: core(whole(3000, 1), 'The unit of session time, ms.'),
  initLimit: core(whole(0), 'Ticks a follower may take to connect and sync.'),
  syncLimit: core(whole(0), 'Ticks a follower may lag.'),
  connectToLearnerMasterLimit: core(whole(0), 'Ticks to connect to the leader; initLimit where not given.'),
  minSessionTimeout: core(wholeOrUnset(), 'Shortest session timeout, ms; 2 ticks where not given.'),
  maxSessionTimeout: core(wholeOrUnset(), 'Longest session timeout, ms; 20 ticks where not given.'),
  maxClientCnxns: core(whole(60), 'Connections from one address; 0 for no limit.'),
  clientPortListenBacklog: core(wholeOrUnset(), 'Connections the kernel holds before they are accepted.'),
  electionAlg: core(whole(3, 3, 3), 'Election algorithm; 3 is the only one left.'),
  peerType: core(oneOf('participant', ['participant', 'observer']), 'What this server is.'),
  syncEnabled: core(flag(true), 'Whether observers log to disk.'),
  observerMasterPort: coreLater(port(0), 'Port on which followers serve observers.'),
  quorumListenOnAllIPs: core(flag(false), 'Quorum and election ports on every address.'),
  standaloneEnabled: core(flag(true), 'One voter means a standalone server.'),
  reconfigEnabled: core(flag(false), 'Whether clients may change the membership.'),
  dynamicConfigFile: core(path, 'File with the server lines.'),
  localSessionsEnabled: core(flag(false), 'Sessions known only to their server.'),
  localSessionsUpgradingEnabled: core(flag(false), 'Local sessions become global when they must.'),
  'autopurge.snapRetainCount': core(whole(3), 'Snapshots kept by purging; at least 3.'),
  'autopurge.purgeInterval': core(whole(0), 'Hours between purges; 0 for never.'),
  sslQuorum: coreLater(flag(false), 'TLS between servers; a member does not start with it.'),
  portUnification: coreLater(
    flag(false),
    'TLS and plain text between servers on one port; a member does not start with it.',
  ),
  sslQuorumReloadCertFiles: coreLater(flag(false), 'Read certificates again when they change.'),
  'quorum.auth.enableSasl': coreLater(flag(false), 'SASL between servers; a member does not start with it.'),
  'quorum.auth.serverRequireSasl': coreLater(flag(false), 'Accept only servers with SASL.'),
  'quorum.auth.learnerRequireSasl': coreLater(flag(false), 'Connect to servers with SASL only.'),
  'quorum.auth.kerberos.servicePrincipal': coreLater(textOr('zkquorum/localhost'), 'Kerberos principal.'),
  'quorum.auth.learner.saslLoginContext': coreLater(textOr('QuorumLearner'), 'Login context of a learner.'),
  'quorum.auth.server.saslLoginContext': coreLater(textOr('QuorumServer'), 'Login context of a server.'),
  'quorum.cnxn.threads.size': coreNone(whole(20), 'Threads of the election port.'),
  'multiAddress.enabled': core(flag(false), 'Several addresses a server.'),
  'multiAddress.reachabilityCheckEnabled': coreNone(flag(true), 'Try which of them answers.'),
  'multiAddress.reachabilityCheckTimeoutMs': coreNone(whole(1000), 'For how long.'),
  'metricsProvider.className': coreNone(
    text,
    'Java class of the metrics provider; metrics are at /metrics of the HTTP admin.',
  ),
  'metricsProvider.httpPort': coreNone(port(7000), 'Port of the Prometheus provider.'),
  'metricsProvider.httpHost': coreNone(host, 'Address of the Prometheus provider.'),
  'metricsProvider.exportJvmInfo': coreNone(flag(true), 'Metrics of the Java virtual machine.'),
  oraclePath: coreLater(text, 'File of the two-server oracle.'),
  'jvm.pause.monitor': coreNone(flag(false), 'Watch for pauses of the Java virtual machine.'),
  'jvm.pause.sleep.time.ms': coreNone(whole(500), 'How often.'),
  'jvm.pause.info-threshold.ms': coreNone(whole(1000), 'Pauses worth a note.'),
  'jvm.pause.warn-threshold.ms': coreNone(whole(10_000), 'Pauses worth a warning.'),
} as const;

const STORAGE_KEYS = {
  snapCount: prop(whole(100_000, 2), 'Transactions between snapshots.'),
  snapSizeLimitInKb: prop(whole(4_194_304, -1, 2 ** 41), 'KiB of log between snapshots; <= 0 for no limit.'),
  txnLogSizeLimitInKb: prop(whole(-1, -1, 2 ** 41), 'KiB after which the log is rolled; <= 0 for no limit.'),
  preAllocSize: prop(whole(65_536, 0, 2 ** 24), 'KiB the log file grows by in advance.'),
  forceSync: prop(yesNo(true), 'Whether writes wait for the disk.'),
  'fsync.warningthresholdms': prop(whole(1000), 'A slower fsync is reported, ms.'),
  flushDelay: none(whole(0), 'Time to gather transactions before an fsync, ms.'),
  maxWriteQueuePollTime: none(wholeOrUnset(), 'Time the sync thread waits, ms.'),
  maxBatchSize: none(whole(1000, 1), 'Transactions that share one fsync at most.'),
  'snapshot.compression.method': prop(oneOf('', ['', 'gz', 'snappy']), 'Compression of snapshots.'),
  'snapshot.trust.empty': prop(flag(false), 'Start with logs but no snapshot.'),
  'datadir.autocreate': prop(flag(true), 'Make missing directories.'),
  'db.autocreate': prop(flag(true), 'An empty data directory counts as an empty database.'),
  'digest.enabled': prop(flag(true), 'Digests in log and snapshot.'),
  'closeSessionTxn.enabled': prop(flag(true), 'closeSession transactions list the ephemerals.'),
  'serializeLastProcessedZxid.enabled': prop(
    flag(false),
    'Snapshots end with the last zxid, as in 3.9 (where it is on).',
  ),
  initConfigFile: none(path, 'Copy of the configuration shown by icfg.'),
} as const;

const ENSEMBLE_KEYS = {
  commitLogCount: prop(whole(500), 'Transactions kept to bring followers up to date.'),
  snapshotSizeFactor: prop(fraction(0.33), 'Log instead of snapshot up to that share of its size.'),
  forceSnapshotSync: prop(flag(false), 'Always send a snapshot.'),
  leaderServes: prop(yesNo(true), 'Whether the leader serves clients.'),
  cnxTimeout: prop(whole(5000), 'Time to open an election connection, ms.'),
  quorumCnxnTimeoutMs: prop(wholeOrUnset(), 'Read timeout of election connections, ms.'),
  electionPortBindRetry: prop(whole(3), 'Tries to open the election port; 0 for ever.'),
  'fastleader.minNotificationInterval': prop(whole(200), 'Shortest time between votes, ms.'),
  'fastleader.maxNotificationInterval': prop(whole(60_000), 'Longest time between votes, ms.'),
  'leader.maxTimeToWaitForEpoch': prop(wholeOrUnset(), 'Time to wait for a new epoch, ms.'),
  'leader.maxConcurrentSnapSyncs': prop(whole(10), 'Snapshots sent at a time.'),
  'leader.maxConcurrentDiffSyncs': prop(whole(100), 'Differences sent at a time.'),
  'observer.reconnectDelayMs': prop(whole(0), 'Wait before an observer reconnects, ms.'),
  'observer.election.DelayMs': prop(whole(200), 'Wait before an observer looks for a leader, ms.'),
  'observerMaster.sizeLimit': later(whole(32 * 1024 * 1024), 'Bytes of packets kept for observers.'),
  'learner.asyncSending': none(flag(false), 'Learners send without waiting.'),
  leaderConnectDelayDuringRetryMs: prop(whole(100), 'Wait between tries to reach the leader, ms.'),
  'zkt.finalizeWaitMs': prop(
    whole(200),
    'How long a quorum for a vote waits for a better vote that may still come, ms.',
  ),
  tcpKeepAlive: prop(flag(false), 'TCP keep-alive on election connections.'),
} as const;

const LIMIT_KEYS = {
  globalOutstandingLimit: prop(
    whole(1000),
    'Requests in flight before clients are not read from; 0 for no limit.',
  ),
  maxCnxns: prop(whole(10_000), 'Connections altogether; 0 for no limit.'),
  largeRequestMaxBytes: prop(whole(64 * 1024 * 1024), 'Bytes of requests in flight; 0 for no limit.'),
  largeRequestThreshold: later(wholeOrUnset(), 'Requests from that size on count as large.'),
  maxResponseCacheSize: none(whole(400), 'Replies cached.'),
  maxGetChildrenResponseCacheSize: none(whole(400), 'Replies of getChildren cached.'),
  request_throttle_max_requests: prop(whole(0), 'Requests in flight, of the request throttler; 0 for off.'),
  request_throttle_stall_time: none(whole(100), 'Time a throttled request waits, ms.'),
  request_throttle_drop_stale: none(flag(true), 'Drop requests of closed connections.'),
  throttled_op_wait_time: later(whole(0), 'Wait after which an operation is refused, ms; 0 for off.'),
  connection_throttle_tokens: later(whole(0), 'Tokens of the connection throttle; 0 for off.'),
  connection_throttle_fill_time: later(whole(1), 'Time between refills, ms.'),
  connection_throttle_fill_count: later(whole(1), 'Tokens of one refill.'),
  request_stale_connection_check: none(flag(true), 'Drop requests of closed connections.'),
  request_stale_latency_check: none(flag(false), 'Drop requests that waited too long.'),
  clientTcpKeepAlive: prop(flag(false), 'TCP keep-alive on client connections.'),
  'nio.sessionlessCnxnTimeout': prop(whole(10_000, 1), 'Time to send a connect request, ms.'),
  'nio.numSelectorThreads': none(whole(1), 'Selector threads.'),
  'nio.numWorkerThreads': none(whole(1), 'Worker threads.'),
  'commitProcessor.numWorkerThreads': none(whole(1), 'Worker threads of the commit processor.'),
  serverCnxnFactory: none(text, 'Java class of the client port.'),
  'jute.maxbuffer.extrasize': later(wholeOrUnset(), 'Bytes a record may exceed jute.maxbuffer by.'),
  watchManagerName: none(text, 'Java class of the watch tables.'),
  slowRequestThresholdMs: prop(
    whole(-1, -1),
    'A request that takes so long is told with the time of each stage (request.slow), ms; -1 for none.',
  ),
  'zkt.learnerQueueBytesMax': prop(
    whole(256 * 1024 * 1024, 1),
    'Bytes that may wait for one learner before the leader drops it.',
  ),
  'zkt.epochTransactionsMax': prop(
    whole(0xfffffffe, 1, 0xfffffffe),
    'Transactions of one leader; then another epoch begins.',
  ),
  'zkt.commitLogCountMin': prop(whole(500, 1), 'The least that commitLogCount may be.'),
  'zkt.frameTimeoutMs': prop(whole(5000, 1), 'Time for the rest of a frame that has begun, ms.'),
  'zkt.unreadBytesMax': prop(whole(8 * 1024 * 1024, 1), 'Output a client has not read before it is dropped.'),
  'zkt.multiOperationsMax': prop(whole(10_000, 1), 'Operations of one multi.'),
  'zkt.watchesPerConnectionMax': prop(whole(100_000, 1), 'Watches of one connection.'),
  'zkt.identitiesPerConnectionMax': prop(whole(100, 2), 'Identities of one connection.'),
} as const;

const SECURITY_KEYS = {
  'zkt.sessionSecretFile': prop(
    path,
    "File with the secret of session passwords that all servers of the ensemble share; Apache's formula without it.",
  ),
  skipACL: prop(yesNo(false), 'No access control at all.'),
  superUser: later(text, 'Super user of the SASL scheme.'),
  'DigestAuthenticationProvider.enabled': prop(flag(true), 'The digest scheme.'),
  'DigestAuthenticationProvider.superDigest': prop(text, 'user:hash of the super user.'),
  'DigestAuthenticationProvider.digestAlg': prop(hash, 'Hash of the digest scheme.'),
  'X509AuthenticationProvider.superUser': later(text, 'Super user of the x509 scheme.'),
  'enforce.auth.enabled': prop(flag(false), 'Clients must authenticate.'),
  'enforce.auth.schemes': prop(text, 'By one of these schemes.'),
  sessionRequireClientSASLAuth: prop(flag(false), 'Clients must authenticate with SASL.'),
  allowSaslFailedClients: later(flag(false), 'Clients whose SASL failed may stay.'),
  enableEagerACLCheck: later(flag(false), 'Learners check ACLs before they forward.'),
  enforceQuota: prop(flag(false), 'Hard quotas are kept.'),
  'audit.enable': later(flag(false), 'Audit log.'),
  'audit.impl.class': none(text, 'Java class of the audit log.'),
  'client.portUnification': later(flag(false), 'TLS and plain text on the client port.'),
  'fips-mode': later(flag(false), 'Only FIPS algorithms for TLS.'),
} as const;

const OTHER_KEYS = {
  '4lw.commands.whitelist': prop(textOr('srvr'), 'Four-letter words that are answered; * for all.'),
  extendedTypesEnabled: prop(flag(false), 'TTL nodes.'),
  emulate353TTLNodes: prop(flag(false), 'TTL nodes as 3.5.3 wrote them.'),
  'admin.enableServer': prop(flag(true), 'HTTP admin server.'),
  'admin.serverAddress': prop(
    host,
    'Its address; loopback where not given. Another one needs zkt.adminToken or zkt.adminTokenFile.',
  ),
  'admin.serverPort': prop(
    port(8080),
    'Its port; 0 for any free one. Where not given and taken, any free one; client port + 5900 for --id without a file.',
  ),
  'admin.commandURL': prop(urlPath('/commands'), 'Its path of commands.'),
  'admin.idleTimeout': prop(whole(30_000), 'Time after which a silent connection of it is closed, ms.'),
  'zkt.adminToken': prop(token, 'What whoever asks the admin server must know; else nothing on loopback.'),
  'zkt.adminTokenFile': prop(path, 'File with that token, which is better kept there.'),
  'zkt.flightRecorder': prop(
    flag(true),
    'What the server told of itself lately is kept in files beside the transaction logs (flight.N.zktrec).',
  ),
  'zkt.flightRecorderSizeMb': prop(whole(16, 1, 4096), 'MiB of all these files together.'),
  'admin.portUnification': later(flag(false), 'TLS and plain text on its port.'),
  'admin.forceHttps': later(flag(false), 'TLS only.'),
  'admin.needClientAuth': later(flag(false), 'Client certificates.'),
  'admin.snapshot.enabled': later(flag(true), 'The snapshot command (3.9).'),
  'admin.restore.enabled': later(flag(true), 'The restore command (3.9).'),
  'admin.rateLimiterIntervalInMS': later(whole(300_000), 'Time between two of them, ms.'),
} as const;

const JVM_KEYS = {
  'jute.maxbuffer': jvm(whole(0xfffff, 64, 0x3fffffff), 'Largest request, bytes.'),
  'readonlymode.enabled': jvm(flag(false), 'Serve reads without a quorum.'),
  'znode.container.checkIntervalMs': jvm(whole(60_000, 1), 'Time between checks for empty containers, ms.'),
  'znode.container.maxPerMinute': jvm(whole(10_000, 1), 'Containers removed a minute at most.'),
  'znode.container.maxNeverUsedIntervalMs': jvm(
    whole(0),
    'Containers never used are removed after, ms; 0 for never.',
  ),
} as const;

/** The table. */
export const KEYS = {
  ...CORE_KEYS,
  ...STORAGE_KEYS,
  ...ENSEMBLE_KEYS,
  ...LIMIT_KEYS,
  ...SECURITY_KEYS,
  ...OTHER_KEYS,
  ...JVM_KEYS,
} as const;

/** A key of the table. */
export type KeyName = keyof typeof KEYS;

/** The values of all keys. */
export type Settings = {
  readonly [K in KeyName]: (typeof KEYS)[K] extends KeySpec<infer T> ? T : never;
};

/** A row by a name that may be none. */
export const keySpec = (name: string): KeySpec<unknown> | undefined =>
  Object.hasOwn(KEYS, name) ? KEYS[name as KeyName] : undefined;

/** Properties of TLS, after `ssl.` or `ssl.quorum.`: kept and not read in this release. */
const TLS_SUFFIX =
  /^(keyStore|trustStore)\.(location|password|passwordPath|type)$|^(protocol|enabledProtocols|ciphersuites|context\.supplier\.class|hostnameVerification|clientHostnameVerification|clientAuth|crl|ocsp|handshakeDetectionTimeoutMillis|authProvider)$/;

/** True for keys of families that are kept as properties and have no row: TLS, authentication providers. */
export const isKeptFamily = (name: string): boolean => {
  if (/^authProvider\.[0-9A-Za-z]+$/.test(name) || name.startsWith('metricsProvider.')) return true;
  const suffix = /^ssl\.(?:quorum\.)?(.+)$/.exec(name)?.[1];
  return suffix !== undefined && TLS_SUFFIX.test(suffix);
};

/** True for properties that must not be shown. */
export const isSecret = (name: string): boolean => /password|superdigest|secret|admintoken$/i.test(name);
