import { CLIENT_LIMITS } from './limits.ts';

/** Durations that follow from a negotiated session timeout (facts 3, client timers); all milliseconds. */
export interface SessionTimers {
  /**
   * Silence after which a connection is given up: two thirds, which leaves a third to find another server.
   */
  readonly readMs: number;
  /** Time without sending after which a ping goes out. */
  readonly pingMs: number;
  /** Time without any word from a server after which the session must have expired: four thirds. */
  readonly expiryMs: number;
}

/**
 * The timers of a session. A ping is due at half the read timeout, a second earlier where there is a second
 * to spare (so that a ping that comes late still comes in time), and after ten seconds in any case.
 */
export function sessionTimers(timeoutMs: number): SessionTimers {
  const readMs = Math.max(1, Math.floor((timeoutMs * 2) / 3));
  const half = readMs / 2;
  const pingMs = half <= 1000 ? half : Math.max(1000, half - 1000);
  return {
    readMs,
    pingMs: Math.min(pingMs, CLIENT_LIMITS.pingMsMax),
    expiryMs: Math.floor((timeoutMs * 4) / 3),
  };
}
