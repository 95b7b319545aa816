import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** A TCP relay to a port of this host that can drop, refuse and freeze. */
export class Relay {
  refuse = false;
  private frozen = false;
  private readonly pairs = new Set<[Socket, Socket]>();
  private readonly server: Server;

  private constructor(port: number) {
    this.server = createServer((near) => {
      if (this.refuse) {
        near.destroy();
        return;
      }
      const far = dial(port, '127.0.0.1');
      const pair: [Socket, Socket] = [near, far];
      this.pairs.add(pair);
      if (!this.frozen) {
        near.pipe(far);
        far.pipe(near);
      }
      for (const socket of pair) {
        socket.on('error', () => {});
        socket.on('close', () => {
          this.pairs.delete(pair);
          near.destroy();
          far.destroy();
        });
      }
    });
  }

  /** A relay on a free port of 127.0.0.1. */
  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port);
    await new Promise<void>((resolve) => relay.server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get address(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return `127.0.0.1:${address.port}`;
  }

  /** Cuts all connections; those that come from now on work. */
  drop(): void {
    this.frozen = false;
    for (const [near, far] of this.pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** Lets nothing through any more, on new connections either, until `drop`. */
  freeze(): void {
    this.frozen = true;
    for (const [near, far] of this.pairs) {
      near.unpipe();
      far.unpipe();
    }
  }

  close(): Promise<void> {
    this.drop();
    return new Promise((resolve) => void this.server.close(() => resolve()));
  }
}
