/**
 * The way of one request through an ensemble, as it is told by the events of its servers and by the client
 * that made it. `inspect/trace` makes these, formatters show them.
 *
 * All times are ms since the request began, on one clock: the client's, or where no client was listened to,
 * that of the server it asked. Those of other servers are corrected by what the trace says of each server.
 */

/** The client, where a server is named otherwise. */
export const CLIENT = 'client';

/**
 * What happens to a request, in the order of cause:
 *
 *     sent       the client sent it                        received   the client's server read it
 *     forwarded  that server passed it to the leader       arrived    the leader read it
 *     prepared   it was checked, and got a zxid            proposed   the proposal went to the followers
 *     offered    the proposal (or INFORM) arrived          logged     it is on that server's disk
 *     acked      that server sent its ACK                  counted    the leader has the ACK of `peer`
 *     committed  a quorum has it on disk                   told       the COMMIT (or INFORM) arrived
 *     applied    it changed that server's tree             replied    the answer was made
 *     answered   the client has the answer
 */
export const TRACE_STAGES = [
  'sent',
  'received',
  'forwarded',
  'arrived',
  'prepared',
  'proposed',
  'offered',
  'logged',
  'acked',
  'counted',
  'committed',
  'told',
  'applied',
  'replied',
  'answered',
] as const;
/** The name of a stage. */
export type TraceStageName = (typeof TRACE_STAGES)[number];

/** A stage on one server: from when what causes it was there, to when it was done. */
export interface TraceStage {
  readonly stage: TraceStageName;
  /** The server's id (its address where it has none), or `CLIENT`. */
  readonly node: string;
  /** Who is at the other end: whose ACK, who sent it. */
  readonly peer?: string;
  readonly startMs: number;
  readonly endMs: number;
  /** What the time in between is: something on its way, or work (and waiting for work) of this server. */
  readonly via: 'network' | 'work';
  /** How long the fsync took that put it on disk, at the end of the stage. */
  readonly fsyncMs?: number;
  readonly bytes?: number;
  /** Among what the client waited for. */
  readonly critical: boolean;
}

/** One step of what the client waited for; the steps follow each other without a gap. */
export interface TraceStep {
  /** The stage that ends the step. */
  readonly stage: TraceStageName;
  readonly node: string;
  readonly peer?: string;
  /** The stage and the server it begins with. */
  readonly from: TraceStageName;
  readonly fromNode: string;
  readonly startMs: number;
  readonly ms: number;
  readonly via: 'network' | 'work';
  readonly fsyncMs?: number;
  /** Stages in between that nobody told of. */
  readonly untold: readonly TraceStageName[];
}

/** A server of the ensemble, as far as it has to do with the request. */
export interface TraceServer {
  readonly node: string;
  /** `''` where nothing tells. */
  readonly role: 'leader' | 'follower' | 'observer' | 'standalone' | '';
  /** zkt servers tell of requests, Apache's do not; `''` where nothing tells which it is. */
  readonly kind: 'zkt' | 'apache' | '';
  /** Why nothing is heard from it, in words; undefined for one that tells. */
  readonly silent?: string;
  /** What was added to its stamps, ms: 0 where they fit as they are. */
  readonly correctedMs: number;
}

/** When enough servers had the transaction on disk. */
export interface TraceQuorum {
  readonly atMs: number;
  /** The server whose ACK made it a quorum; undefined where the leader does not tell. */
  readonly by: string | undefined;
  /** When each ACK was at the leader, in that order. */
  readonly acks: readonly { readonly node: string; readonly atMs: number }[];
}

/** See the head of the file. */
export interface Trace {
  readonly session: bigint;
  readonly cxid: number;
  /** `''` where nobody tells. */
  readonly op: string;
  readonly path: string;
  /** Undefined for what is no transaction. */
  readonly zxid: bigint | undefined;
  /** 0 for ok; undefined while there is no answer. */
  readonly err: number | undefined;
  /** When it began, ms since 1970. */
  readonly startMs: number;
  /** From the request to its answer; undefined while there is none. */
  readonly totalMs: number | undefined;
  /** True when the client's own clock is the measure. */
  readonly withClient: boolean;
  /** In the order of cause. */
  readonly stages: readonly TraceStage[];
  readonly criticalPath: readonly TraceStep[];
  readonly quorum: TraceQuorum | undefined;
  /** The step that took the most time. */
  readonly slowest: TraceStep | undefined;
  readonly servers: readonly TraceServer[];
  /** Stages that servers which tell should have told. */
  readonly missing: readonly { readonly node: string; readonly stage: TraceStageName }[];
  /** By how much stamps of one clock contradict each other, ms: 0 unless a clock was set meanwhile. */
  readonly contradictionMs: number;
}
