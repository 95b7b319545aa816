/** `node:net` behind the network port: plain TCP, no delay, half-open connections allowed. */
import net from 'node:net';
import type { Listener, ListenResult, Net, Socket, SocketHandler } from '../ports/net.ts';

const NOTHING = Buffer.alloc(0);

/** IPv4 addresses come as IPv4, also where the listener is IPv6. */
const plainAddress = (address: string | undefined): string =>
  address === undefined ? '' : address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;

class TcpSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  private readonly socket: net.Socket;
  private handler: SocketHandler | undefined;
  private error: Error | undefined;
  private waitsForDrain = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    socket.on('error', (error) => {
      this.error = error;
    });
  }

  attach(handler: SocketHandler): void {
    const { socket } = this;
    this.handler = handler;
    socket.on('data', (chunk: Buffer) => handler.data(chunk));
    socket.on('end', () => handler.ended());
    socket.on('close', () => handler.closed(this.error));
  }

  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  write(bytes: Buffer): boolean {
    const { socket } = this;
    if (!socket.writable) return true;
    socket.write(bytes);
    // Node tries the system call at once; what is left is counted until it has been sent.
    if (socket.writableLength === 0) return true;
    if (!this.waitsForDrain) {
      // The 'drain' event comes only above a threshold; an empty write behind the pending ones is told in any
      // case.
      this.waitsForDrain = true;
      socket.write(NOTHING, this.drained);
    }
    return false;
  }

  private readonly drained = (error?: Error | null): void => {
    this.waitsForDrain = false;
    if (error === undefined || error === null) this.handler?.drained();
  };

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    const { socket } = this;
    // Nothing more is wanted from the peer, whose end must still be read for the socket to close.
    socket.end();
    socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** The network of the machine. */
export const systemNet: Net = {
  listen(at, accept, done) {
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: at.keepAlive ?? false };
    const server = net.createServer(options, (socket) => {
      const wrapped = new TcpSocket(socket);
      const handler = accept(wrapped);
      if (handler !== undefined) wrapped.attach(handler);
    });
    let told = false;
    const tell = (result: ListenResult): void => {
      if (told) return;
      told = true;
      done(result);
    };
    // After the port is open, an error is a connection that could not be accepted: that connection's loss
    // only.
    server.on('error', (error) => tell({ error }));
    server.listen({ host: at.host, port: at.port, backlog: at.backlog }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : at.port;
      const listener: Listener = {
        host: at.host,
        port,
        close: (closed) => {
          // The port is free at once; Node's callback would wait for the last connection that came in by it.
          server.close();
          setImmediate(closed);
        },
      };
      tell({ listener });
    });
  },

  connect(to, handler) {
    const socket = net.connect({ host: to.host, port: to.port, noDelay: true, allowHalfOpen: true });
    let failure: Error | undefined;
    const timer = setTimeout(() => {
      const error = new Error(`connecting to ${to.host}:${to.port} took more than ${to.timeoutMs} ms`);
      socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
    }, to.timeoutMs);
    const early = (error: Error): void => {
      failure = error;
    };
    const closedEarly = (): void => {
      clearTimeout(timer);
      handler.closed(failure);
    };
    socket.on('error', early);
    socket.once('close', closedEarly);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('close', closedEarly);
      socket.off('error', early);
      const wrapped = new TcpSocket(socket);
      wrapped.attach(handler);
      handler.opened(wrapped);
    });
    return { cancel: () => void socket.destroy() };
  },
};
