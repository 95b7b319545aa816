/**
 * One session, as its server tracks it. The connection that serves it keeps this object, so that a packet
 * touches the session without a look-up. Only the tracker writes to it.
 */
export interface Session<Owner> {
  readonly id: bigint;
  /** The timeout last used to touch it, ms. */
  readonly timeoutMs: number;
  /**
   * The expiry bucket it is in: the time, on the clock of `now`, at which it expires unless touched before.
   */
  readonly bucketMs: number;
  /**
   * True from expiry, or from the first closeSession, until it is removed: nothing more is accepted from it.
   */
  readonly closing: boolean;
  /** Who last claimed it (a connection, on a leader also a learner); undefined until somebody does. */
  readonly owner: Owner | undefined;
}

/** The tracker's own, writable view. */
export interface TrackedSession<Owner> extends Session<Owner> {
  timeoutMs: number;
  bucketMs: number;
  closing: boolean;
  owner: Owner | undefined;
}

/** The bucket of a session that is in none: it is closing, or gone. */
export const NO_BUCKET = -1;
