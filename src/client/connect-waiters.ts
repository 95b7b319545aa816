import { ZktError } from '../base/errors.ts';
import type { Timer, Timers } from '../ports/timers.ts';
import { ERR } from '../protocol/error-codes.ts';
import type { ClientState } from './api.ts';
import { KeeperError } from './keeper-error.ts';

interface Waiter {
  readonly rounds: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  timer: Timer | undefined;
}

const isConnected = (state: ClientState) => state === 'connected' || state === 'connectedReadOnly';
const isFinal = (state: ClientState) => state !== 'connecting' && !isConnected(state);
const endError = (state: ClientState) =>
  new KeeperError(state === 'authFailed' ? ERR.AUTHFAILED : ERR.SESSIONEXPIRED);

/** Why an attempt failed at a server that is there: it has no quorum, or no room. */
export const SERVER_CLOSED = 'the server closed the connection';

/** Those who wait for a connection, or for the end. */
export class ConnectWaiters {
  private readonly servers: string;
  private readonly timers: Timers;
  private readonly waiting = new Set<Waiter>();
  private ended: (() => void)[] = [];
  private lastFailure = 'no server has answered yet';

  /** `servers` as in the options, for messages. */
  constructor(servers: string, timers: Timers) {
    this.servers = servers;
    this.timers = timers;
  }

  /** Resolves when connected; rejects at the end of the session, of the time, or of the rounds. */
  wait(state: ClientState, timeoutMs?: number, rounds?: number): Promise<void> {
    if (isConnected(state)) return Promise.resolve();
    if (isFinal(state)) return Promise.reject(endError(state));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        rounds: rounds ?? Number.POSITIVE_INFINITY,
        resolve,
        reject,
        timer: undefined,
      };
      this.waiting.add(waiter);
      if (timeoutMs === undefined) return;
      waiter.timer = this.timers.after(timeoutMs, () => {
        this.waiting.delete(waiter);
        reject(this.error(`not connected within ${timeoutMs} ms: ${this.lastFailure}`));
      });
    });
  }

  private error(why: string): ZktError {
    return new ZktError('ZKT_CONNECT', { servers: this.servers, why });
  }

  /** A server was tried in vain. */
  attemptFailed(why: string, rounds: number): void {
    // A server that is there says more than one that is not.
    if (this.lastFailure !== SERVER_CLOSED) this.lastFailure = why;
    for (const waiter of this.waiting) {
      if (rounds < waiter.rounds) continue;
      this.settle(waiter);
      waiter.reject(this.error(this.lastFailure));
    }
  }

  /** The state changed. */
  stateChanged(state: ClientState): void {
    if (state === 'connecting') return;
    this.lastFailure = 'no server has answered yet';
    for (const waiter of this.waiting) {
      this.settle(waiter);
      if (isFinal(state)) waiter.reject(endError(state));
      else waiter.resolve();
    }
    if (!isFinal(state)) return;
    for (const done of this.ended) done();
    this.ended = [];
  }

  /** Calls `done` when the session has ended, at once if it has. */
  whenEnded(state: ClientState, done: () => void): void {
    if (isFinal(state)) done();
    else this.ended.push(done);
  }

  private settle(waiter: Waiter): void {
    waiter.timer?.cancel();
    this.waiting.delete(waiter);
  }
}
