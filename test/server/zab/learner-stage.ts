import { SILENT } from '../../../src/events/bus.ts';
import { encode } from '../../../src/jute/schema.ts';
import { DesignatedLeader, PACKET, type PacketName } from '../../../src/protocol/quorum.ts';
import { Learner } from '../../../src/server/zab/learner.ts';
import type { LearnerEffects, ZabEntry } from '../../../src/server/zab/learner-effects.ts';
import type { LearnerOptions } from '../../../src/server/zab/learner-options.ts';
import { entry, show } from './entries.ts';

const NAMES = new Map<number, string>(Object.entries(PACKET).map(([name, type]) => [type, name]));

/** A learner whose effects are written down, one line each. */
export class LearnerStage implements LearnerEffects {
  readonly machine: Learner;
  now = 0;
  lines: string[] = [];
  /** What `activateConfig` and `truncate` answer. */
  keepsRole = true;
  truncatesTo: bigint | undefined;
  /** What the snapshot of SNAP lacks. */
  lacks: string | undefined;
  touches = new Map<bigint, number>();

  constructor(options: Partial<LearnerOptions> = {}) {
    this.machine = new Learner(
      {
        sid: 2n,
        kind: 'follower',
        leader: 3n,
        configVersion: 0n,
        acceptedEpoch: 4n,
        currentEpoch: 4n,
        lastLogged: (4n << 32n) | 9n,
        tickMs: 100,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        logInforms: true,
        ...options,
      },
      this,
      SILENT,
    );
  }

  /** What was done since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }

  packet(name: PacketName, zxid: bigint, data: Buffer | null = null): string[] {
    this.machine.packet(PACKET[name], zxid, data, this.now);
    return this.take();
  }

  propose(zxid: bigint, data = 'x', type?: number): string[] {
    return this.packet('PROPOSAL', zxid, entry(zxid, data, type).bytes);
  }

  commit(zxid: bigint): string[] {
    return this.packet('COMMIT', zxid);
  }

  inform(zxid: bigint): string[] {
    return this.packet('INFORM', zxid, entry(zxid).bytes);
  }

  designates(sid: bigint, bytes: Buffer = Buffer.alloc(0)): Buffer {
    return Buffer.concat([encode(DesignatedLeader, { sid }), bytes]);
  }

  logged(zxid: bigint): string[] {
    this.machine.logged(zxid);
    return this.take();
  }

  saved(): string[] {
    this.machine.snapshotSaved();
    return this.take();
  }

  /** Connected, and the epoch 5 accepted. */
  greet(): this {
    this.machine.start(this.now);
    this.packet('LEADERINFO', 5n << 32n);
    this.take();
    return this;
  }

  /** Serving in epoch 5 with nothing under way. */
  serving(): this {
    this.greet();
    this.packet('DIFF', (4n << 32n) | 9n);
    this.packet('NEWLEADER', 5n << 32n);
    this.packet('UPTODATE', -1n);
    this.take();
    return this;
  }

  // ---- effects ----

  send(type: number, zxid: bigint, data: Buffer | null): void {
    const at = zxid === -1n ? '' : ` ${show(zxid)}`;
    const bytes = data === null ? '' : ` ${data.toString('hex')}`;
    this.lines.push(`${NAMES.get(type)}${at}${bytes}`);
  }
  acceptEpoch(epoch: bigint): void {
    this.lines.push(`accept ${epoch}`);
  }
  enterEpoch(epoch: bigint): void {
    this.lines.push(`enter ${epoch}`);
  }
  truncate(zxid: bigint): bigint {
    this.lines.push(`truncate ${show(zxid)}`);
    return this.truncatesTo ?? zxid;
  }
  receiveSnapshot(zxid: bigint): void {
    this.lines.push(`receive snapshot ${show(zxid)}`);
  }
  lacking(): string | undefined {
    return this.lacks;
  }
  absorb(e: ZabEntry): void {
    this.lines.push(`absorb ${show(e.zxid)}`);
  }
  saveSnapshot(): void {
    this.lines.push('save snapshot');
  }
  append(e: ZabEntry): void {
    this.lines.push(`append ${show(e.zxid)}`);
  }
  apply(e: ZabEntry): void {
    this.lines.push(`apply ${show(e.zxid)}`);
  }
  configSeen(text: string): void {
    this.lines.push(`seen ${text}`);
  }
  activateConfig(designated: bigint | undefined, text: string | undefined): boolean {
    this.lines.push(`activate ${text ?? 'none'}, leader ${designated ?? 'unchanged'}`);
    return this.keepsRole;
  }
  serve(epoch: bigint): void {
    this.lines.push(`serve ${epoch}`);
  }
  revalidated(session: bigint, valid: boolean): void {
    this.lines.push(`revalidated ${session} ${valid}`);
  }
  synced(): void {
    this.lines.push('synced');
  }
  takeTouches(): ReadonlyMap<bigint, number> {
    const { touches } = this;
    this.touches = new Map();
    return touches;
  }
  leave(why: string): void {
    this.lines.push(`leave: ${why}`);
  }
}
