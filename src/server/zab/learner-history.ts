/**
 * The history as a learner takes it over: what comes is checked, logged, and applied once it is due. A
 * snapshot from the leader has to be on disk before anything is logged behind it, or the log would have a
 * hole (2099); what comes meanwhile is held.
 *
 * A snapshot that is not whole yet (`lacking`) is not saved, for a server that died then could not start: the
 * transactions that complete it are taken into memory, the files stay as they were, and at NEWLEADER the
 * whole is saved.
 */
import { hex0x } from '../../base/brands.ts';
import { Fifo } from '../../base/ring.ts';
import { LearnerAcks } from './learner-acks.ts';
import { LearnerBacklog } from './learner-backlog.ts';
import type { LearnerEffects } from './learner-effects.ts';
import { type LearnerEntry, proposedConfig, readLearnerEntry } from './learner-entry.ts';
import { BACKLOG_BYTES_MAX, type LearnerOptions } from './learner-options.ts';

/** See the head of the file. Where a text is answered, the leader is to be left, and that is why. */
export class LearnerHistory {
  private readonly options: LearnerOptions;
  private readonly effects: LearnerEffects;
  private backlog: LearnerBacklog;
  private readonly acks = new LearnerAcks();
  /** The database of a SNAP is not on disk. */
  private saving = false;
  /** Nor is it whole: what is committed up to NEWLEADER completes it. */
  private fuzzy = false;
  /**
   * Up to here the snapshot of SNAP has it. Apache's leader names the snapshot last: what was under way when
   * it began to queue for this learner, and was applied since, comes behind the snapshot once more, until
   * NEWLEADER.
   */
  private snapshotHas = -1n;
  private readonly held = new Fifo<LearnerEntry>();

  constructor(options: LearnerOptions, effects: LearnerEffects) {
    this.options = options;
    this.effects = effects;
    this.backlog = new LearnerBacklog(options.lastLogged);
  }

  /** The last transaction received, on disk, and known to be committed. */
  get lastReceived(): bigint {
    return this.backlog.lastReceived;
  }
  get loggedUpTo(): bigint {
    return this.backlog.loggedUpTo;
  }
  get committedUpTo(): bigint {
    return this.backlog.committedUpTo;
  }

  /**
   * TRUNC. The leader counts on a history up to that very zxid; where it was never in it, the next try tells
   * so.
   */
  truncate(zxid: bigint): string | undefined {
    const { lastLogged } = this.options;
    if (zxid >= lastLogged) return `TRUNC to ${hex0x(zxid)}, which is not before ${hex0x(lastLogged)}`;
    const last = this.effects.truncate(zxid);
    this.backlog = new LearnerBacklog(last);
    if (last > zxid) return `it cannot be cut at ${hex0x(zxid)}; a snapshot is asked for next`;
    return last === zxid ? undefined : `there is no ${hex0x(zxid)} here: TRUNC has left ${hex0x(last)}`;
  }

  /** The snapshot behind SNAP has become the database, in memory. */
  snapshotTaken(zxid: bigint): void {
    this.backlog = new LearnerBacklog(zxid);
    this.saving = true;
    this.snapshotHas = zxid;
    this.fuzzy = this.effects.lacking() !== undefined;
    if (!this.fuzzy) this.effects.saveSnapshot();
  }

  /** It is on disk. */
  snapshotSaved(): void {
    if (!this.saving) return;
    this.saving = false;
    for (let entry = this.held.shift(); entry !== undefined; entry = this.held.shift()) {
      this.effects.append(entry);
    }
  }

  /** The log is on disk up to there. */
  logged(upTo: bigint): void {
    if (upTo > this.backlog.loggedUpTo) this.backlog.loggedUpTo = upTo;
  }

  /** True when everything up to that zxid is on disk. */
  isOnDisk(zxid: bigint): boolean {
    return !this.saving && this.backlog.loggedUpTo >= zxid;
  }

  /** PROPOSAL. */
  propose(zxid: bigint, data: Buffer | null): string | undefined {
    if (zxid <= this.snapshotHas) return undefined;
    const entry = this.take(zxid, data, true);
    if (typeof entry === 'string') return entry;
    if (this.options.kind === 'follower') this.acks.proposed(zxid);
    this.store(entry);
    return undefined;
  }

  /** COMMIT, COMMITANDACTIVATE: that of the oldest proposal. */
  commit(zxid: bigint, designated: bigint | undefined): string | undefined {
    if (this.backlog.commit(zxid, designated)) return undefined;
    const { oldestProposed: oldest } = this.backlog;
    return `COMMIT of ${hex0x(zxid)}; the oldest proposal is ${oldest === undefined ? 'none' : hex0x(oldest)}`;
  }

  /** INFORM, INFORMANDACTIVATE: proposal and commit in one, for observers. */
  inform(zxid: bigint, data: Buffer | null, designated: bigint | undefined): string | undefined {
    if (zxid <= this.snapshotHas) return undefined;
    const entry = this.take(zxid, data, this.options.logInforms);
    if (typeof entry === 'string') return entry;
    this.store(entry);
    return this.commit(zxid, designated);
  }

  /** NEWLEADER: what was committed before it needs no ACK of its own, and completes the snapshot. */
  newLeader(): string | undefined {
    const { committedUpTo } = this.backlog;
    this.acks.newLeader(committedUpTo);
    this.snapshotHas = -1n;
    if (!this.fuzzy) return undefined;
    const lacking = this.effects.lacking();
    if (lacking !== undefined) return `its snapshot is not whole: ${lacking}`;
    this.fuzzy = false;
    this.backlog.loggedUpTo = committedUpTo;
    this.effects.saveSnapshot();
    return undefined;
  }

  /** The proposals on disk that are to be acknowledged now, each once, in order. */
  takeAcks(): bigint[] {
    return this.acks.take(this.backlog.loggedUpTo);
  }

  /** Applies the next transaction that is due, and answers it; undefined when none is. */
  applyNext(): LearnerEntry | undefined {
    if (this.fuzzy) return this.absorbNext();
    const entry = this.saving ? undefined : this.backlog.takeDue();
    if (entry !== undefined) this.effects.apply(entry);
    return entry;
  }

  private absorbNext(): LearnerEntry | undefined {
    const entry = this.backlog.takeCommitted();
    if (entry === undefined) return undefined;
    // The snapshot will have it: it need not be logged behind that.
    if (this.held.peek() === entry) this.held.shift();
    this.effects.absorb(entry);
    return entry;
  }

  /** True when everything committed up to `zxid` has been applied. */
  appliedUpTo(zxid: bigint): boolean {
    return this.backlog.appliedUpTo(zxid);
  }

  /** Checks a transaction and puts it into the backlog. */
  private take(zxid: bigint, data: Buffer | null, logs: boolean): LearnerEntry | string {
    const { backlog } = this;
    if (!backlog.follows(zxid)) return `${hex0x(zxid)} does not follow ${hex0x(backlog.lastReceived)}`;
    const entry = readLearnerEntry(zxid, data, logs);
    if (typeof entry === 'string') return `${hex0x(zxid)}: ${entry}`;
    const limit = this.options.backlogBytesMax ?? BACKLOG_BYTES_MAX;
    if (backlog.bytes + entry.bytes.length > limit) {
      return `${backlog.bytes} bytes of transactions wait for this server's disk; the limit is ${limit}`;
    }
    backlog.propose(entry);
    return entry;
  }

  private store(entry: LearnerEntry): void {
    const text = proposedConfig(entry);
    if (text !== undefined) this.effects.configSeen(text);
    if (!entry.logs) return;
    if (this.saving) this.held.push(entry);
    else this.effects.append(entry);
  }
}
