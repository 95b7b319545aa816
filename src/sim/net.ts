/**
 * A network in memory: deterministic, driven by hand. Bytes and closes are queued as deliveries, in the order
 * they were sent; `step` performs one, `settle` all there are. Callbacks come from there only, as from a
 * driver's loop.
 */
import type { Listener, Net, Socket, SocketHandler } from '../ports/net.ts';

/** The most deliveries one `settle` makes before it takes two machines for answering each other for ever. */
const SETTLE_MAX = 1_000_000;

/** One end of a connection in memory. */
class MemorySocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Bytes the "kernel" takes before `write` answers false; what the peer has not read counts. */
  windowBytes = 64 * 1024;
  handler: SocketHandler | undefined;
  peer: MemorySocket | undefined;
  private readonly net: MemoryNet;
  /** Written by the peer and not read here. */
  private incoming: Buffer[] = [];
  private incomingBytes = 0;
  /** Written here, kept since the window was full. */
  private kept: Buffer[] = [];
  private keptBytes = 0;
  private paused = false;
  private sentEnd = false;
  private peerEnded = false;
  private toldEnd = false;
  private gone = false;

  constructor(net: MemoryNet, local: { host: string; port: number }, remote: { host: string; port: number }) {
    this.net = net;
    this.localAddress = local.host;
    this.localPort = local.port;
    this.remoteAddress = remote.host;
    this.remotePort = remote.port;
  }

  get pendingBytes(): number {
    return this.keptBytes;
  }

  /** True once neither side can be heard any more. */
  get isGone(): boolean {
    return this.gone;
  }

  write(bytes: Buffer): boolean {
    const { peer } = this;
    if (this.gone || this.sentEnd || peer === undefined || bytes.length === 0) return true;
    if (this.keptBytes === 0 && peer.incomingBytes + bytes.length <= this.windowBytes) {
      // The kernel copies: the writer may use its buffer again.
      peer.arrive(Buffer.from(bytes));
      return true;
    }
    this.kept.push(bytes);
    this.keptBytes += bytes.length;
    this.net.soon(() => this.pushKept());
    return false;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.net.soon(() => this.deliver());
  }

  end(): void {
    if (this.sentEnd || this.gone) return;
    this.sentEnd = true;
    this.resume();
    this.net.soon(() => this.pushEnd());
  }

  destroy(): void {
    if (this.gone) return;
    this.gone = true;
    this.kept = [];
    this.keptBytes = 0;
    const { peer } = this;
    this.net.soon(() => this.handler?.closed(undefined));
    if (peer !== undefined) this.net.soon(() => peer.reset());
  }

  private arrive(bytes: Buffer): void {
    this.incoming.push(bytes);
    this.incomingBytes += bytes.length;
    this.net.soon(() => this.deliver());
  }

  private deliver(): void {
    if (this.gone || this.paused || this.handler === undefined) return;
    const chunk = this.incoming.shift();
    if (chunk !== undefined) {
      this.incomingBytes -= chunk.length;
      this.handler.data(chunk);
      this.peer?.pushKept();
      if (this.incoming.length > 0) this.net.soon(() => this.deliver());
      else if (this.peerEnded) this.net.soon(() => this.deliver());
      return;
    }
    if (!this.peerEnded || this.toldEnd) return;
    this.toldEnd = true;
    this.handler.ended();
    this.closeIfBothEnded();
  }

  private pushKept(): void {
    const { peer } = this;
    if (this.gone || peer === undefined || this.keptBytes === 0) return;
    while (this.kept.length > 0 && peer.incomingBytes < this.windowBytes) {
      const bytes = this.kept.shift() as Buffer;
      this.keptBytes -= bytes.length;
      peer.arrive(bytes);
    }
    if (this.keptBytes > 0) return;
    this.net.soon(() => {
      if (!this.gone) this.handler?.drained();
    });
    if (this.sentEnd) this.net.soon(() => this.pushEnd());
  }

  private pushEnd(): void {
    const { peer } = this;
    if (this.gone || peer === undefined || this.keptBytes > 0 || peer.peerEnded) return;
    peer.peerEnded = true;
    this.net.soon(() => peer.deliver());
    this.closeIfBothEnded();
  }

  private closeIfBothEnded(): void {
    const { peer } = this;
    if (peer === undefined || !this.toldEnd || !peer.toldEnd) return;
    for (const side of [this, peer]) {
      if (side.gone) continue;
      side.gone = true;
      this.net.soon(() => side.handler?.closed(undefined));
    }
  }

  private reset(): void {
    if (this.gone) return;
    this.gone = true;
    const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    this.handler?.closed(error);
  }
}

/** The network: listeners by port, and the deliveries under way. */
export class MemoryNet implements Net {
  private readonly listeners = new Map<
    number,
    { host: string; accept: (socket: Socket) => SocketHandler | undefined }
  >();
  private queue: (() => void)[] = [];
  private nextPort = 50_000;

  /** Queues a delivery. */
  soon(delivery: () => void): void {
    this.queue.push(delivery);
  }

  /** Performs the oldest delivery; false when there was none. */
  step(): boolean {
    const next = this.queue.shift();
    if (next === undefined) return false;
    next();
    return true;
  }

  /** Performs deliveries until there are none. */
  settle(): void {
    for (let i = 0; i < SETTLE_MAX; i++) if (!this.step()) return;
    throw new Error('the network does not settle');
  }

  listen(
    at: { host: string; port: number },
    accept: (socket: Socket) => SocketHandler | undefined,
    done: Parameters<Net['listen']>[2],
  ): void {
    const port = at.port === 0 ? this.nextPort++ : at.port;
    if (this.listeners.has(port)) {
      const error = Object.assign(new Error(`listen EADDRINUSE: ${at.host}:${port}`), { code: 'EADDRINUSE' });
      this.soon(() => done({ error }));
      return;
    }
    this.listeners.set(port, { host: at.host, accept });
    const listener: Listener = {
      host: at.host,
      port,
      close: (closed) => {
        this.listeners.delete(port);
        this.soon(closed);
      },
    };
    this.soon(() => done({ listener }));
  }

  connect(
    to: { host: string; port: number },
    handler: SocketHandler & { opened(socket: Socket): void },
    from = '127.0.0.1',
  ): { cancel(): void } {
    let cancelled = false;
    this.soon(() => {
      const found = this.listeners.get(to.port);
      if (cancelled || found === undefined) {
        const text = cancelled ? 'cancelled' : `connect ECONNREFUSED ${to.host}:${to.port}`;
        handler.closed(Object.assign(new Error(text), { code: cancelled ? 'ECANCELED' : 'ECONNREFUSED' }));
        return;
      }
      const client = { host: from, port: this.nextPort++ };
      const server = { host: found.host, port: to.port };
      const near = new MemorySocket(this, client, server);
      const far = new MemorySocket(this, server, client);
      near.peer = far;
      far.peer = near;
      near.handler = handler;
      handler.opened(near);
      far.handler = found.accept(far);
    });
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }
}
