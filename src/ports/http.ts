/** HTTP over TCP, as effects: what the admin server and those who ask it need, and no more. */

/** A request that came in; there is no body, since all of them are questions. */
export interface HttpRequest {
  /** `GET`, `HEAD`, `POST`, ... */
  readonly method: string;
  /** Decoded, without the query: `/commands/stat`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  /** `address:port` of who asks. */
  readonly remote: string;
  /** Without brackets. */
  readonly remoteAddress: string;
}

/** The answer to one request. */
export interface HttpReply {
  /** Once, before anything else. */
  begin(status: number, headers: Readonly<Record<string, string>>): void;
  /** Sends a piece; false when the reader is slow and it is kept. Nothing once `gone`. */
  write(piece: string | Uint8Array): boolean;
  /** Ends the answer. */
  end(piece?: string | Uint8Array): void;
  /** Bytes kept since the reader is slow. */
  readonly pendingBytes: number;
  /** Calls back once, when the connection has ended, whoever ended it. */
  onGone(fn: () => void): void;
}

/** An open HTTP port. */
export interface HttpListener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting and ends every connection; answers that go on are cut. */
  close(done: () => void): void;
}

/** What an HTTP port does with requests. Must not throw. */
export type HttpHandler = (request: HttpRequest, reply: HttpReply) => void;

/** Opens HTTP ports. */
export interface HttpServing {
  /** Opens a port (0 for any). A connection that says nothing for `idleTimeoutMs` is closed. */
  listen(
    at: { readonly host: string; readonly port: number; readonly idleTimeoutMs: number },
    handler: HttpHandler,
    done: (
      result: { readonly listener: HttpListener } | { readonly error: Error & { code?: string } },
    ) => void,
  ): void;
}

/** What a question at an HTTP port tells who asked; never from inside `get`. */
export interface HttpAnswerHandler {
  /** Status and headers (names in lower case) have come. */
  begun(status: number, headers: Readonly<Record<string, string | undefined>>): void;
  /** A piece of the body. */
  data(chunk: Buffer): void;
  /** Once, the last word: the answer is whole, or why it is not. */
  ended(error: Error | undefined): void;
}

/** Asks HTTP ports. */
export interface HttpAsking {
  /** GET. `timeoutMs` is for the connection and the head of the answer; the body may go on for ever. */
  get(
    url: string,
    options: { readonly timeoutMs: number; readonly headers?: Readonly<Record<string, string>> },
    handler: HttpAnswerHandler,
  ): { cancel(): void };
}

/** Hands something over at an HTTP port. */
export interface HttpPosting {
  /**
   * POST, by http or https. `done` comes once, never from inside the call: the status of the answer, whose
   * body is passed over, or why there is none within `timeoutMs`.
   */
  post(
    url: string,
    content: {
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
    },
    done: (result: { readonly status: number } | { readonly error: Error }) => void,
  ): void;
}
