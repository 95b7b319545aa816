import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { SimDisk, SimPowerCut } from '../../src/sim/disk.ts';
import { ModelStore, recoverNodes, wrongNodes } from './model-store.ts';

/** Power is cut at this call; Infinity for never. */
interface Crash {
  at: number;
}

const diskWithCrash = (crash: Crash): SimDisk => {
  const disk: SimDisk = new SimDisk({
    fault: (_call, _path, n) => {
      if (n === crash.at) disk.powerCut();
      return undefined;
    },
  });
  return disk;
};

/** What a server does in its life, in small: two lives, batches, rolls, snapshots, purge, a clean end. */
function script(disk: SimDisk, tell: (acked: bigint, last: bigint) => void): void {
  for (let life = 0; life < 3; life++) {
    const store = new ModelStore(disk);
    const report = (): void => {
      if (!disk.dead) tell(store.acked, store.last);
    };
    for (let round = 0; round < 9; round++) {
      store.append(1 + (round % 4) * 3);
      store.log.flush();
      tell(store.acked, store.last);
      store.append(2);
      store.log.flush();
      tell(store.acked, store.last);
      disk.runOne();
      report();
      if (round % 2 === 1) store.snapshot();
      if (round === 8) store.purge();
      store.timers.runOne();
      store.log.flush();
      report();
    }
    store.settle();
    report();
    if (life === 0) store.log.close(() => {});
    store.settle();
    report();
  }
}

interface Run {
  acked: bigint;
  last: bigint;
}

/** Runs the script until the crash; answers what had been acknowledged and what had been tried. */
function runUntil(disk: SimDisk): Run {
  const run: Run = { acked: 0n, last: 0n };
  try {
    script(disk, (acked, last) => {
      if (!disk.dead && acked > run.acked) run.acked = acked;
      if (last > run.last) run.last = last;
    });
  } catch (error) {
    if (!(error instanceof SimPowerCut) && !disk.dead) throw error;
  }
  return run;
}

describe('a crash at every call', () => {
  const seeds = Number(process.env.ZKT_CRASH_SEEDS ?? 3);
  const total = (() => {
    const disk = diskWithCrash({ at: Infinity });
    const run = runUntil(disk);
    expect(run.acked).toBe(run.last);
    return disk.calls;
  })();

  it('counts a few hundred calls', () => {
    expect(total).toBeGreaterThan(150);
  });

  it.each(Array.from({ length: seeds }, (_, i) => i + 1))(
    'keeps what was acknowledged, invents nothing (seed %i)',
    (seed) => {
      for (let at = 1; at <= total; at++) {
        const crash: Crash = { at };
        const disk = diskWithCrash(crash);
        const run = runUntil(disk);
        const where = `crash at call ${at} of ${total}, seed ${seed}`;
        expect(disk.dead, where).toBe(true);
        const prng = new Prng(seed * 100_003 + at);
        disk.restart(prng);
        // A second crash, while it recovers.
        crash.at = disk.calls + 1 + prng.below(12);
        let recovered: ReturnType<typeof recoverNodes> | undefined;
        try {
          const store = new ModelStore(disk);
          recovered = { nodes: store.nodes, result: { lastZxid: store.last } as never };
        } catch (error) {
          if (!disk.dead) throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
        }
        if (disk.dead) disk.restart(prng);
        crash.at = Infinity;
        let store: ModelStore;
        try {
          store = new ModelStore(disk);
        } catch (error) {
          throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
        }
        if (recovered !== undefined) expect(store.last, where).toBe(recovered.result.lastZxid);
        expect(store.last >= run.acked, `${where}: acknowledged ${run.acked}, recovered ${store.last}`).toBe(
          true,
        );
        expect(store.last <= run.last, `${where}: ${store.last} of ${run.last} tried`).toBe(true);
        expect(wrongNodes(store.nodes, store.last), where).toBeUndefined();
        // And life goes on.
        store.append(3);
        store.log.flush();
        store.settle();
        expect(store.acked, where).toBe(store.last);
        const after = recoverNodes(disk, store.dirs, { readOnly: true });
        expect(after.result.lastZxid, where).toBe(store.last);
        expect(wrongNodes(after.nodes, store.last), where).toBeUndefined();
      }
    },
  );
});
