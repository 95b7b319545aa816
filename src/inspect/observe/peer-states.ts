/** Changes of what a server of an ensemble does, told as events when its answers show them. */
import type { FieldsOf } from '../../events/table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Outlet } from './event-outlet.ts';
import type { Roster } from './roster.ts';

const STATES: ReadonlyMap<string, string> = new Map([
  ['leader', 'LEADING'],
  ['follower', 'FOLLOWING'],
  ['observer', 'OBSERVING'],
  ['looking', 'LOOKING'],
  ['read-only', 'LOOKING'],
]);

/** Samples in which the epoch is found. */
const FIRST_SAMPLES = 3;

/** See the head of the file. */
export class PeerStates {
  /** What it does, as `peer.state` has it; empty where it does nothing of the kind. */
  state = '';
  private readonly outlet: Outlet;
  private readonly roster: Roster;
  private readonly clock: Pick<Clock, 'monotonicMs'>;
  private leader = -1;
  private samples = 0;
  /** A state is still to be told. */
  private late = false;
  private epoch = -1;

  constructor(outlet: Outlet, roster: Roster, clock: Pick<Clock, 'monotonicMs'>) {
    this.clock = clock;
    this.outlet = outlet;
    this.roster = roster;
  }

  /** It was away: what it does is told anew. */
  forget(): void {
    this.state = '';
    this.leader = -1;
    this.late = false;
  }

  /** What a server does that is in that mode; empty for one that stands alone, or does not tell. */
  static of(mode: string): string {
    return STATES.get(mode) ?? '';
  }

  /** `told`: who leads, as the server itself says; undefined where it does not. */
  take(
    node: string,
    id: number | undefined,
    sample: Pick<FieldsOf<'server.sampled'>, 'mode' | 'epoch'>,
    told?: number,
  ): void {
    const { roster, outlet } = this;
    const state = PeerStates.of(sample.mode);
    if (state === 'LEADING' && id !== undefined) roster.leader = id;
    else if (id !== undefined && roster.leader === id) roster.leader = undefined;
    const leader =
      state === 'LEADING' ? (id ?? -1) : state === 'LOOKING' ? -1 : (told ?? roster.leader ?? -1);
    if (state === 'LOOKING' && state !== this.state) roster.unsettle(this.clock.monotonicMs());
    const changed = state !== this.state || (leader !== this.leader && leader !== -1);
    const began = state !== this.state;
    this.state = state;
    if (state === '') return;
    // Whom it follows is told a moment later than that it follows.
    const late = began && leader === -1 && state !== 'LOOKING';
    if (late || this.late || changed) {
      this.late = late;
      this.leader = leader;
      if (!late) outlet.emit(node, 'peer.state', { state, leader: BigInt(leader) });
    }
    if (!late) this.enter(node, sample.epoch, leader);
  }

  /** The epoch that is found at first is no news: its words and its vote tell it one after the other. */
  private enter(node: string, epoch: number, leader: number): void {
    if (epoch < 0) return;
    const known = this.epoch;
    this.epoch = Math.max(known, epoch);
    if (this.samples++ < FIRST_SAMPLES || epoch <= known) return;
    if (this.state === 'LEADING') this.outlet.emit(node, 'zab.epoch-entered', { epoch });
    else this.outlet.emit(node, 'zab.epoch-accepted', { leader: BigInt(leader), epoch });
  }
}
