/** Asks one server for its vote now and then, more often while it looks for a leader, and tells it. */
import { isWildcard } from '../../base/host-port.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ServerState } from '../../protocol/election.ts';
import type { Member } from '../../server/quorum/membership.ts';
import type { ElectionProbe, VoteAnswer } from './election-probe.ts';
import type { Outlet } from './event-outlet.ts';
import type { SourceVoice } from './source-voice.ts';

/**
 * Between two questions to a server that is settled, ms: Apache's servers write a line in their log for each.
 */
const SETTLED_MS = 10_000;
/** To one that looks for a leader; and, once it has looked for one for long. */
const LOOKING_MS = 500;
const LOOKING_LONG_MS = 5_000;
const LOOKING_LONG = 60;
/**
 * And to one whose election port does not answer: less and less often. It may be busy with an election, which
 * is what one wants to see.
 */
const SILENT_MS = 1_000;
const SILENT_MS_MAX = 30_000;
/** Questions in vain after which that is told. */
const FAULTS_TOLD = 3;
const LONG_MIN = -(1n << 63n);

/** What a vote told. */
export interface ToldVote {
  readonly state: ServerState;
  /** -1 for nobody. */
  readonly leader: number;
  /** -1 where it is not told. */
  readonly epoch: number;
}

/** See the head of the file. */
export class VoteWatch {
  /** What it told last; undefined before, and while it does not answer. */
  told: ToldVote | undefined;
  private readonly probe: ElectionProbe;
  private readonly outlet: Outlet;
  private readonly voice: SourceVoice;
  private readonly clock: Clock;
  private readonly heard: (config: string | undefined) => void;
  private asking = false;
  private closed = false;
  private dueMs = Number.NEGATIVE_INFINITY;
  private faults = 0;
  /** Questions in a row while it looked for a leader. */
  private lookings = 0;

  /** `heard` is called after each vote, with the text of the configuration that came with it. */
  constructor(
    probe: ElectionProbe,
    outlet: Outlet,
    voice: SourceVoice,
    clock: Clock,
    heard: (config: string | undefined) => void,
  ) {
    this.heard = heard;
    this.probe = probe;
    this.outlet = outlet;
    this.voice = voice;
    this.clock = clock;
  }

  /** What it does has changed: what it told is of before, and it is asked at the next look. */
  hurry(): void {
    this.told = undefined;
    if (this.faults === 0) this.dueMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Asks if it is time to; the answer comes later. `host`: where it was reached, if its own is a wildcard.
   */
  look(member: Member, host: string, looking: boolean): void {
    const now = this.clock.monotonicMs();
    const at = member.addresses[0];
    if (this.asking || this.closed || at === undefined || now < this.dueMs) return;
    this.asking = true;
    this.lookings = looking ? this.lookings + 1 : 0;
    const often = this.lookings > LOOKING_LONG ? LOOKING_LONG_MS : LOOKING_MS;
    this.dueMs = now + (looking ? often : SETTLED_MS);
    void this.probe.ask(isWildcard(at.host) ? host : at.host, at.electionPort).then((answer) => {
      this.asking = false;
      if (!this.closed) this.take(answer);
    });
  }

  /** Asks no more. */
  close(): void {
    this.closed = true;
    this.probe.close();
  }

  private take(answer: VoteAnswer): void {
    if ('fault' in answer) {
      this.told = undefined;
      if (++this.faults < FAULTS_TOLD) return;
      const silentMs = Math.min(SILENT_MS_MAX, SILENT_MS * 2 ** (this.faults - FAULTS_TOLD));
      this.dueMs = this.clock.monotonicMs() + silentMs;
      this.voice.limited(`its votes cannot be known: at its election port, ${answer.fault}`);
      return;
    }
    this.faults = 0;
    const { state, leader, zxid, peerEpoch, electionEpoch } = answer.vote;
    const nobody = leader === LONG_MIN;
    const told = { state, leader: smallOf(leader), epoch: smallOf(peerEpoch) };
    this.told = told;
    this.outlet.emit(this.voice.node, 'election.vote-told', {
      ...{ state, leader: BigInt(told.leader), zxid: nobody ? -1n : zxid },
      ...{ peerEpoch: told.epoch, round: smallOf(electionEpoch) },
    });
    this.heard(answer.vote.config);
  }
}

/** -1 for what is no small number: it is foreign. */
const smallOf = (value: bigint): number =>
  value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : -1;
