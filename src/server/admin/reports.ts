/** What a server tells about itself, as plain values: the input of every four-letter word's text. */
import type { MemberConfiguration } from './quorum-facts.ts';

/** What a server is at the moment. */
export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';

/** `srvr`, and the head of `stat`. */
export interface ServerReport {
  /** `x.y.z-something, built on date`. */
  readonly version: string;
  readonly readOnly: boolean;
  readonly mode: ServerMode;
  /** ms; the average with its fraction. */
  readonly latency: { readonly min: number; readonly average: number; readonly max: number };
  readonly received: number;
  readonly sent: number;
  readonly connections: number;
  readonly outstanding: number;
  readonly zxid: bigint;
  /** As Apache counts: the root twice. */
  readonly nodes: number;
  /** Of a leader. */
  readonly proposalBytes?: BufferSizes | undefined;
}

/** Sizes of replies or proposals, bytes; -1 before the first. */
export interface BufferSizes {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}

/** What `server_stats` of the HTTP admin adds to `srvr`. */
export interface StatisticsReport {
  readonly slowSyncs: number;
  readonly responseBytes: BufferSizes;
  readonly dataDirBytes: number;
  readonly dataLogBytes: number;
  readonly uptimeMs: number;
  readonly authFailures: number;
}

/** One line of `stat` and `cons`. */
export interface ConnectionReport {
  /** `address:port`, brackets around IPv6. */
  readonly remote: string;
  readonly reading: boolean;
  readonly queued: number;
  readonly received: number;
  readonly sent: number;
  /** Undefined before the session stands. */
  readonly session: ConnectionSession | undefined;
}

/** What `cons` adds for a connection with a session. */
export interface ConnectionSession {
  readonly id: bigint;
  /** Operation code of the last answer; 0 before the first. */
  readonly lastOp: number;
  /** ms since 1970. */
  readonly establishedMs: number;
  readonly timeoutMs: number;
  /** Negative ones are left out. */
  readonly lastCxid: number;
  readonly lastZxid: bigint;
  /** Monotonic ms, whole. */
  readonly lastResponseMs: number;
  readonly latency: {
    readonly last: number;
    readonly min: number;
    readonly average: number;
    readonly max: number;
  };
}

/** `conf` and `dirs`. */
export interface ConfigurationReport {
  readonly clientPort: number;
  readonly secureClientPort: number;
  /** With `version-2`. */
  readonly dataDir: string;
  readonly dataDirBytes: number;
  readonly dataLogDir: string;
  readonly dataLogBytes: number;
  readonly tickTimeMs: number;
  readonly connectionsPerAddressMax: number;
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  /** -1 for the system's choice. */
  readonly backlog: number;
  readonly serverId: number;
  /** Of a member of an ensemble. */
  readonly member?: MemberConfiguration | undefined;
}

/** One expiry bucket of `dump`: when, and the lines in it. */
export interface BucketReport {
  /** As `Date.toString` of Java writes it. */
  readonly at: string;
  readonly lines: readonly string[];
}

/** `dump`. */
export interface DumpReport {
  /** Sessions by when they expire: of a leader, and of a server that stands alone. */
  readonly sessions: readonly BucketReport[];
  /** Instead of `sessions`, on a learner: all it knows of, since the leader expires them. */
  readonly global?: readonly { readonly id: bigint; readonly timeoutMs: number }[] | undefined;
  readonly ephemerals: readonly { readonly session: bigint; readonly paths: readonly string[] }[];
  readonly connections: readonly BucketReport[];
}

/** `wchs`: the data table. */
export interface WatchCountReport {
  readonly connections: number;
  readonly paths: number;
  readonly watches: number;
}

/** One line of `hash`: the tree's digest at a zxid. */
export interface DigestReport {
  readonly zxid: bigint;
  readonly digest: bigint;
}

/** A summary of many values. */
export interface SummaryReport {
  readonly average: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  /** Latencies are told in more detail. */
  readonly detailed: boolean;
  /** The smallest value that at least that share (0..1) of all values do not exceed; 0 while empty. */
  percentile(share: number): number;
}

/**
 * A metric by Apache's name without `zk_`. A set of metrics, one a namespace or a server, has several of one
 * name with different keys.
 */
export type Metric = {
  readonly name: string;
  readonly key?: string | undefined;
} & (
  | { readonly kind: 'text'; readonly value: string }
  /** `real`: a gauge with a fraction, which Java prints with one even where it is whole. */
  | { readonly kind: 'gauge' | 'real' | 'counter'; readonly value: number }
  | { readonly kind: 'summary'; readonly value: SummaryReport }
);

const NAMESPACE_CHARS_MAX = 128;

/** A namespace as metrics bear it: a name may be a megabyte, and there are many metrics of each. */
export const cutNamespace = (name: string): string =>
  name.length <= NAMESPACE_CHARS_MAX ? name : `${name.slice(0, NAMESPACE_CHARS_MAX)}…`;
