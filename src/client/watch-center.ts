import type { WatcherEvent } from '../protocol/watch-types.ts';
import { EVENT, type EventType, type KeeperState, STATE, type WatcherType } from '../protocol/watch-types.ts';
import type { ClientState, WatchCallback, WatchEvent, WatchTarget } from './api.ts';
import type { Chroot } from './chroot.ts';
import { usage } from './values.ts';
import { type Sink, WATCH_KINDS, WatchRegistry } from './watch-registry.ts';
import { type WatchHub, WatchStream } from './watch-stream.ts';

const STATE_OF: Readonly<Record<ClientState, KeeperState>> = {
  connecting: STATE.disconnected,
  connected: STATE.syncConnected,
  connectedReadOnly: STATE.connectedReadOnly,
  closed: STATE.closed,
  expired: STATE.expired,
  authFailed: STATE.authFailed,
};

/** The default watcher lives as long as its client. */
class DefaultWatch extends WatchStream {
  override close(): void {}
}

/**
 * Brings events to whom they concern. Every delivery is a microtask of its own, so that replies (which settle
 * promises) and events reach the caller in the order of the server, and a listener that throws disturbs no
 * other.
 */
export class WatchCenter implements WatchHub {
  readonly registry = new WatchRegistry();
  readonly waiting = new Set<WatchStream>();
  ended: WatchEvent | undefined;
  private readonly chroot: Chroot;
  /** The default watcher is one sink, so that an event which concerns it twice is told once. */
  private readonly defaultWatch: WatchStream = new DefaultWatch(this, () => {});

  constructor(chroot: Chroot) {
    this.chroot = chroot;
  }

  /** Adds a default watcher; the answer removes it. */
  onEvent(listener: WatchCallback): () => void {
    return this.defaultWatch.on(listener);
  }

  /** A stream that is told the end of the session. */
  stream(callback?: WatchCallback): WatchStream {
    return new WatchStream(this, callback);
  }

  /** What to register for a caller's target; undefined for none. Throws ZKT_USAGE. */
  sinkOf(target: WatchTarget | undefined): Sink | undefined {
    if (target === undefined || target === false) return undefined;
    if (target === true) return this.defaultWatch;
    if (typeof target === 'function') return target;
    if (target instanceof WatchStream) return target;
    throw usage('a watch must be true, a function or a Watch');
  }

  /** The stream of `addWatch`: the target itself if it is one, else a new one that passes events on. */
  streamOf(target: WatchTarget | undefined): WatchStream {
    const sink = this.sinkOf(target);
    return sink instanceof WatchStream ? sink : this.stream(sink);
  }

  /** An event of the server. */
  notified(event: WatcherEvent, zxid: bigint): void {
    const type = event.type as EventType;
    const told: WatchEvent = {
      type,
      state: event.state as KeeperState,
      path: this.chroot.strip(event.path),
      zxid,
    };
    for (const sink of this.registry.fire(type, event.path)) this.tell(sink, told);
  }

  /** The state changed: the default watcher is told, and at the end everybody. */
  stateChanged(state: ClientState): void {
    const event: WatchEvent = { type: EVENT.none, state: STATE_OF[state], path: null, zxid: -1n };
    if (state === 'connecting' || state === 'connected' || state === 'connectedReadOnly') {
      this.tell(this.defaultWatch, event);
      return;
    }
    this.ended = event;
    const all = this.registry.sinks(WATCH_KINDS).add(this.defaultWatch);
    for (const stream of this.waiting) all.add(stream);
    this.registry.clear();
    for (const sink of all) this.tell(sink, event, true);
  }

  /** Persistent watches are set anew; what happened meanwhile nobody told them. */
  watchesSet(): void {
    const event: WatchEvent = {
      type: EVENT.none,
      state: STATE.syncConnected,
      path: null,
      zxid: -1n,
      gap: 'disconnected',
    };
    for (const sink of this.registry.sinks(['persistent', 'persistentRecursive'])) this.tell(sink, event);
  }

  /** Forgets watches and tells them so; false when there were none. */
  remove(path: string, type: WatcherType, state: KeeperState, sink?: Sink): boolean {
    const removed = this.registry.remove(path, type, sink);
    for (const { type: event, sinks } of removed) {
      const told: WatchEvent = { type: event, state, path: this.chroot.strip(path), zxid: -1n };
      for (const one of sinks) this.tell(one, told);
    }
    return removed.length > 0;
  }

  forget(stream: WatchStream): void {
    this.registry.forget(stream);
  }

  private tell(sink: Sink, event: WatchEvent, last = false): void {
    if (sink instanceof WatchStream) queueMicrotask(() => sink.take(event, last));
    else queueMicrotask(() => sink(event));
  }
}
