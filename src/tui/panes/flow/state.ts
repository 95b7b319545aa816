/** What the pane of the flow knows: packets between servers, proposals and their way, rates, lags. */
import { Ring } from '../../../base/ring.ts';
import type { PerSecond } from '../../per-second.ts';
import { Seen } from '../../seen.ts';
import { type Packet, Pairs } from './pairs.ts';

/** Packets and moments that are kept. */
export const ROWS_MAX = 4_000;
/** Proposals that are kept. */
export const PROPOSALS_MAX = 512;

/** Something a server did. */
export interface Moment {
  readonly kind: 'moment';
  readonly what:
    | 'received'
    | 'forwarded'
    | 'arrived'
    | 'prepared'
    | 'proposed'
    | 'logged'
    | 'committed'
    | 'applied'
    | 'replied';
  readonly node: string;
  readonly atMs: number;
  readonly zxid: bigint;
  /** How long an fsync took, or the whole request; below 0 for none. */
  readonly ms: number;
}
/** What a row of the picture shows. */
export type Step = Packet | Moment;

/** A proposal and what is known of its way. */
export interface Proposal {
  readonly zxid: bigint;
  /** The server that proposed it. */
  leader: string;
  session: bigint;
  cxid: number;
  bytes: number;
  followers: number;
  /** On the clock of the leader, wall clock ms; below 0 while not seen. */
  proposedMs: number;
  committedMs: number;
  /** Who had it on disk, as the leader heard, in that order, with the time. */
  readonly acks: { readonly sid: bigint; readonly atMs: number }[];
  readonly steps: Step[];
}

/** A write of a client. */
export interface Request {
  op: string;
  path: string;
  readonly steps: Moment[];
}

/** How far a learner is. */
export interface Learner {
  readonly kind: string;
  readonly phase: string;
  readonly lag: number;
  readonly queuedBytes: number;
  readonly atMs: number;
  readonly lags: number[];
}

/** Packets of a type between two servers, as one of them counted. */
export interface Rate {
  readonly node: string;
  readonly peer: string;
  readonly type: number;
  readonly sentPerS: number;
  readonly receivedPerS: number;
  readonly bytesPerS: number;
  readonly atMs: number;
}

/** See the head of the file. */
export interface FlowState {
  readonly rows: Ring<Step>;
  /** By zxid, oldest first. */
  readonly proposals: Map<bigint, Proposal>;
  /** The last proposals in order, for what is said of everything up to a zxid. */
  readonly order: { readonly ring: Ring<Proposal>; count: number };
  /** How many proposals each server is known to have acknowledged, of those ever in `order`. */
  readonly acked: Map<bigint, number>;
  readonly requests: Map<string, Request>;
  readonly pairs: Pairs;
  readonly rates: Map<string, Rate>;
  readonly learners: Map<bigint, Learner>;
  /** Packets seen, by type: what is told where no server samples. */
  readonly seenRates: Map<number, PerSecond>;
  readonly seen: Seen;
}

/** An empty state. */
export const emptyFlow = (): FlowState => ({
  rows: new Ring<Step>(ROWS_MAX),
  proposals: new Map(),
  order: { ring: new Ring<Proposal>(PROPOSALS_MAX), count: 0 },
  acked: new Map(),
  requests: new Map(),
  pairs: new Pairs(),
  rates: new Map(),
  learners: new Map(),
  seenRates: new Map(),
  seen: new Seen(),
});

/** The key of a request. */
export const requestKey = (session: bigint, cxid: number): string => `${session}/${cxid}`;
