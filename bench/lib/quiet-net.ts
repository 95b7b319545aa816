/**
 * A network inside the process: what is sent is taken at once and counted, so that only the server's work is
 * left.
 */
import { FrameBatch } from '../../src/client/load/frame-template.ts';
import type { RequestSource } from '../../src/client/load/load-connection.ts';
import type { Listener, Net, Socket, SocketHandler } from '../../src/ports/net.ts';

const HEADER_ERR_AT = 16;

/** One client that sends whole frames and counts replies. */
export class QuietClient implements Socket {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 1;
  readonly pendingBytes = 0;
  /** Replies so far, and how many of them bore an error. */
  replies = 0;
  errors = 0;
  private handler: SocketHandler | undefined;
  private greeted = false;

  /** The server's end. */
  attach(handler: SocketHandler | undefined): this {
    this.handler = handler;
    return this;
  }

  /** Sends bytes to the server. */
  send(bytes: Buffer): void {
    this.handler?.data(bytes);
  }

  write(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (!this.greeted) this.greeted = true;
      else {
        this.replies++;
        if (bytes.readInt32BE(at + HEADER_ERR_AT) !== 0) this.errors++;
      }
      at += 4 + bytes.readInt32BE(at);
    }
    return true;
  }

  pause(): void {}
  resume(): void {}
  end(): void {
    this.destroy();
  }
  destroy(): void {
    const { handler } = this;
    this.handler = undefined;
    if (handler !== undefined) setImmediate(() => handler.closed(undefined));
  }
}

/** See the top of the file. */
export class QuietNet implements Net {
  private accept: ((socket: Socket) => SocketHandler | undefined) | undefined;

  listen(...[at, accept, done]: Parameters<Net['listen']>): void {
    this.accept = accept;
    const listener: Listener = { host: at.host, port: at.port, close: (closed) => closed() };
    setImmediate(() => done({ listener }));
  }

  connect(): { cancel(): void } {
    throw new Error('nobody dials here');
  }

  /** A new client. */
  dial(): QuietClient {
    const client = new QuietClient();
    return client.attach(this.accept?.(client));
  }
}

/** Feeds clients with requests and waits for the answers. */
export class Feed {
  private readonly clients: readonly QuietClient[];
  private readonly depth: number;
  private xid = 1;
  private sent = 0;

  /** `depth` requests at most go to a client at a time. */
  constructor(clients: readonly QuietClient[], depth: number) {
    this.clients = clients;
    this.depth = depth;
  }

  /** Asks all that a source has, over the first client. */
  async all(source: RequestSource): Promise<void> {
    const [first] = this.clients;
    while (first !== undefined && this.send(first, source)) await this.answered();
  }

  /** So many full batches for every client, each with a source of its own. */
  async rounds(sources: readonly RequestSource[], rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const [i, client] of this.clients.entries()) this.send(client, sources[i] as RequestSource);
      await this.answered();
    }
  }

  private send(client: QuietClient, source: RequestSource): boolean {
    const batch = new FrameBatch(16 * 1024);
    let count = 0;
    while (count < this.depth && source.next(batch, this.xid) >= 0) {
      this.xid++;
      count++;
    }
    this.sent += count;
    if (count > 0) client.send(batch.bytes.subarray(0, batch.end));
    return count > 0;
  }

  private async answered(): Promise<void> {
    while (this.clients.reduce((sum, client) => sum + client.replies, 0) < this.sent) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
