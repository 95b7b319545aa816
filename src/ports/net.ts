/**
 * Byte streams over a network, as effects. Callbacks come from the driver's loop, never from inside a call.
 */

/** What a connection tells its owner. */
export interface SocketHandler {
  /** Bytes arrived; the chunk is the handler's to keep. */
  data(chunk: Buffer): void;
  /** All that `write` had to keep has been handed to the kernel. */
  drained(): void;
  /** The peer will send no more. */
  ended(): void;
  /** Gone, for whatever reason; said once, the last word. */
  closed(error: Error | undefined): void;
}

/** One connection. */
export interface Socket {
  /** Without brackets; `''` when it is gone already. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Bytes accepted by `write` that the kernel has not taken. */
  readonly pendingBytes: number;
  /**
   * Sends bytes. True when the kernel took them all, so that the buffer may be used again at once; false when
   * the socket keeps the buffer until it has been sent.
   */
  write(bytes: Buffer): boolean;
  /** Stops `data`, and with it, soon, the peer. */
  pause(): void;
  resume(): void;
  /** Sends what is pending, then closes. */
  end(): void;
  /** Closes now; what is pending is lost. */
  destroy(): void;
}

/** An open port. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /**
   * Stops accepting; open connections stay. `done` comes soon, however long those go on: the port is free
   * then.
   */
  close(done: () => void): void;
}

/** Where a listener is, or why there is none. */
export type ListenResult = { readonly listener: Listener } | { readonly error: Error & { code?: string } };

/** The network. */
export interface Net {
  /** Opens a port (0 for any). `accept` must attach a handler, or destroy the socket, in the same call. */
  listen(
    at: { host: string; port: number; backlog?: number; keepAlive?: boolean },
    accept: (socket: Socket) => SocketHandler | undefined,
    done: (result: ListenResult) => void,
  ): void;
  /** Dials. `opened` comes first, or `closed` alone; after `cancel` only `closed` is to come. */
  connect(
    to: { host: string; port: number; timeoutMs: number },
    handler: SocketHandler & { opened(socket: Socket): void },
  ): { cancel(): void };
}
