/** HTTP on node:http: the port of the admin server, and those who ask it. */
import http from 'node:http';
import { hostPort } from '../base/host-port.ts';
import type {
  HttpAnswerHandler,
  HttpAsking,
  HttpHandler,
  HttpReply,
  HttpRequest,
  HttpServing,
} from '../ports/http.ts';

/** Bytes of a request's head; a question has few. */
const HEADER_BYTES_MAX = 16 * 1024;

/** Whoever has not said in this time what it asks holds a place that others need. */
const HEAD_MS_MAX = 5_000;
/** How often it is looked for such. */
const LOOK_EVERY_MS = 1_000;

/** Connections at a time: whoever may not ask must not take the files of the server either. */
const CONNECTIONS_MAX = 256;

/** Questions that one connection may ask ahead of their turn; who asks more of them is cut off. */
const AHEAD_MAX = 16;

/**
 * The questions of one connection. Node hands over all that came in one piece at once, a thousand and more:
 * here each waits until the one before was answered and read, and the loop gets its turn between them.
 */
class Turns {
  private readonly ahead: (() => void)[] = [];
  private busy = false;

  /** Answers now or later; false when there are too many. `response` is that of this question. */
  take(response: http.ServerResponse, answer: () => void): boolean {
    response.once('close', () => this.next());
    if (this.busy) return this.ahead.push(answer) <= AHEAD_MAX;
    this.busy = true;
    answer();
    return true;
  }

  private next(): void {
    const answer = this.ahead.shift();
    if (answer === undefined) this.busy = false;
    else setImmediate(answer);
  }
}

class Reply implements HttpReply {
  private readonly response: http.ServerResponse;
  private readonly idleTimeoutMs: number;

  constructor(response: http.ServerResponse, idleTimeoutMs: number) {
    this.response = response;
    this.idleTimeoutMs = idleTimeoutMs;
    response.on('error', () => {});
  }

  get pendingBytes(): number {
    return this.response.writableLength + (this.response.socket?.writableLength ?? 0);
  }

  begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
  }

  write(piece: string | Uint8Array): boolean {
    return this.response.destroyed || this.response.write(piece);
  }

  end(piece?: string | Uint8Array): void {
    // Who does not read what it asked for is silent, too: nothing is kept for it for ever.
    this.response.socket?.setTimeout(this.idleTimeoutMs);
    this.response.end(piece);
  }

  onGone(fn: () => void): void {
    this.response.once('close', fn);
  }
}

const requestOf = (message: http.IncomingMessage): HttpRequest | undefined => {
  let url: URL;
  let path: string;
  try {
    url = new URL(message.url ?? '/', 'http://localhost');
    path = decodeURIComponent(url.pathname);
  } catch {
    return undefined;
  }
  const { remoteAddress = '', remotePort = 0 } = message.socket;
  const address = remoteAddress.replace(/^::ffff:/, '');
  return {
    method: message.method ?? 'GET',
    path,
    query: url.searchParams,
    header: (name) => {
      const value = message.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    remote: hostPort(address, remotePort),
    remoteAddress: address,
  };
};

const serving = (handler: HttpHandler, idleTimeoutMs: number): http.Server => {
  const turns = new WeakMap<object, Turns>();
  const server = http.createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      keepAliveTimeout: idleTimeoutMs,
      requestTimeout: idleTimeoutMs,
      headersTimeout: idleTimeoutMs === 0 ? HEAD_MS_MAX : Math.min(HEAD_MS_MAX, idleTimeoutMs),
      connectionsCheckingInterval: LOOK_EVERY_MS,
    },
    (message, response) => {
      // A body is not asked for: it is passed over, so that the connection may be used again.
      message.resume();
      const { socket } = message;
      if (socket.destroyed) return;
      const turn = turns.get(socket) ?? new Turns();
      turns.set(socket, turn);
      const taken = turn.take(response, () => {
        if (socket.destroyed) return;
        const request = requestOf(message);
        if (request !== undefined) handler(request, new Reply(response, idleTimeoutMs));
        else response.writeHead(400).end();
      });
      if (!taken) socket.destroy();
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
};

/** HTTP ports of this machine. */
export const systemHttpServing: HttpServing = {
  listen({ host, port, idleTimeoutMs }, handler, done) {
    const server = serving(handler, idleTimeoutMs);
    server.once('error', (error) => done({ error }));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error').on('error', () => {});
      const at = server.address();
      const bound = typeof at === 'object' && at !== null ? at : { address: host, port };
      const close = (closed: () => void): void => {
        server.close(() => closed());
        server.closeAllConnections();
      };
      done({ listener: { host: bound.address, port: bound.port, close } });
    });
  },
};

/** Questions at HTTP ports. */
export const systemHttpAsking: HttpAsking = {
  get(url, { timeoutMs, headers = {} }, handler) {
    return new Question(url, timeoutMs, headers, handler);
  },
};

class Question {
  private readonly request: http.ClientRequest | undefined;
  private over = false;
  private readonly handler: HttpAnswerHandler;

  constructor(
    url: string,
    timeoutMs: number,
    headers: Readonly<Record<string, string>>,
    handler: HttpAnswerHandler,
  ) {
    this.handler = handler;
    try {
      this.request = http.get(url, { headers, agent: false, signal: undefined });
    } catch (error) {
      setImmediate(() => this.end(error as Error));
      return;
    }
    const timer = setTimeout(
      () => this.request?.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.request.once('close', () => clearTimeout(timer));
    this.request.on('error', (error) => this.end(error));
    this.request.on('response', (response) => {
      clearTimeout(timer);
      this.take(response);
    });
  }

  /** Asks no more; `ended` is not said then. */
  cancel(): void {
    this.over = true;
    this.request?.destroy();
  }

  private take(response: http.IncomingMessage): void {
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    if (!this.over) this.handler.begun(response.statusCode ?? 0, headers);
    response.on('data', (chunk: Buffer) => {
      if (!this.over) this.handler.data(chunk);
    });
    response.on('end', () => this.end(undefined));
    response.on('error', (error) => this.end(error));
    response.on('aborted', () => this.end(new Error('the connection was cut')));
  }

  private end(error: Error | undefined): void {
    if (this.over) return;
    this.over = true;
    this.handler.ended(error);
  }
}
