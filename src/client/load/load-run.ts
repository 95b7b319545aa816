/**
 * A load from beginning to end: sessions, keys, warm-up, the measured time, and the removal of every node it
 * made. The measured time begins and ends with all connections at work, so that what starts and what drains
 * is left out.
 */
import { ZktError } from '../../base/errors.ts';
import { Prng } from '../../base/prng.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Net } from '../../ports/net.ts';
import type { Timers } from '../../ports/timers.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Credential } from '../api.ts';
import { addressText, type ServerAddress } from '../connect-string.ts';
import { KeeperError } from '../keeper-error.ts';
import { NUMBER_PLACE, numbered } from './frame-template.ts';
import { LatencyHistogram, type LatencySummary } from './latency-histogram.ts';
import { LoadConnection, type Meter, type RequestSource } from './load-connection.ts';
import {
  closeSession,
  KINDS,
  type KindName,
  type LoadOperation,
  type LoadSource,
  loadSource,
  makeKeys,
  makeNode,
  proveIds,
  removeAll,
  syncPath,
} from './load-sources.ts';

/** What is asked of whom, and for how long. */
export interface LoadOptions {
  /** Connections are dealt to these in turn. */
  readonly servers: readonly ServerAddress[];
  readonly operation: LoadOperation;
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly depth: number;
  readonly valueBytes: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Nodes that get, set and mixed use. */
  readonly keys: number;
  /** Share of reads in mixed, 0 to 100. */
  readonly readPercent: number;
  /** The node everything happens under; it is made when missing, its parent must exist. */
  readonly prefix: string;
  /** Leave the nodes. */
  readonly keep: boolean;
  readonly sessionTimeoutMs: number;
  /** Who the load is, on every connection. */
  readonly credentials: readonly Credential[];
}

/** The stage of a load. */
export type LoadPhase = 'connect' | 'keys' | 'warm-up' | 'measure' | 'clean-up';

/** How far it is. */
export interface LoadProgress {
  readonly phase: LoadPhase;
  /** Of this phase, 0 to 1. */
  readonly fraction: number;
  /** Operations answered in this phase. */
  readonly operations: number;
  readonly elapsedMs: number;
}

/** What came out. */
export interface LoadResult {
  readonly elapsedMs: number;
  readonly operations: number;
  readonly perSecond: number;
  /** Of all operations. */
  readonly latency: LatencySummary;
  /** Of each kind, where there is more than one. */
  readonly byKind: Readonly<Partial<Record<KindName, LatencySummary>>>;
  /** How often each error code came, of the operations above. */
  readonly errors: Readonly<Record<number, number>>;
  /** Connections that broke while it ran. */
  readonly lost: number;
  /** Nodes that were made and not removed again, because that was asked or could not be. */
  readonly left: number;
}

/** The world of a load. */
export interface LoadPorts {
  readonly net: Net;
  readonly clock: Clock;
  readonly timers: Timers;
}

const CONNECT_MS = 10_000;
/** How many requests make and remove keys, over all connections. */
const BULK_DEPTH = 256;
const PROGRESS_MS = 100;

/** Counts and times answers. */
class Tally implements Meter {
  readonly histograms = KINDS.map(() => new LatencyHistogram());
  readonly errors: Record<number, number> = {};
  operations = 0;

  answered(kind: number, ms: number, err: number): void {
    this.operations++;
    (this.histograms[kind] as LatencyHistogram).record(ms);
    if (err !== ERR.OK) this.errors[err] = (this.errors[err] ?? 0) + 1;
  }
}

/** Hands answers on to whoever counts now. */
class Switch implements Meter {
  to: Meter;

  constructor(to: Meter) {
    this.to = to;
  }

  answered(kind: number, ms: number, err: number): void {
    this.to.answered(kind, ms, err);
  }
}

/** See the top of the file. */
export class LoadRun {
  private readonly options: LoadOptions;
  private readonly ports: LoadPorts;
  private readonly onProgress: (progress: LoadProgress) => void;
  private readonly connections: LoadConnection[] = [];
  private readonly waiting = new Map<LoadConnection, () => void>();
  private stopped = false;
  private cleaning = false;
  private wake: (() => void) | undefined;
  private lost = 0;
  private madePrefix = false;
  private madeKeys = 0;

  constructor(options: LoadOptions, ports: LoadPorts, onProgress: (progress: LoadProgress) => void) {
    this.options = options;
    this.ports = ports;
    this.onProgress = onProgress;
  }

  /** Ends the load early; the nodes are removed and the result told all the same. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    if (this.cleaning) return;
    for (const connection of this.connections) connection.halt();
    this.wake?.();
  }

  /**
   * Runs it. Throws ZKT_CONNECT when a server cannot be reached at the start, or all connections are lost.
   */
  async run(): Promise<LoadResult> {
    const { options } = this;
    await this.connect();
    const tally = new Tally();
    const sources: LoadSource[] = [];
    let elapsedMs = 0;
    let failure: unknown;
    try {
      const value = randomValue(options.valueBytes);
      await this.makeNodes(value);
      sources.push(...this.connections.map((_, i) => loadSource(options, value, i)));
      elapsedMs = await this.load(sources, tally);
    } catch (error) {
      failure = error;
    }
    const lost = this.lost;
    const left = await this.cleanUp(sources);
    await this.leave();
    if (failure !== undefined) throw failure;
    return resultOf(tally, elapsedMs, lost, left);
  }

  private async connect(): Promise<void> {
    const { servers, connections } = this.options;
    const done: Promise<void>[] = [];
    for (let i = 0; i < connections; i++) {
      done.push(this.dial(servers[i % servers.length] as ServerAddress));
    }
    const results = await Promise.allSettled(done);
    const failed = results.find((r) => r.status === 'rejected');
    if (failed === undefined) return;
    for (const connection of this.connections) connection.close();
    throw failed.reason;
  }

  private dial(server: ServerAddress): Promise<void> {
    const { net, clock, timers } = this.ports;
    return new Promise((resolve, reject) => {
      let open = false;
      const fail = (why: string): void => {
        timer.cancel();
        reject(new ZktError('ZKT_CONNECT', { servers: addressText(server), why }));
      };
      const connection: LoadConnection = new LoadConnection(clock, this.options.sessionTimeoutMs, {
        opened: () => {
          open = true;
          timer.cancel();
          resolve();
        },
        idle: () => this.settled(connection),
        lost: (why) => {
          if (!open) fail(why);
          this.lost++;
          this.settled(connection);
        },
      });
      const dialling = net.connect(
        { host: server.host, port: server.port, timeoutMs: CONNECT_MS },
        connection,
      );
      const timer = timers.after(CONNECT_MS, () => {
        dialling.cancel();
        connection.close();
        fail(`no session within ${CONNECT_MS} ms`);
      });
      this.connections.push(connection);
    });
  }

  private settled(connection: LoadConnection): void {
    this.waiting.get(connection)?.();
    this.waiting.delete(connection);
  }

  /** Lets each living connection ask its source; resolves when all are idle or gone. */
  private async ask(sourceOf: (i: number) => RequestSource, depth: number, meter: Meter): Promise<void> {
    const idle: Promise<void>[] = [];
    this.connections.forEach((connection, i) => {
      if (!connection.alive) return;
      idle.push(new Promise((resolve) => this.waiting.set(connection, resolve)));
      connection.ask(sourceOf(i), depth, meter);
    });
    if (idle.length === 0) this.throwLost();
    await Promise.all(idle);
  }

  private throwLost(): never {
    const servers = this.options.servers.map(addressText).join(',');
    throw new ZktError('ZKT_CONNECT', { servers, why: 'all connections were lost' });
  }

  /** As `ask`, with progress over a known number of requests, from all connections together. */
  private async askAll(phase: LoadPhase, source: RequestSource, count: number): Promise<Tally> {
    const tally = new Tally();
    const depth = Math.max(1, Math.ceil(BULK_DEPTH / this.connections.length));
    const done = this.report(phase, () => tally.operations / Math.max(1, count), tally);
    await this.ask(() => source, depth, tally);
    done();
    return tally;
  }

  /** Tells the progress now, and every so often until the answer is called. */
  private report(phase: LoadPhase, fraction: () => number, tally: Tally): () => void {
    const { clock, timers } = this.ports;
    const from = clock.monotonicMs();
    const tell = (): void => {
      const { operations } = tally;
      const elapsedMs = clock.monotonicMs() - from;
      this.onProgress({ phase, fraction: Math.min(1, fraction()), operations, elapsedMs });
    };
    tell();
    const timer = timers.every(PROGRESS_MS, tell);
    return () => timer.cancel();
  }

  private async makeNodes(value: Buffer): Promise<void> {
    const { operation, prefix, keys, credentials } = this.options;
    const proof = new Tally();
    await this.ask(() => proveIds(credentials), 1, proof);
    refuse(undefined, proof, []);
    const top = await this.askAll('keys', makeNode(prefix), 1);
    refuse(prefix, top, [ERR.NODEEXISTS]);
    this.madePrefix = top.errors[ERR.NODEEXISTS] === undefined;
    if (operation !== 'create' && !this.stopped) {
      const tally = await this.askAll('keys', makeKeys(prefix, value, keys), keys);
      // Keys that were there before are not ours to remove.
      if (tally.errors[ERR.NODEEXISTS] === undefined) this.madeKeys = tally.operations;
      refuse(numbered(`${prefix}/k${NUMBER_PLACE}`, 0), tally, [ERR.NODEEXISTS]);
    }
    // A server that is behind would answer NONODE.
    await this.ask(() => syncPath(prefix), 1, new Tally());
  }

  private async load(sources: readonly LoadSource[], tally: Tally): Promise<number> {
    const { clock } = this.ports;
    const { depth, warmupMs, durationMs } = this.options;
    const ignored = new Tally();
    const meter = new Switch(warmupMs > 0 ? ignored : tally);
    const idle = this.ask((i) => sources[i] as LoadSource, depth, meter);
    if (warmupMs > 0 && !this.stopped) await this.during('warm-up', warmupMs, ignored, idle);
    meter.to = tally;
    const from = clock.monotonicMs();
    if (!this.stopped) await this.during('measure', durationMs, tally, idle);
    const elapsedMs = clock.monotonicMs() - from;
    meter.to = ignored;
    for (const connection of this.connections) connection.halt();
    await idle;
    return elapsedMs;
  }

  /** Lets the load run for a while; ends early on `stop`, or when every connection is lost. */
  private async during(phase: LoadPhase, ms: number, tally: Tally, idle: Promise<void>): Promise<void> {
    const { clock, timers } = this.ports;
    const from = clock.monotonicMs();
    const done = this.report(phase, () => (clock.monotonicMs() - from) / ms, tally);
    const over = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    const timer = timers.after(ms, () => this.wake?.());
    await Promise.race([over, idle]);
    timer.cancel();
    done();
  }

  /** Removes what was made; answers how many nodes are left. */
  private async cleanUp(sources: readonly LoadSource[]): Promise<number> {
    const { prefix, keep } = this.options;
    this.cleaning = true;
    const [keys, top] = [this.madeKeys, this.madePrefix ? 1 : 0];
    const created = sources.map((source) => source.created);
    const below = keys + created.reduce((sum, n) => sum + n, 0);
    if (keep || !this.connections.some((c) => c.alive)) return below + top;
    const nodes = removeAll(prefix, keys, created, top === 1);
    const tallies = [await this.askAll('clean-up', nodes.children, below)];
    tallies.push(await this.askAll('clean-up', nodes.top, top));
    // NONODE: the create had failed, or was lost with its connection.
    const removed = tallies.reduce((sum, t) => sum + t.operations - errorsBut(t, [ERR.NONODE]), 0);
    return below + top - removed;
  }

  private async leave(): Promise<void> {
    if (this.connections.some((c) => c.alive)) await this.ask(() => closeSession(), 1, new Tally());
    for (const connection of this.connections) connection.close();
  }
}

const errorsBut = (tally: Tally, allowed: readonly number[]): number =>
  Object.entries(tally.errors)
    .filter(([code]) => !allowed.includes(Number(code)))
    .reduce((sum, [, n]) => sum + n, 0);

/** Throws when an answer of a preparation was an error that is not allowed. */
function refuse(path: string | undefined, tally: Tally, allowed: readonly number[]): void {
  const code = Object.keys(tally.errors).find((c) => !allowed.includes(Number(c)));
  if (code !== undefined) throw new KeeperError(Number(code), path);
}

/** Bytes that do not compress to nothing, the same in every run. */
function randomValue(bytes: number): Buffer {
  const random = new Prng(bytes);
  const value = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) value[i] = '0123456789abcdef'.charCodeAt(random.below(16));
  return value;
}

function resultOf(tally: Tally, elapsedMs: number, lost: number, left: number): LoadResult {
  const all = new LatencyHistogram();
  const byKind: Partial<Record<KindName, LatencySummary>> = {};
  KINDS.forEach((kind, i) => {
    const histogram = tally.histograms[i] as LatencyHistogram;
    if (histogram.count === 0) return;
    all.add(histogram);
    byKind[kind] = histogram.summary();
  });
  return {
    elapsedMs,
    operations: tally.operations,
    perSecond: elapsedMs > 0 ? (tally.operations * 1000) / elapsedMs : 0,
    latency: all.summary(),
    byKind: Object.keys(byKind).length > 1 ? byKind : {},
    errors: tally.errors,
    lost,
    left,
  };
}
