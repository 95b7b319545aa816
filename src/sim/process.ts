/**
 * A process in simulation: its view of time and network, which ends when it is killed. What a dead process
 * had under way never comes, its connections are reset, its ports are free.
 */
import type { Clock } from '../ports/clock.ts';
import type { Listener, Net, Socket, SocketHandler } from '../ports/net.ts';
import type { Timer, Timers } from '../ports/timers.ts';
import type { SimLoop } from './clock.ts';
import type { ProcessLoop } from './host-loop.ts';
import { MemoryNet } from './net.ts';

/** A network whose deliveries are the loop's. */
export class LoopNet extends MemoryNet {
  private readonly loop: SimLoop;

  constructor(loop: SimLoop) {
    super();
    this.loop = loop;
  }

  override soon(delivery: () => void): void {
    this.loop.deliver(delivery);
  }
}

/** See the head of the file. */
export class SimProcess implements Clock, Timers, Net {
  private readonly loop: ProcessLoop;
  private readonly network: Net;
  private readonly sockets = new Set<Socket>();
  private readonly listeners = new Set<Listener>();
  private readonly dials = new Set<{ cancel(): void }>();
  private dead = false;

  constructor(loop: ProcessLoop, network: Net) {
    this.loop = loop;
    this.network = network;
  }

  get alive(): boolean {
    return !this.dead;
  }

  /** Connections open now. */
  get openSockets(): number {
    return this.sockets.size;
  }

  /** Ends the process at this very moment, as SIGKILL does. */
  kill(): void {
    if (this.dead) return;
    this.dead = true;
    for (const listener of this.listeners) listener.close(() => {});
    for (const dial of this.dials) dial.cancel();
    for (const socket of this.sockets) socket.destroy();
    this.listeners.clear();
    this.sockets.clear();
  }

  monotonicMs(): number {
    return this.loop.monotonicMs();
  }

  wallMs(): number {
    return this.loop.wallMs();
  }

  after(ms: number, fn: () => void): Timer {
    return this.loop.after(ms, this.mine(fn));
  }

  every(ms: number, fn: () => void): Timer {
    let cancelled = false;
    let timer: Timer | undefined;
    const arm = (): void => {
      timer = this.after(ms, () => {
        fn();
        if (!cancelled) arm();
      });
    };
    arm();
    return {
      cancel: () => {
        cancelled = true;
        timer?.cancel();
      },
    };
  }

  soon(fn: () => void): void {
    this.loop.soon(this.mine(fn));
  }

  /** Runs `fn` as something that arrives from outside, a while from now; never once the process is dead. */
  arriveAfter(ms: number, fn: () => void): void {
    this.loop.after(ms, () => this.loop.deliver(this.mine(fn)));
  }

  listen(
    at: Parameters<Net['listen']>[0],
    accept: (socket: Socket) => SocketHandler | undefined,
    done: Parameters<Net['listen']>[2],
  ): void {
    this.network.listen(
      at,
      (socket) => {
        if (this.dead) {
          socket.destroy();
          return undefined;
        }
        const handler = accept(socket);
        return handler === undefined ? undefined : this.watched(socket, handler);
      },
      (result) => {
        if ('listener' in result) {
          if (this.dead) result.listener.close(() => {});
          else this.listeners.add(result.listener);
        }
        if (!this.dead) done(result);
      },
    );
  }

  connect(
    to: Parameters<Net['connect']>[0],
    handler: SocketHandler & { opened(socket: Socket): void },
  ): { cancel(): void } {
    let inner: SocketHandler | undefined;
    const dial = this.network.connect(to, {
      opened: (socket) => {
        this.dials.delete(dial);
        if (this.dead) {
          socket.destroy();
          return;
        }
        inner = this.watched(socket, handler);
        handler.opened(socket);
      },
      data: (chunk) => inner?.data(chunk),
      drained: () => inner?.drained(),
      ended: () => inner?.ended(),
      closed: (error) => {
        this.dials.delete(dial);
        if (inner !== undefined) inner.closed(error);
        else if (!this.dead) handler.closed(error);
      },
    });
    this.dials.add(dial);
    return dial;
  }

  private mine(fn: () => void): () => void {
    return () => {
      if (!this.dead) fn();
    };
  }

  private watched(socket: Socket, handler: SocketHandler): SocketHandler {
    this.sockets.add(socket);
    return {
      data: (chunk) => {
        if (!this.dead) handler.data(chunk);
      },
      drained: () => {
        if (!this.dead) handler.drained();
      },
      ended: () => {
        if (!this.dead) handler.ended();
      },
      closed: (error) => {
        this.sockets.delete(socket);
        if (!this.dead) handler.closed(error);
      },
    };
  }
}
