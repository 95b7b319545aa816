/**
 * The ensemble's sessions that clients of a learner use. The learner does not expire them: it tells the
 * leader, with each answer to a ping, which of them it heard of (facts 3).
 */
import { NO_BUCKET, type Session } from '../session/session.ts';
import type { SessionKeeper } from './conversation.ts';

/** A session kept elsewhere. */
export class RemoteSession implements Session<object> {
  readonly id: bigint;
  timeoutMs: number;
  readonly bucketMs = NO_BUCKET;
  /** Nothing more is accepted from it. */
  closing = false;
  readonly owner = undefined;
  /** Heard of since the leader was told last. */
  touched = false;

  constructor(id: bigint, timeoutMs: number) {
    this.id = id;
    this.timeoutMs = timeoutMs;
  }
}

/** What is to be told to the leader. */
export class TouchTable implements SessionKeeper {
  private touched: RemoteSession[] = [];

  touchSession(session: Session<object>, timeoutMs: number): boolean {
    const remote = session as RemoteSession;
    if (remote.closing) return false;
    remote.timeoutMs = timeoutMs;
    if (!remote.touched) {
      remote.touched = true;
      this.touched.push(remote);
    }
    return true;
  }

  /** Sessions touched since the last call, with their timeouts, ms. */
  take(): ReadonlyMap<bigint, number> {
    const all = new Map<bigint, number>();
    for (const session of this.touched.splice(0)) {
      session.touched = false;
      all.set(session.id, session.timeoutMs);
    }
    return all;
  }
}
