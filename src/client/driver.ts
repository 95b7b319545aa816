/**
 * Drives the session machine: owns the socket, the timer and the output of the turn. Input is cut into frames
 * and fed to the machine; what the machine writes is sent once, at the end of the turn of the loop.
 */
import { reasonOf } from '../base/errors.ts';
import { FrameSplitter } from '../jute/frames.ts';
import { JuteError } from '../jute/jute-error.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { Clock } from '../ports/clock.ts';
import type { Net, Socket } from '../ports/net.ts';
import type { Random } from '../ports/random.ts';
import type { Timer, Timers } from '../ports/timers.ts';
import type { WatcherEvent } from '../protocol/watch-types.ts';
import type { ClientState } from './api.ts';
import type { ServerAddress } from './connect-string.ts';
import { SERVER_CLOSED } from './connect-waiters.ts';
import type { Auth } from './credentials.ts';
import { CLIENT_LIMITS } from './limits.ts';
import type { Request } from './request.ts';
import { probeServer } from './rw-probe.ts';
import { type SessionConfig, type SessionEffects, SessionMachine } from './session-machine.ts';
import type { WatchRegistry } from './watch-registry.ts';

/** The world of a client. */
export interface ClientPorts {
  readonly net: Net;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** What the driver tells the client. */
export interface DriverListener {
  stateChanged(state: ClientState): void;
  attemptFailed(why: string, rounds: number): void;
  notified(event: WatcherEvent, zxid: bigint): void;
  watchesSet(): void;
}

/** One dialled connection. */
interface Connection {
  readonly splitter: FrameSplitter;
  socket: Socket | undefined;
  cancel: (() => void) | undefined;
}

const OUTPUT_BYTES = 16 * 1024;
/** A writer grown past this by a burst is not kept. */
const OUTPUT_BYTES_KEPT = 1024 * 1024;

/** See the top of the file. */
export class ClientDriver implements SessionEffects {
  readonly machine: SessionMachine;
  private readonly ports: ClientPorts;
  private readonly listener: DriverListener;
  private readonly replyBytesMax: number;
  private connection: Connection | undefined;
  private out = new JuteWriter(OUTPUT_BYTES);
  private frameStart = 0;
  private flushing = false;
  private blocked = false;
  private timer: Timer | undefined;
  private timerAt = Number.POSITIVE_INFINITY;

  constructor(
    config: SessionConfig & { readonly replyBytesMax: number },
    ports: ClientPorts,
    watches: WatchRegistry,
    listener: DriverListener,
  ) {
    this.ports = ports;
    this.listener = listener;
    this.replyBytesMax = config.replyBytesMax;
    this.machine = new SessionMachine(config, ports.random, this, watches);
  }

  private now(): number {
    return this.ports.clock.monotonicMs();
  }

  /** Begins to connect. */
  start(): void {
    this.machine.start(this.now());
    this.arm();
  }

  /** The deadline of a request made now; Infinity for `timeoutMs` 0. */
  deadline(timeoutMs: number): number {
    return timeoutMs > 0 ? this.now() + timeoutMs : Number.POSITIVE_INFINITY;
  }

  /** Hands a request to the machine; false when too many wait already. */
  submit(request: Request): boolean {
    const taken = this.machine.submit(request, this.now());
    if (request.deadline < this.timerAt) this.arm();
    return taken;
  }

  /** Presents a credential. */
  addAuth(auth: Auth): void {
    this.machine.addAuth(auth, this.now());
  }

  /** Ends the session with that closeSession request. */
  close(request: Request): void {
    this.machine.close(request, this.now());
    this.arm();
  }

  dial({ host, port }: ServerAddress, timeoutMs: number): void {
    const connection: Connection = {
      splitter: new FrameSplitter(this.replyBytesMax),
      socket: undefined,
      cancel: undefined,
    };
    this.connection = connection;
    const current = () => this.connection === connection;
    const attempt = this.ports.net.connect(
      { host, port, timeoutMs },
      {
        opened: (socket) => {
          if (!current()) return socket.destroy();
          connection.socket = socket;
          connection.cancel = undefined;
          this.machine.opened(this.now());
          this.arm();
        },
        data: (chunk) => {
          if (current()) this.data(connection, chunk);
        },
        drained: () => {
          if (!current()) return;
          this.blocked = false;
          this.flush();
          this.machine.drained(this.now());
        },
        ended: () => {
          if (current()) this.lost(SERVER_CLOSED);
        },
        closed: (error) => {
          if (current()) this.lost(error === undefined ? 'the connection was closed' : reasonOf(error));
        },
      },
    );
    connection.cancel = () => attempt.cancel();
  }

  private data(connection: Connection, chunk: Buffer): void {
    const now = this.now();
    try {
      connection.splitter.feed(chunk, (bytes, start, end) => {
        this.machine.received(bytes, start, end, now);
        return this.connection === connection;
      });
    } catch (error) {
      if (!(error instanceof JuteError)) throw error;
      this.machine.lost(`the server sent what is no frame: ${error.message}`, now);
    }
    this.arm();
  }

  private lost(why: string): void {
    this.machine.lost(why, this.now());
    this.arm();
  }

  hangUp(): void {
    const connection = this.connection;
    this.connection = undefined;
    this.out.reset();
    this.blocked = false;
    connection?.cancel?.();
    connection?.socket?.destroy();
  }

  beginFrame(): JuteWriter {
    const w = this.out;
    this.frameStart = w.pos;
    w.reserve(4);
    w.pos += 4;
    return w;
  }

  endFrame(): void {
    const w = this.out;
    w.buf.writeInt32BE(w.pos - this.frameStart - 4, this.frameStart);
    if (this.flushing) return;
    this.flushing = true;
    this.ports.timers.soon(() => {
      this.flushing = false;
      this.flush();
      this.machine.drained(this.now());
    });
  }

  dropFrame(): void {
    this.out.pos = this.frameStart;
  }

  writable(): boolean {
    return this.out.pos < CLIENT_LIMITS.unsentBytesMax;
  }

  /**
   * Sends the output of the turn; while the socket still holds the last one, it waits and so gathers more.
   */
  private flush(): void {
    const socket = this.connection?.socket;
    if (this.blocked || socket === undefined || this.out.pos === 0) return;
    const spare = this.out;
    const kept = !socket.write(spare.bytes());
    this.blocked = kept;
    if (kept || spare.buf.length > OUTPUT_BYTES_KEPT) this.out = new JuteWriter(OUTPUT_BYTES);
    else spare.reset();
  }

  probe(server: ServerAddress): void {
    probeServer(this.ports, server, (readWrite) => {
      if (!readWrite) return;
      this.machine.probed(server, this.now());
      this.arm();
    });
  }

  stateChanged(state: ClientState): void {
    this.listener.stateChanged(state);
  }

  attemptFailed(why: string, rounds: number): void {
    this.listener.attemptFailed(why, rounds);
  }

  notified(event: WatcherEvent, zxid: bigint): void {
    this.listener.notified(event, zxid);
  }

  watchesSet(): void {
    this.listener.watchesSet();
  }

  /** Sees to it that the timer goes off at the machine's next deadline or before. */
  private arm(): void {
    const at = this.machine.nextDeadline();
    if (at >= this.timerAt && at !== Number.POSITIVE_INFINITY) return;
    this.timer?.cancel();
    this.timer = undefined;
    this.timerAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.timer = this.ports.timers.after(Math.max(0, Math.ceil(at - this.now())), () => {
      this.timer = undefined;
      this.timerAt = Number.POSITIVE_INFINITY;
      // After a pause of the process there may be input that is older than the deadline: it is taken in
      // first.
      this.ports.timers.soon(() => {
        this.machine.tick(this.now());
        this.arm();
      });
    });
  }
}
