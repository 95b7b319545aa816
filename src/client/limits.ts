/** The client's limits and timers; sizes in bytes, times in milliseconds. */
export const CLIENT_LIMITS = {
  /** Session timeout asked for unless the caller says otherwise. */
  sessionTimeoutMs: 30_000,
  /**
   * Largest reply accepted: a children list of a million names fits, a lying length does not cost more than
   * it sends.
   */
  replyBytesMax: 64 * 1024 * 1024,
  /** Operations without an answer, sent or waiting. */
  outstandingMax: 1_000_000,
  /**
   * Output the kernel has not taken above which operations wait unsent: they survive the loss of the
   * connection.
   */
  unsentBytesMax: 4 * 1024 * 1024,
  /**
   * Path text in one setWatches; Apache's client splits there too, so that the request passes jute.maxbuffer.
   */
  setWatchesBytesMax: 128 * 1024,
  /** Events an iterator of a watch may be behind. */
  watchEventsMax: 10_000,
  /** How long `close` waits for the server's word. */
  closeMs: 1_000,
  /**
   * A connection that lived shorter than this counts as a failed attempt, so that a flapping server is backed
   * off from.
   */
  settledMs: 1_000,
  /** Longest pause before the first new attempt after a loss: spreads clients that lost the same server. */
  reconnectJitterMs: 50,
  /** Pause after all servers failed once; doubles with each round. */
  backoffMs: 100,
  backoffMsMax: 3_000,
  /** A ping is sent after this long without sending, however long the session timeout. */
  pingMsMax: 10_000,
  /** First and longest pause between two looks for a read-write server while on a read-only one. */
  probeMs: 100,
  probeMsMax: 60_000,
  /** Time for one server to say whether it is read-only. */
  probeAnswerMs: 1_000,
} as const;

/** Port of a server that names none. */
export const DEFAULT_PORT = 2181;
