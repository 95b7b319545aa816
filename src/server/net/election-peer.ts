/**
 * One other server, as the election port sees it: the connection to it, the dial under way, the one message
 * that waits, and when to try again. A dial that fails is repeated while a message waits, at growing
 * distances.
 */
import type { Net, Socket } from '../../ports/net.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import type { ElectionAddress } from './election-address.ts';
import type { ElectionConnection } from './election-connection.ts';

/** What a server's line uses of the port. */
export interface PeerDial {
  readonly self: bigint;
  readonly net: Net;
  readonly timers: Timers;
  readonly connectTimeoutMs: number;
  /** True during an election: a lost connection to a member is then made anew at once. */
  readonly eager: boolean;
  isMember(sid: bigint): boolean;
  addressesOf(sid: bigint): readonly ElectionAddress[];
  openingMessage(): Buffer;
  /** A connection over a socket that was dialled. */
  dialled(sid: bigint, socket: Socket): ElectionConnection;
  /** The line has that connection from now on. */
  connected(connection: ElectionConnection): void;
  reached(sid: bigint): void;
  unreachable(sid: bigint, remote: ElectionAddress | undefined, why: string): void;
  greeting(sid: bigint): Buffer | undefined;
}

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 1_000;
/** Outside an election, an answer that cannot be delivered is dropped after that many tries. */
const ANSWER_TRIES = 5;
const REPLACED = 'replaced by a newer connection';
const NOT_OWNED = 'the larger id owns the connection';

/** See the head of the file. */
export class PeerLine {
  readonly sid: bigint;
  /** Where it said it can be dialled. */
  learned: readonly ElectionAddress[] = [];
  private readonly port: PeerDial;
  private current: ElectionConnection | undefined;
  private dialling: { cancel(): void } | undefined;
  private waiting: Buffer | undefined;
  private retry: Timer | undefined;
  private failures = 0;
  private over = false;

  constructor(sid: bigint, port: PeerDial) {
    this.sid = sid;
    this.port = port;
  }

  /** The connection it has. */
  get connection(): ElectionConnection | undefined {
    return this.current;
  }

  /** True when nothing is under way: it may be forgotten. */
  get idle(): boolean {
    const { current, dialling, waiting, retry } = this;
    return current === undefined && dialling === undefined && waiting === undefined && retry === undefined;
  }

  /** Sends a message now, or when there is a connection with room. */
  send(body: Buffer): void {
    const { current } = this;
    if (current !== undefined && !current.congested) {
      this.waiting = undefined;
      current.send(body);
      return;
    }
    this.waiting = body;
    if (current === undefined) this.dial();
  }

  /** A connection to it, dialled by either side, is the one from now on. */
  use(connection: ElectionConnection): void {
    const before = this.current;
    this.current = connection;
    before?.destroy(REPLACED);
    this.stopRetry();
    this.port.connected(connection);
    const { waiting } = this;
    this.waiting = undefined;
    const words = waiting ?? this.port.greeting(this.sid);
    if (words !== undefined) connection.send(words);
  }

  /** It dialled, but this side owns the connection. */
  dialBack(): void {
    this.dial();
  }

  /** Something was heard from it. */
  heard(): void {
    this.failures = 0;
  }

  /** The connection took what it had kept. */
  drained(connection: ElectionConnection): void {
    const { waiting } = this;
    if (connection !== this.current || waiting === undefined) return;
    this.waiting = undefined;
    connection.send(waiting);
  }

  /** A connection of this server's is gone. */
  lost(connection: ElectionConnection): void {
    if (connection !== this.current) return;
    this.current = undefined;
    if (this.over) return;
    if (this.waiting === undefined && !(this.port.eager && this.port.isMember(this.sid))) return;
    // A server that closes without ever a word is not to be dialled without a pause.
    if (this.failures === 0) {
      this.failures = 1;
      this.dial();
    } else this.retryLater();
  }

  /** Makes the connection anew. */
  renew(): void {
    const { current } = this;
    this.current = undefined;
    current?.destroy('it says nothing');
    this.dial();
  }

  /** No more tries for what waits. */
  rest(): void {
    this.stopRetry();
    this.failures = 0;
    if (this.current === undefined) this.waiting = undefined;
  }

  close(why: string): void {
    this.over = true;
    this.waiting = undefined;
    this.stopRetry();
    this.dialling?.cancel();
    this.current?.destroy(why);
  }

  // ---- dialling ----

  /** Where it can be dialled: where it said last, then where the configurations say. */
  private addresses(): ElectionAddress[] {
    const all = [...this.learned, ...this.port.addressesOf(this.sid)];
    return all.filter((a, i) => all.findIndex((b) => a.host === b.host && a.port === b.port) === i);
  }

  private dial(): void {
    if (this.dialling !== undefined || this.over) return;
    this.stopRetry();
    const addresses = this.addresses();
    if (addresses.length > 0) this.dialNext(addresses, 0);
    else {
      this.waiting = undefined;
      this.port.unreachable(this.sid, undefined, 'it has no known address');
    }
  }

  private dialNext(addresses: readonly ElectionAddress[], index: number): void {
    const to = addresses[index] as ElectionAddress;
    let connection: ElectionConnection | undefined;
    this.dialling = this.port.net.connect(
      { host: to.host, port: to.port, timeoutMs: this.port.connectTimeoutMs },
      {
        opened: (socket) => {
          connection = this.port.dialled(this.sid, socket);
          this.dialling = undefined;
          this.opened(connection, socket);
        },
        data: (chunk) => connection?.handler.data(chunk),
        drained: () => connection?.handler.drained(),
        ended: () => connection?.handler.ended(),
        closed: (error) => {
          if (connection !== undefined) connection.handler.closed(error);
          else this.dialFailed(addresses, index, error?.message ?? 'the connection was closed');
        },
      },
    );
  }

  private opened(connection: ElectionConnection, socket: Socket): void {
    const owned = this.sid < this.port.self;
    if (this.over || (!owned && this.current !== undefined)) {
      connection.destroy(REPLACED);
      return;
    }
    this.port.reached(this.sid);
    // In one write: Apache reads the address with one call.
    socket.write(this.port.openingMessage());
    if (owned) this.use(connection);
    else {
      connection.close(NOT_OWNED);
      // It is to dial back; if it does not, it is asked again.
      if (this.waiting !== undefined) this.retryLater();
    }
  }

  private dialFailed(addresses: readonly ElectionAddress[], index: number, why: string): void {
    this.dialling = undefined;
    if (this.over) return;
    if (index + 1 < addresses.length) {
      this.dialNext(addresses, index + 1);
      return;
    }
    if (this.current !== undefined) return;
    this.port.unreachable(this.sid, addresses[index], why);
    if (this.waiting !== undefined) this.retryLater();
  }

  private retryLater(): void {
    if (!this.port.eager && this.failures >= ANSWER_TRIES) {
      this.waiting = undefined;
      return;
    }
    const pause = Math.min(RETRY_MS_MIN * 2 ** Math.min(this.failures, 10), RETRY_MS_MAX);
    this.failures++;
    this.retry?.cancel();
    this.retry = this.port.timers.after(pause, () => {
      this.retry = undefined;
      if (this.current === undefined) this.dial();
    });
  }

  private stopRetry(): void {
    this.retry?.cancel();
    this.retry = undefined;
  }
}
