/**
 * Local sessions (facts 3): known to the server that opened them alone, made and ended without a transaction.
 * One that wants an ephemeral becomes a session of the ensemble first, under the same id.
 */
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import { createTraits } from '../../protocol/create-mode.ts';
import { CreateRequest } from '../../protocol/messages.ts';
import { MultiRequest } from '../../protocol/multi.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { Request } from '../processor/request.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import type { Conversation } from './conversation.ts';

/** How local sessions are kept. */
export interface LocalSessionOptions {
  /** `localSessionsEnabled`: new sessions are local. */
  readonly enabled: boolean;
  /** `localSessionsUpgradingEnabled`. */
  readonly upgrading: boolean;
}

/** What is to be done with a write of a local session. */
export type Admission = 'pass' | 'upgrade' | 'refuse';

/** The local sessions of a server. */
export class LocalSessions {
  readonly tracker: SessionTracker;
  /** New sessions are local. */
  readonly enabled: boolean;
  private readonly upgrading: boolean;

  constructor(tracker: SessionTracker, options: LocalSessionOptions) {
    this.tracker = tracker;
    this.enabled = options.enabled;
    this.upgrading = options.upgrading;
  }

  /** Takes over what an earlier role of this process left behind: each gets a full timeout. */
  restore(from: Map<bigint, number>, now: number): void {
    for (const [id, timeoutMs] of from) this.tracker.restore(id, timeoutMs, now);
    from.clear();
  }

  /** Leaves the sessions to the next role: an election must not end them. */
  leave(to: Map<bigint, number>): void {
    for (const { id, timeoutMs, closing } of this.tracker.all()) if (!closing) to.set(id, timeoutMs);
  }

  /** True for the conversation of a local session. */
  has(talk: Conversation): boolean {
    return talk.keeper === this.tracker;
  }

  /** `upgrade`: the session must become one of the ensemble first. `refuse`: it must, and may not (-120). */
  admission(request: Request): Admission {
    if (!wantsEphemeral(request)) return 'pass';
    return this.upgrading ? 'upgrade' : 'refuse';
  }
}

const isEphemeral = (flags: number): boolean => createTraits(flags)?.ephemeral === true;

/** True for a request that makes an ephemeral. One that cannot be read makes nothing. */
function wantsEphemeral({ op, bytes, start, end }: Request): boolean {
  try {
    const r = new JuteReader(bytes, start, end);
    if (op === OP.create || op === OP.create2) return isEphemeral(CreateRequest.read(r).flags);
    if (op !== OP.multi) return false;
    return MultiRequest.read(r).some((it) => 'req' in it && 'flags' in it.req && isEphemeral(it.req.flags));
  } catch (thrown) {
    if (thrown instanceof JuteError) return false;
    throw thrown;
  }
}
