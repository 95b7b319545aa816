/**
 * What clients saw of a run: every connection with its requests, replies and notifications, decoded, with the
 * time of each on one clock. Made by `WireTap`, judged by `checkHistory` and `checkWatches`.
 */
import type { WatcherEvent } from '../../protocol/watch-types.ts';

/** What a request was answered with. */
export interface HistoryReply {
  readonly atMs: number;
  readonly zxid: bigint;
  readonly err: number;
  /** The decoded record; undefined after an error. */
  readonly body: unknown;
}

/** One request. Without a reply when the connection ended first: it may have been done or not. */
export interface HistoryRequest {
  readonly connection: number;
  readonly session: bigint;
  readonly cxid: number;
  readonly op: number;
  /** The decoded record. */
  readonly body: unknown;
  readonly sentMs: number;
  reply: HistoryReply | undefined;
}

/** Something that arrived on a connection. */
export type Arrival =
  | { readonly kind: 'reply'; readonly request: HistoryRequest }
  | { readonly kind: 'event'; readonly event: WatcherEvent; readonly atMs: number };

/** One connection, from the reply to its connect request on. */
export interface HistoryConnection {
  readonly id: number;
  session: bigint;
  /** Whose it is. Left out where each session has one client. */
  readonly client?: string;
  /** In the order they were sent. */
  readonly requests: HistoryRequest[];
  /** In the order they came. */
  readonly arrivals: Arrival[];
}

/** A connect request that asked for a session there was already. */
export interface SessionClaim {
  readonly session: bigint;
  /** The connection it made; undefined until it was answered. */
  connection: number | undefined;
  readonly sentMs: number;
  /** When it was answered. */
  answeredMs: number | undefined;
}

/** A run, as its clients saw it. */
export interface History {
  readonly connections: readonly HistoryConnection[];
  /** Left out where nobody resumes sessions. */
  readonly claims?: readonly SessionClaim[];
}

/** A promise that was not kept. */
export interface Violation {
  /** Which promise, a few words that stay the same. */
  readonly rule: string;
  readonly text: string;
}

/** Requests of a history, whatever their connection. */
export const requestsOf = (history: History): HistoryRequest[] =>
  history.connections.flatMap((connection) => connection.requests);

/** Any decoded record as text, the same for equal records. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) => {
    if (typeof v === 'bigint') return `${v}n`;
    if (v instanceof Uint8Array) return `x${Buffer.from(v).toString('hex')}`;
    return isBufferJson(v) ? `x${Buffer.from(v.data).toString('hex')}` : v;
  });
}

/** `JSON.stringify` asks a Buffer for its own form first. */
const isBufferJson = (v: unknown): v is { type: 'Buffer'; data: number[] } =>
  typeof v === 'object' && v !== null && (v as { type?: unknown }).type === 'Buffer';
