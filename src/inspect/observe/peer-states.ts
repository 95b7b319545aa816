/** Changes of what a server of an ensemble does, told as events when its answers show them. */
import type { FieldsOf } from '../../events/table.ts';
import type { EventOutlet } from './event-outlet.ts';
import type { Roster } from './roster.ts';

const STATES: ReadonlyMap<string, string> = new Map([
  ['leader', 'LEADING'],
  ['follower', 'FOLLOWING'],
  ['observer', 'OBSERVING'],
  ['looking', 'LOOKING'],
  ['read-only', 'LOOKING'],
]);

/** See the head of the file. */
export class PeerStates {
  /** What it does, as `peer.state` has it; empty where it does nothing of the kind. */
  state = '';
  private readonly outlet: EventOutlet;
  private readonly roster: Roster;
  private leader = -1;
  private epoch = -1;

  constructor(outlet: EventOutlet, roster: Roster) {
    this.outlet = outlet;
    this.roster = roster;
  }

  /** `told`: who leads, as the server itself says; undefined where it does not. */
  take(node: string, id: number | undefined, sample: FieldsOf<'server.sampled'>, told?: number): void {
    const { roster, outlet } = this;
    const state = STATES.get(sample.mode) ?? '';
    if (state === 'LEADING' && id !== undefined) roster.leader = id;
    else if (id !== undefined && roster.leader === id) roster.leader = undefined;
    const leader =
      state === 'LEADING' ? (id ?? -1) : state === 'LOOKING' ? -1 : (told ?? roster.leader ?? -1);
    const changed = state !== this.state || (leader !== this.leader && leader !== -1);
    this.state = state;
    if (state === '') return;
    if (changed) {
      this.leader = leader;
      outlet.emit(node, 'peer.state', { state, leader: BigInt(leader) });
    }
    this.enter(node, sample.epoch, leader);
  }

  /** The first epoch that is seen is no news. */
  private enter(node: string, epoch: number, leader: number): void {
    if (epoch < 0) return;
    const known = this.epoch;
    this.epoch = Math.max(known, epoch);
    if (known < 0 || epoch <= known) return;
    if (this.state === 'LEADING') this.outlet.emit(node, 'zab.epoch-entered', { epoch });
    else this.outlet.emit(node, 'zab.epoch-accepted', { leader: BigInt(leader), epoch });
  }
}
