/**
 * What a server is told to be: the result of a zoo.cfg, `-D` properties and options, checked, with every
 * default filled in.
 */
import type { QuorumConfig } from './quorum-config.ts';

/** The client port (all of `ClientPortOptions`). */
export interface ClientConfig {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly backlog: number | undefined;
  readonly keepAlive: boolean;
  readonly frameBytesMax: number;
  readonly connectionsPerAddressMax: number;
  readonly connectionsMax: number;
  readonly connectRequestTimeoutMs: number;
  readonly frameTimeoutMs: number;
  readonly outstandingRequestsMax: number;
  readonly outstandingBytesMax: number;
  readonly unreadBytesMax: number;
  readonly allowedWords: ReadonlySet<string>;
  /** A request that takes so long is told with its stages; -1 for none (`slowRequestThresholdMs`). */
  readonly slowRequestMs: number;
}

/** Transaction log and snapshots. Directories are without `version-2`. */
export interface StorageConfig {
  /** Snapshots. */
  readonly dataDir: string;
  /** Transaction logs; `dataDir` where not given. */
  readonly dataLogDir: string;
  /** Make missing directories (`datadir.autocreate`). */
  readonly autoCreate: boolean;
  /** Transactions between snapshots (`snapCount`). */
  readonly snapCount: number;
  /** Bytes of log between snapshots (`snapSizeLimitInKb`); <= 0 for no limit. */
  readonly snapSizeBytesMax: number;
  /** Bytes after which the log is rolled (`txnLogSizeLimitInKb`); <= 0 for no limit. */
  readonly logSizeBytesMax: number;
  /** Bytes the log file grows by in advance (`preAllocSize`). */
  readonly preallocBytes: number;
  /** Whether writes wait for the disk (`forceSync`). */
  readonly forceSync: boolean;
  /** A slower fsync is reported (`fsync.warningthresholdms`). */
  readonly slowSyncMs: number;
  /** Compression of new snapshots (`snapshot.compression.method`). */
  readonly snapshotCompression: 'none' | 'gzip' | 'snappy';
  /** An empty data directory is that of a new server (`db.autocreate`). */
  readonly emptyIsNew: boolean;
  /** closeSession transactions list the ephemerals (`closeSessionTxn.enabled`). */
  readonly closeSessionPaths: boolean;
  /** Snapshots end with 3.9's section (`serializeLastProcessedZxid.enabled`). */
  readonly lastZxidInSnapshots: boolean;
  /** Start although there are logs and no snapshot (`snapshot.trust.empty`). */
  readonly trustEmptySnapshot: boolean;
  /** Digests in log and snapshot (`digest.enabled`). */
  readonly digests: boolean;
  /** Snapshots kept by purging, at least 3 (`autopurge.snapRetainCount`). */
  readonly purgeRetainCount: number;
  /** Hours between purges; 0 for never (`autopurge.purgeInterval`). */
  readonly purgeIntervalHours: number;
}

/** Sessions and time. */
export interface SessionConfig {
  readonly tickTimeMs: number;
  readonly timeoutMinMs: number;
  readonly timeoutMaxMs: number;
}

/** Who may do what. */
export interface SecurityConfig {
  /** `skipACL`. */
  readonly skipAcl: boolean;
  /** `DigestAuthenticationProvider.superDigest`, `user:hash`; undefined without a super user. */
  readonly superDigest: string | undefined;
  /** `DigestAuthenticationProvider.enabled`. */
  readonly digestEnabled: boolean;
  /** `DigestAuthenticationProvider.digestAlg`. */
  readonly digestAlgorithm: string;
  /** `enforce.auth.enabled` and `enforce.auth.schemes`; `sessionRequireClientSASLAuth` adds sasl. */
  readonly enforceAuth: boolean;
  readonly enforceAuthSchemes: readonly string[];
  /** Identities of one connection, its address included. */
  readonly identitiesPerConnectionMax: number;
}

/** The data tree. */
export interface TreeConfig {
  /** `extendedTypesEnabled`: TTL nodes. */
  readonly extendedTypes: boolean;
  /** `emulate353TTLNodes`. */
  readonly emulate353Ttl: boolean;
  /** `enforceQuota`. */
  readonly enforceQuota: boolean;
  /** `znode.container.checkIntervalMs`. */
  readonly containerCheckIntervalMs: number;
  /** `znode.container.maxPerMinute`. */
  readonly containersPerMinuteMax: number;
  /** `znode.container.maxNeverUsedIntervalMs`; 0 for never. */
  readonly containerNeverUsedMs: number;
  /** Operations of one multi. */
  readonly multiOperationsMax: number;
  /** Watches of one connection. */
  readonly watchesPerConnectionMax: number;
}

/** The HTTP admin. */
export interface AdminConfig {
  /** `admin.enableServer`. */
  readonly enabled: boolean;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Where no port was given, any free one will do if this one is taken. */
  readonly portGiven: boolean;
  /** `admin.commandURL`. */
  readonly commandUrl: string;
  readonly idleTimeoutMs: number;
  /** What whoever asks must know; undefined on loopback where none was given. */
  readonly token: string | undefined;
}

/** The flight recorder. */
export interface RecorderConfig {
  /** `zkt.flightRecorder`. */
  readonly enabled: boolean;
  /** Of all its files (`zkt.flightRecorderSizeMb`). */
  readonly bytesMax: number;
}

/** A line that was understood to be of no effect. */
export interface ConfigWarning {
  /** The file, or `-D`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Everything a server is told. */
export interface ServerConfig {
  /** The file it came from; undefined for defaults. */
  readonly file: string | undefined;
  /** `myid`, or `--id`; 0 for a standalone server, as Apache's `conf` says. */
  readonly serverId: number;
  readonly client: ClientConfig;
  readonly storage: StorageConfig;
  readonly session: SessionConfig;
  readonly security: SecurityConfig;
  readonly tree: TreeConfig;
  readonly quorum: QuorumConfig;
  readonly admin: AdminConfig;
  readonly recorder: RecorderConfig;
  /**
   * Every property that was given, by Apache's full name (`zookeeper.snapCount`), for what no field above
   * stands for and for `envi` and `conf`; secrets included, so show it only through `redacted`.
   */
  readonly properties: ReadonlyMap<string, string>;
  readonly warnings: readonly ConfigWarning[];
}
