/**
 * The two promises of ZAB, kept in files beside the snapshots: `acceptedEpoch`, the newest epoch whose leader
 * this server has agreed to hear, and `currentEpoch`, the newest whose history it has on disk (facts 7).
 */
import { epochOf } from '../../base/brands.ts';
import { reasonOf, ZktError } from '../../base/errors.ts';
import { invariant } from '../../base/invariant.ts';
import type { Disk, DiskError } from '../../ports/disk.ts';
import { readEpoch, writeEpoch } from '../../storage/small-files.ts';

/**
 * The epochs of one data directory. Every change is on disk when it returns; a `DiskError` thrown means it is
 * not.
 */
export class Epochs {
  private readonly disk: Disk;
  private readonly dir: string;
  private acceptedEpoch = 0n;
  private currentEpoch = 0n;

  /**
   * Reads the files in `snapDir`; what is missing or too low is taken from the data, see `reconcile`. Throws
   * a `ZktError`.
   */
  constructor(disk: Disk, snapDir: string, lastLogged: bigint) {
    this.disk = disk;
    this.dir = snapDir;
    try {
      this.reconcile(lastLogged);
    } catch (thrown) {
      if (thrown instanceof ZktError || (thrown as DiskError).code === undefined) throw thrown;
      throw new ZktError('ZKT_DATA_DIR', { dir: snapDir, why: reasonOf(thrown) }, { cause: thrown });
    }
  }

  get accepted(): bigint {
    return this.acceptedEpoch;
  }

  get current(): bigint {
    return this.currentEpoch;
  }

  /** Promises to hear no leader of an older epoch. */
  accept(epoch: bigint): void {
    invariant(epoch >= this.acceptedEpoch, 'acceptedEpoch only grows');
    if (epoch === this.acceptedEpoch) return;
    writeEpoch(this.disk, this.dir, 'acceptedEpoch', epoch);
    this.acceptedEpoch = epoch;
  }

  /** The history of that epoch's leader is on disk. */
  enter(epoch: bigint): void {
    invariant(epoch >= this.currentEpoch, 'currentEpoch only grows');
    invariant(epoch <= this.acceptedEpoch, 'an epoch is accepted before it is entered');
    if (epoch === this.currentEpoch) return;
    writeEpoch(this.disk, this.dir, 'currentEpoch', epoch);
    this.currentEpoch = epoch;
  }

  /**
   * A history that reaches into an epoch holds all that came before it, since it is a prefix of its leader's:
   * a server that died between logging that and writing currentEpoch has entered the epoch all the same
   * (2307, 4269, 2354).
   */
  private reconcile(lastLogged: bigint): void {
    const { disk, dir } = this;
    const last = lastLogged < 0n ? 0n : BigInt(epochOf(lastLogged));
    const current = readEpoch(disk, dir, 'currentEpoch') ?? last;
    const accepted = readEpoch(disk, dir, 'acceptedEpoch') ?? (current > last ? current : last);
    if (accepted < current) {
      const why = `acceptedEpoch is ${accepted}, less than currentEpoch ${current}`;
      throw new ZktError('ZKT_EPOCH', { dir, why });
    }
    this.acceptedEpoch = accepted;
    this.currentEpoch = current;
    if (current < last) {
      this.accept(accepted < last ? last : accepted);
      this.enter(last);
    }
    // Apache's, which it left at the same point of the same crash; it would not start with it and this
    // currentEpoch.
    const left = disk.join(dir, 'currentEpoch.tmp');
    if (disk.exists(left)) disk.remove(left);
  }
}
