import { Fifo } from '../base/ring.ts';
import { EVENT, STATE } from '../protocol/watch-types.ts';
import type { Watch, WatchCallback, WatchEvent } from './api.ts';
import { CLIENT_LIMITS } from './limits.ts';

/** What all watches of a client share. */
export interface WatchHub {
  /** How the session ended; undefined while it lives. */
  ended: WatchEvent | undefined;
  /** Streams somebody waits on: told at the end though they may have no registration left. */
  readonly waiting: Set<WatchStream>;
  /** Forgets the registrations of a stream. */
  forget(stream: WatchStream): void;
}

const DONE: IteratorResult<WatchEvent, undefined> = { done: true, value: undefined };
const OVERFLOW: WatchEvent = {
  type: EVENT.none,
  state: STATE.syncConnected,
  path: null,
  zxid: -1n,
  gap: 'overflow',
};

/** The implementation of `Watch`: a bounded queue for iterators beside a set of callbacks. */
export class WatchStream implements Watch {
  private readonly hub: WatchHub;
  private readonly callbacks = new Set<WatchCallback>();
  private readonly queue = new Fifo<WatchEvent>();
  private readonly waiters = new Fifo<(result: IteratorResult<WatchEvent, undefined>) => void>();
  private iterated = false;
  private overflowed = false;
  private lost = 0;
  private shut = false;

  constructor(hub: WatchHub, callback?: WatchCallback) {
    this.hub = hub;
    if (callback !== undefined) this.callbacks.add(callback);
  }

  get dropped(): number {
    return this.lost;
  }

  get closed(): boolean {
    return this.shut;
  }

  on(callback: WatchCallback): () => void {
    const first = this.callbacks.size === 0 && !this.iterated;
    this.callbacks.add(callback);
    // What came before anybody listened was kept for an iterator; the first callback takes its place.
    if (first)
      for (let event = this.queue.shift(); event !== undefined; event = this.queue.shift())
        call(callback, event);
    return () => void this.callbacks.delete(callback);
  }

  /** An event of the server, or the client's own; `last` when none will follow. */
  take(event: WatchEvent, last = false): void {
    if (this.shut) return;
    if (this.waiters.length > 0) this.waiters.shift()?.({ done: false, value: event });
    else if (this.iterated || this.callbacks.size === 0) this.keep(event);
    for (const callback of this.callbacks) call(callback, event);
    if (last) this.finish();
    else if (this.waiters.length === 0) this.hub.waiting.delete(this);
  }

  private keep(event: WatchEvent): void {
    if (this.queue.length >= CLIENT_LIMITS.watchEventsMax) {
      this.queue.shift();
      this.lost++;
      this.overflowed = true;
    }
    this.queue.push(event);
  }

  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.iterated = true;
    if (this.overflowed) {
      this.overflowed = false;
      return Promise.resolve({ done: false, value: OVERFLOW });
    }
    const event = this.queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.shut) return Promise.resolve(DONE);
    if (this.hub.ended !== undefined) {
      this.finish();
      return Promise.resolve({ done: false, value: this.hub.ended });
    }
    this.hub.waiting.add(this);
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  /** Leaving a `for await` changes nothing: events wait for the next one, or for `close`. */
  [Symbol.asyncIterator](): AsyncIterator<WatchEvent, undefined> {
    this.iterated = true;
    return { next: () => this.next() };
  }

  close(): void {
    if (this.shut) return;
    this.finish();
    while (this.queue.length > 0) this.queue.shift();
    this.overflowed = false;
    this.hub.forget(this);
  }

  /** No more events: waiting iterators end, later ones after what is queued. */
  private finish(): void {
    this.shut = true;
    this.callbacks.clear();
    this.hub.waiting.delete(this);
    while (this.waiters.length > 0) this.waiters.shift()?.(DONE);
  }
}

/** Calls a listener so that its throw reaches the process as an uncaught exception and nobody else. */
function call<E>(listener: (event: E) => void, event: E): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
