/**
 * What went over connections: one record a connection, and one for the whole server. Plain numbers, for the
 * hot path.
 */
import { Summary } from '../../base/summary.ts';
import type { RecentLatency } from './recent-latency.ts';

/** Latencies of answered requests, whole ms as Apache counts them. */
class LatencyStats {
  /** 0 while nothing was answered. */
  min = 0;
  max = 0;
  last = 0;
  total = 0;
  count = 0;

  /** Takes one latency, ms; negative ones (a clock that was set back) count as 0. */
  add(ms: number): void {
    const v = ms > 0 ? Math.floor(ms) : 0;
    if (this.count === 0 || v < this.min) this.min = v;
    if (v > this.max) this.max = v;
    this.last = v;
    this.total += v;
    this.count++;
  }

  /** The mean, ms; 0 while nothing was answered. */
  get average(): number {
    return this.count === 0 ? 0 : this.total / this.count;
  }

  /** Starts anew (`srst`, `crst`). */
  reset(): void {
    this.min = 0;
    this.max = 0;
    this.last = 0;
    this.total = 0;
    this.count = 0;
  }
}

/** Counts of one connection, as `cons` shows them. */
export class LinkStats {
  readonly latency = new LatencyStats();
  /** Packets, connect requests and four-letter words included. */
  received = 0;
  sent = 0;
  /** xid of the last request answered; negative before the first and after pings. */
  lastCxid = -1;
  /** Operation code of the last request answered; 0 before the first. */
  lastOp = 0;
  /** Time of the last answer, monotonic ms; 0 before the first. */
  lastResponseMs = 0;
  /** Halves of the last answer's zxid; two numbers, so that a reply allocates nothing. */
  lastZxidHigh = -1;
  lastZxidLow = -1;

  /** zxid of the last answer; -1 before the first. */
  get lastZxid(): bigint {
    return (BigInt(this.lastZxidHigh) << 32n) | BigInt(this.lastZxidLow >>> 0);
  }

  /** Starts anew (`crst`). */
  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.lastCxid = -1;
    this.lastOp = 0;
    this.lastResponseMs = 0;
    this.lastZxidHigh = -1;
    this.lastZxidLow = -1;
    this.latency.reset();
  }
}

/**
 * Counts of the client port. `packets*`, `latency` and response sizes start anew with `srst`; the others
 * never.
 */
export class PortStats {
  readonly latency = new LatencyStats();
  /** Latencies of reads and of writes, ms. */
  readonly readLatency = new Summary();
  readonly updateLatency = new Summary();
  packetsReceived = 0;
  packetsSent = 0;
  bytesReceived = 0;
  /**
   * Everything sent; and, without the lengths of the frames: replies to requests, notifications of watches.
   */
  bytesSent = 0;
  responseBytes = 0;
  watchBytes = 0;
  /** Connect requests, and those of them that ask for an earlier session. */
  connectRequests = 0;
  revalidations = 0;
  /** Connections turned away at the door, for any limit. */
  rejected = 0;
  /** Connections dropped by the server: bad input, slow reader, silent. */
  dropped = 0;
  /** Of those, the ones that sent no connect request in time. */
  sessionlessExpired = 0;
  /** Connect requests dropped since the server was not serving. */
  notServing = 0;
  /** Authentications that failed. */
  authFailures = 0;
  /** Clients whose session is served here from then on; of them, those that went on with an earlier one. */
  sessionsAttached = 0;
  sessionsResumed = 0;
  /** Sessions that this server expired. */
  sessionsExpired = 0;
  /** Only while somebody listens, who starts it anew. */
  recent: RecentLatency | undefined = undefined;
  /** Times reading was stopped because too much was outstanding. */
  throttled = 0;
  /** Sizes of replies, bytes without the frame's length; -1 before the first. */
  lastResponseBytes = -1;
  minResponseBytes = -1;
  maxResponseBytes = -1;

  /** Takes the size of one reply. */
  addResponse(bytes: number): void {
    this.responseBytes += bytes;
    this.lastResponseBytes = bytes;
    if (this.minResponseBytes < 0 || bytes < this.minResponseBytes) this.minResponseBytes = bytes;
    if (bytes > this.maxResponseBytes) this.maxResponseBytes = bytes;
  }

  /** `srst`. */
  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.lastResponseBytes = -1;
    this.minResponseBytes = -1;
    this.maxResponseBytes = -1;
    this.latency.reset();
  }
}
