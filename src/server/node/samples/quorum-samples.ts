/**
 * `zab.learner-sampled`: how far each learner is, as its leader sees it. `zab.packets-sampled`: what went
 * between this server and others since the sample before, by type; types of which nothing went are left out.
 */
import type { PacketCounts } from '../../net/packet-traffic.ts';
import { LeaderRole } from '../leader-role.ts';
import { LearnerRole } from '../learner-role.ts';
import type { Role } from '../role.ts';
import type { SampleEvents, SampleMoment, SampleTaker } from './watched-process.ts';

type Counts = Pick<PacketCounts, 'peer' | 'sent' | 'received' | 'bytes'>;

const COUNTER_BITS = 32n;
const UNKNOWN = -1;

/** See the head of the file. */
export class QuorumSamples implements SampleTaker {
  private readonly events: SampleEvents;
  /** What each open connection had counted at the sample before; undefined before the first. */
  private before: Map<Counts, Counts> | undefined;

  constructor(events: SampleEvents) {
    this.events = events;
  }

  take({ running, ms }: SampleMoment): void {
    const role = running.peer?.present;
    if (this.events.on['zab.learner-sampled'] && role instanceof LeaderRole) this.learners(role);
    if (this.events.on['zab.packets-sampled']) this.packets(role, ms);
    else this.rest();
  }

  rest(): void {
    this.before = undefined;
  }

  private learners({ machine }: LeaderRole): void {
    for (const { sid, kind, phase, acked, pendingBytes } of machine.learners()) {
      const lag = lagOf(acked, machine.lastProposed);
      this.events.emit('zab.learner-sampled', { sid, kind, phase, acked, lag, queuedBytes: pendingBytes });
    }
  }

  private packets(role: Role | undefined, ms: number): void {
    const { before } = this;
    const now = new Map<Counts, Counts>();
    for (const counts of trafficOf(role)) {
      // A connection that was opened since the sample before has sent since then all that it counts.
      const had = before?.get(counts);
      if (before === undefined || counts.peer >= 0n) now.set(counts, copyOf(counts));
      else if (had !== undefined) now.set(counts, had);
      if (before !== undefined && counts.peer >= 0n) this.moved(counts, had, ms);
    }
    this.before = now;
  }

  private moved(now: Counts, before: Counts | undefined, ms: number): void {
    const { peer } = now;
    for (let type = 0; type < now.sent.length; type++) {
      const sent = ((now.sent[type] ?? 0) - (before?.sent[type] ?? 0)) >>> 0;
      const received = ((now.received[type] ?? 0) - (before?.received[type] ?? 0)) >>> 0;
      const bytes = (now.bytes[type] ?? 0) - (before?.bytes[type] ?? 0);
      if (sent + received + bytes === 0) continue;
      this.events.emit('zab.packets-sampled', { peer, type, sent, received, bytes, ms: Math.round(ms) });
    }
  }
}

/** The connections of the quorum port at the moment. */
function trafficOf(role: Role | undefined): readonly Counts[] {
  if (role instanceof LeaderRole) return role.learnerTraffic();
  const counts = role instanceof LearnerRole ? role.traffic() : undefined;
  return counts === undefined ? [] : [counts];
}

const copyOf = ({ peer, sent, received, bytes }: Counts): Counts => ({
  peer,
  sent: sent.slice(),
  received: received.slice(),
  bytes: bytes.slice(),
});

/**
 * Proposals between two zxids; where the epochs differ, at least so many. Unknown before it has confirmed
 * any.
 */
function lagOf(acked: bigint, last: bigint): number {
  if (acked < 0n) return UNKNOWN;
  if (acked >= last) return 0;
  const sameEpoch = acked >> COUNTER_BITS === last >> COUNTER_BITS;
  return Number(sameEpoch ? last - acked : BigInt.asUintN(Number(COUNTER_BITS), last));
}
