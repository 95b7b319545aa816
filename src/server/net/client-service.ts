/** The two sides of the client port: what a node offers to connections, and what the port needs to know. */
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import type { ConnectRequest } from '../../protocol/messages.ts';

/**
 * What a server offers its client port; `L` is the port's kind of connection. Calls come from the loop, one
 * at a time, never from inside a call to a link.
 */
export interface ClientService<L> {
  /**
   * False while the server is not serving: connect requests are then dropped, most words answered with a
   * refusal.
   */
  readonly serving: boolean;
  /**
   * A decoded connect request. Answer with `link.sendConnectResponse` or `link.close`, now or later; until
   * then the link hands over nothing more.
   */
  connect(link: L, request: ConnectRequest): void;
  /**
   * One request, header included: `bytes[start, end)`. The memory is never used again by the port, so that
   * views on it may be kept. A `JuteError` thrown here closes the connection as bad input.
   */
  request(link: L, bytes: Buffer, start: number, end: number): void;
  /** The client has taken all output: what was held back while the link was `congested` may follow. */
  drained(link: L): void;
  /** A connection that had asked to connect is gone. Said once, also when the service closed it. */
  closed(link: L): void;
  /**
   * The answer to a four-letter word that is allowed and may be answered now. `more` holds the 8 bytes after
   * `stmk`, and is empty for the others. Undefined for a word this server has no answer to: the connection is
   * then closed.
   */
  command(link: L, word: FourLetterWord, more: Buffer): string | undefined;
}

/** Where the client port is, and its limits. Each is named in docs as the property or key it comes from. */
export interface ClientPortOptions {
  /** The address to listen on. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Connections the kernel may hold before they are accepted; undefined for the system's choice. */
  readonly backlog: number | undefined;
  /** TCP keep-alive on accepted connections (`clientTcpKeepAlive`). */
  readonly keepAlive: boolean;
  /** Largest frame, bytes (`jute.maxbuffer`). */
  readonly frameBytesMax: number;
  /** Connections of one address; 0 for no limit (`maxClientCnxns`). */
  readonly connectionsPerAddressMax: number;
  /** Connections altogether; 0 for no limit (`maxCnxns`). */
  readonly connectionsMax: number;
  /** Time to send a connect request, or a whole four-letter word (`nio.sessionlessCnxnTimeout`). */
  readonly connectRequestTimeoutMs: number;
  /** Time for the rest of a frame that has begun. */
  readonly frameTimeoutMs: number;
  /** Requests taken in and not answered, over all connections (`globalOutstandingLimit`); 0 for no limit. */
  readonly outstandingRequestsMax: number;
  /** Bytes of those requests; 0 for no limit. */
  readonly outstandingBytesMax: number;
  /** Output a connection has not read, beyond which more output drops it. */
  readonly unreadBytesMax: number;
  /** Four-letter words that are answered; `*` for all (`4lw.commands.whitelist`). */
  readonly allowedWords: ReadonlySet<string>;
}

/** The limits of reliability.md, on the default address. */
export const CLIENT_PORT_DEFAULTS: ClientPortOptions = {
  host: '127.0.0.1',
  port: 2181,
  backlog: undefined,
  keepAlive: false,
  frameBytesMax: 0xfffff,
  connectionsPerAddressMax: 60,
  connectionsMax: 10_000,
  connectRequestTimeoutMs: 10_000,
  frameTimeoutMs: 5_000,
  outstandingRequestsMax: 1_000,
  outstandingBytesMax: 64 * 1024 * 1024,
  unreadBytesMax: 8 * 1024 * 1024,
  allowedWords: new Set(['srvr']),
};
