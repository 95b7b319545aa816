/** A world for observers, in memory and virtual time: servers that answer, hang, refuse or talk nonsense. */
import type { ZktEvent } from '../../../src/events/table.ts';
import { type ObserverOptions, observeEnsemble } from '../../../src/inspect/observe/observe-ensemble.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { HttpAnswerHandler, HttpAsking } from '../../../src/ports/http.ts';
import type { Net, Socket, SocketHandler } from '../../../src/ports/net.ts';
import type { Timer, Timers } from '../../../src/ports/timers.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';

/** What a fake server does with a connection. */
export type FakeServer =
  | 'refuse'
  | 'hang'
  | 'close'
  | { readonly words: (word: string) => string | 'hang' | undefined }
  | { readonly raw: (socket: FakeSocket, bytes: Buffer) => void };

/** The server's end. */
export interface FakeSocket {
  send(bytes: Buffer): void;
  close(): void;
}

/** A question at a fake HTTP port. */
export interface FakeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  begin(status: number): void;
  send(text: string | Buffer): void;
  end(error?: Error): void;
  readonly cancelled: boolean;
}

export const WALL_START_MS = 1_800_000_000_000;

/** See the head of the file. Time passes in `pass` only. */
export class FakeWorld implements Clock, Timers, HttpAsking {
  /** By `host:port`. */
  readonly servers = new Map<string, FakeServer>();
  /** Answers questions at HTTP ports; what it does not answer hangs. Default: nobody listens. */
  http: (request: FakeRequest) => void = (request) => request.end(new Error('connect ECONNREFUSED'));
  readonly requests: FakeRequest[] = [];
  /** Words that were asked, as `host:port word`. */
  readonly asked: string[] = [];
  readonly events: ZktEvent[] = [];
  open = 0;
  openMost = new Map<string, number>();
  configuration: (() => Promise<Membership | undefined>) | undefined;
  private now = 0;
  private order = 0;
  private readonly due: { at: number; order: number; fn: () => void }[] = [];

  monotonicMs(): number {
    return this.now;
  }
  wallMs(): number {
    return WALL_START_MS + this.now;
  }

  after(ms: number, fn: () => void): Timer {
    const entry = { at: this.now + ms, order: this.order++, fn };
    this.due.push(entry);
    return {
      cancel: () => {
        const at = this.due.indexOf(entry);
        if (at >= 0) this.due.splice(at, 1);
      },
    };
  }
  every(ms: number, fn: () => void): Timer {
    let timer: Timer;
    const arm = (): void => {
      timer = this.after(ms, () => {
        arm();
        fn();
      });
    };
    arm();
    return { cancel: () => timer.cancel() };
  }
  soon(fn: () => void): void {
    this.after(0, fn);
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await breathe();
      this.due.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.due[0];
      if (next === undefined || next.at > end) break;
      this.due.shift();
      this.now = Math.max(this.now, next.at);
      next.fn();
    }
    this.now = end;
    await breathe();
  }
  /** Things that wait for their time. */
  get waiting(): number {
    return this.due.length;
  }

  get(
    url: string,
    options: { timeoutMs: number; headers?: Readonly<Record<string, string>> },
    handler: HttpAnswerHandler,
  ): { cancel(): void } {
    let over = false;
    const late = this.after(options.timeoutMs, () =>
      request.end(new Error(`no answer within ${options.timeoutMs} ms`)),
    );
    const say = (fn: () => void): void =>
      this.soon(() => {
        if (!over) fn();
      });
    const request: FakeRequest = {
      url,
      headers: options.headers ?? {},
      begin: (status) => {
        late.cancel();
        say(() => handler.begun(status, {}));
      },
      send: (text) => say(() => handler.data(Buffer.from(text as string))),
      end: (error) =>
        say(() => {
          late.cancel();
          over = true;
          handler.ended(error);
        }),
      get cancelled() {
        return over;
      },
    };
    this.requests.push(request);
    this.soon(() => this.http(request));
    return {
      cancel: () => {
        late.cancel();
        over = true;
      },
    };
  }

  readonly net: Net = {
    listen: () => {
      throw new Error('nobody listens here');
    },
    connect: (to, handler) => this.connect(to, handler),
  };

  private connect(
    to: { host: string; port: number; timeoutMs: number },
    handler: SocketHandler & { opened(socket: Socket): void },
  ): { cancel(): void } {
    const at = `${to.host}:${to.port}`;
    const server = this.servers.get(at) ?? 'refuse';
    let over = false;
    const close = (error?: Error): void =>
      this.soon(() => {
        if (over) return;
        over = true;
        this.open--;
        this.openMost.set(`now ${at}`, (this.openMost.get(`now ${at}`) ?? 1) - 1);
        handler.closed(error);
      });
    this.open++;
    const now = (this.openMost.get(`now ${at}`) ?? 0) + 1;
    this.openMost.set(`now ${at}`, now);
    this.openMost.set(at, Math.max(now, this.openMost.get(at) ?? 0));
    if (server === 'refuse') {
      close(new Error(`connect ECONNREFUSED ${at}`));
      return { cancel: close };
    }
    const end: FakeSocket = {
      send: (bytes) =>
        this.soon(() => {
          if (!over) handler.data(bytes);
        }),
      close: () =>
        this.soon(() => {
          if (!over) handler.ended();
        }),
    };
    const socket: Socket = {
      ...{ remoteAddress: to.host, remotePort: to.port, localAddress: '127.0.0.1', localPort: 40_000 },
      pendingBytes: 0,
      write: (bytes) => {
        this.serve(at, server, end, bytes);
        return true;
      },
      pause: () => {},
      resume: () => {},
      end: () => close(),
      destroy: () => close(),
    };
    this.soon(() => {
      if (!over) handler.opened(socket);
    });
    return { cancel: close };
  }

  private serve(at: string, server: FakeServer, end: FakeSocket, bytes: Buffer): void {
    if (server === 'hang' || server === 'refuse') return;
    if (server !== 'close' && 'raw' in server) {
      server.raw(end, Buffer.from(bytes));
      return;
    }
    const word = bytes.toString('latin1');
    if (server === 'close') {
      end.close();
      return;
    }
    this.asked.push(`${at} ${word}`);
    const reply = server.words(word);
    if (reply === 'hang') return;
    if (reply !== undefined) end.send(Buffer.from(reply));
    end.close();
  }

  /** Observes from here on; answers how to stop. */
  observe(options: Partial<ObserverOptions> & Pick<ObserverOptions, 'servers'>): () => void {
    const { net } = this;
    const configuration = (): Promise<Membership | undefined> =>
      this.configuration === undefined ? Promise.resolve(undefined) : this.configuration();
    const ports = { net, http: this, timers: this, clock: this, configuration };
    const source = observeEnsemble(ports, { timeoutMs: 200, ...options });
    source.start((event) => this.events.push(event));
    return () => source.stop();
  }

  /** What was told since the last call, a line each: node, name and what matters. */
  told(names: RegExp = /^(source|feed|peer)\./): string[] {
    const lines = this.events.splice(0).filter((e) => names.test(e.name));
    return lines.map(({ node, name, fields }) => {
      const { address: _, version: __, ...rest } = fields as Record<string, unknown>;
      return [node, name, ...Object.values(rest).map(String)].join(' ');
    });
  }
}

/** Lets every promise that can go on do so. */
async function breathe(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** `127.0.0.1:PORT` for each. */
export const at = (...ports: number[]): { host: string; port: number }[] =>
  ports.map((port) => ({ host: '127.0.0.1', port }));

export const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';
export const forbidden = (word: string): string =>
  `${word} is not executed because it is not in the whitelist.\n`;

/** The answer to `srvr`. */
export const srvr = (mode: string, version = '3.8.0', zxid = '0x100000002'): string =>
  [
    `Zookeeper version: ${version}, built on 2024-12-29 17:54 UTC`,
    'Latency min/avg/max: 0/0.5/9',
    'Received: 174',
    'Sent: 174',
    'Connections: 3',
    'Outstanding: 0',
    `Zxid: ${zxid}`,
    `Mode: ${mode}`,
    'Node count: 12',
    '',
  ].join('\n');
export const ZKT = '3.8.0-zkt-0.1.0';

/** The answer to `conf` of a member; clients are served at port `base + id`, elections 1000 above. */
export const conf = (id: number, ids: readonly number[], base: number, version = '100000001'): string =>
  [
    `clientPort=${base + id}`,
    'tickTime=2000',
    `serverId=${id}`,
    'membership: ',
    ...ids.map(
      (n) => `server.${n}=127.0.0.1:${base + 500 + n}:${base + 1000 + n}:participant;127.0.0.1:${base + n}`,
    ),
    `version=${version}`,
  ].join('\n');
