import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { SILENT } from '../../src/events/bus.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import type { DiskError } from '../../src/ports/disk.ts';
import { SimDisk, type SimDiskFault, SimPowerCut } from '../../src/sim/disk.ts';
import {
  type DataDirs,
  dataDirs,
  listLogs,
  listSnapshots,
  prepareDataDirs,
} from '../../src/storage/data-dir.ts';
import {
  announceReplacement,
  completeReplacement,
  resumeReplacement,
} from '../../src/storage/replacement.ts';
import { SnapshotWriter } from '../../src/storage/snapshot-writer.ts';
import { TxnLog } from '../../src/storage/txn-log.ts';
import { clock, entryOf, HandTimers, type Nodes, NodesSource, recoverNodes } from './model-store.ts';

/** The history that is there: transactions 1 to 12, the last ones of which the leader has not. */
const OWN = 12n;
const MARKER = '/data/version-2/zkt.replacement';

/** What the leader has: nodes that no transaction here made. */
const theirs = (zxid: bigint): Nodes =>
  new Map([
    ['/theirs', Buffer.from(`of ${zxid}`)],
    ['/n1', Buffer.from('theirs too')],
  ]);

const isTheirs = (nodes: Nodes, zxid: bigint): boolean =>
  nodes.get('/theirs')?.toString() === `of ${zxid}` && nodes.get('/n1')?.toString() === 'theirs too';
const isOwn = (nodes: Nodes): boolean => BigInt(nodes.size) === OWN && !nodes.has('/theirs');

interface Layout {
  readonly name: string;
  /** Where logs go. */
  readonly logDir: string;
  /** Of the snapshot that comes: newer than all there is, or amid it. */
  readonly zxid: bigint;
  readonly compression: 'none' | 'gz';
}

const LAYOUTS: Layout[] = [
  { name: 'a newer snapshot', logDir: '/data', zxid: 40n, compression: 'none' },
  { name: 'a newer snapshot, logs elsewhere', logDir: '/logs', zxid: 40n, compression: 'none' },
  { name: 'an older snapshot', logDir: '/data', zxid: 7n, compression: 'none' },
  { name: 'an older snapshot, logs elsewhere', logDir: '/logs', zxid: 7n, compression: 'gz' },
];

function dirsOf({ logDir }: Layout, disk: SimDisk): DataDirs {
  return dataDirs(disk, '/data', logDir);
}

/** Runs everything under way to its end. */
function settle(disk: SimDisk, timers: HandTimers): void {
  while (disk.runOne() || timers.runOne());
}

/** Writes a snapshot as a server does; answers whether it came to its end. */
function writeSnapshot(disk: SimDisk, dirs: DataDirs, layout: Layout, zxid: bigint, nodes: Nodes): boolean {
  const timers = new HandTimers();
  const writer = new SnapshotWriter(
    { disk, clock, timers, events: SILENT, compression: systemCompression },
    { dir: dirs.snapDir, compression: layout.compression, lastProcessedZxid: false, sliceMs: 5 },
  );
  let written = false;
  writer.start(new NodesSource(zxid, nodes), (outcome) => {
    written = outcome.kind === 'written';
  });
  settle(disk, timers);
  return written;
}

/** Three logs and two snapshots, all on disk. */
function fill(disk: SimDisk, layout: Layout): void {
  const dirs = dirsOf(layout, disk);
  prepareDataDirs(disk, dirs);
  writeSnapshot(disk, dirs, layout, 0n, new Map());
  const log = new TxnLog(
    { disk, clock, events: SILENT },
    { synced() {}, failed: (error) => expect.fail(error.message), full() {}, spaceBack() {} },
    { dir: dirs.logDir, preAllocBytes: 4096, forceSync: true, sizeLimitBytes: 0, slowSyncMs: 1e9 },
  );
  for (let zxid = 1n; zxid <= OWN; zxid++) {
    log.append(entryOf(zxid));
    log.flush();
    disk.runPending();
    if (zxid % 4n !== 0n || zxid === OWN) continue;
    log.roll();
    const { nodes } = recoverNodes(disk, dirs);
    if (zxid === 4n) writeSnapshot(disk, dirs, layout, zxid, nodes);
  }
  log.close(() => {});
  disk.runPending();
  for (const dir of new Set([dirs.snapDir, dirs.logDir])) disk.syncDir(dir);
}

/** What a learner does with a leader's snapshot. True when all of it is done. */
function replace(disk: SimDisk, layout: Layout): boolean {
  const dirs = dirsOf(layout, disk);
  announceReplacement(disk, dirs, layout.zxid);
  if (!writeSnapshot(disk, dirs, layout, layout.zxid, theirs(layout.zxid))) return false;
  completeReplacement(disk, dirs, layout.zxid);
  return true;
}

/** What a server does at its start. */
function start(disk: SimDisk, layout: Layout): { nodes: Nodes; lastZxid: bigint } {
  const dirs = dirsOf(layout, disk);
  resumeReplacement(disk, dirs, systemCompression);
  const { nodes, result } = recoverNodes(disk, dirs);
  return { nodes, lastZxid: result.lastZxid };
}

/**
 * A start finds the old history whole, or the leader's and nothing else; and the next start finds the same.
 * `done`: only the latter will do.
 */
function check(disk: SimDisk, layout: Layout, done: boolean): void {
  const found = start(disk, layout);
  const replaced = isTheirs(found.nodes, layout.zxid);
  if (!replaced && (done || !isOwn(found.nodes))) {
    expect.fail(`found ${[...found.nodes.keys()]} at ${found.lastZxid}: ${disk.files()}`);
  }
  expect(found.lastZxid).toBe(replaced ? layout.zxid : OWN);
  expect(disk.exists(MARKER)).toBe(false);
  if (replaced) {
    const dirs = dirsOf(layout, disk);
    expect([listLogs(disk, dirs.logDir).length, listSnapshots(disk, dirs.snapDir).length]).toEqual([0, 1]);
  }
  const again = start(disk, layout);
  expect([isTheirs(again.nodes, layout.zxid), again.lastZxid]).toEqual([replaced, found.lastZxid]);
}

/** A disk with the old history that does `what` at the n-th call from now on. */
function disturbed(layout: Layout, n: number, what: 'power' | SimDiskFault): SimDisk {
  let armed = false;
  let from = 0;
  const disk: SimDisk = new SimDisk({
    fault: (_call, _path, call) => {
      if (!armed || call - from !== n) return undefined;
      if (what !== 'power') return what;
      disk.powerCut();
      return undefined;
    },
  });
  fill(disk, layout);
  from = disk.calls;
  armed = true;
  return disk;
}

/** Calls of the disk that a replacement takes, and the start behind it. */
function callsOf(layout: Layout): { replacing: number; starting: number } {
  const disk = disturbed(layout, -1, 'power');
  const from = disk.calls;
  expect(replace(disk, layout)).toBe(true);
  const replacing = disk.calls - from;
  start(disk, layout);
  return { replacing, starting: disk.calls - from - replacing };
}

/** Runs it; true when it came to its end. */
function attempt(disk: SimDisk, run: () => boolean): boolean {
  try {
    return run() && !disk.dead;
  } catch (thrown) {
    if (!(thrown instanceof SimPowerCut) && (thrown as DiskError).code === undefined) throw thrown;
    return false;
  }
}

describe.each(LAYOUTS)('$name replaces the history', (layout) => {
  it('leaves nothing else', () => {
    const disk = disturbed(layout, -1, 'power');
    expect(replace(disk, layout)).toBe(true);
    check(disk, layout, true);
  });

  it('whole or not at all, wherever power is cut', () => {
    const { replacing } = callsOf(layout);
    for (let n = 1; n <= replacing; n++) {
      for (let seed = 0; seed < 12; seed++) {
        const disk = disturbed(layout, n, 'power');
        attempt(disk, () => replace(disk, layout));
        disk.restart(new Prng(n * 100 + seed));
        check(disk, layout, false);
      }
    }
  });

  it('also where only the process dies, and power is cut while the next start goes on', () => {
    const { replacing, starting } = callsOf(layout);
    for (let n = 1; n <= replacing; n++) {
      // Nobody says that what the dead process did is on disk: the start works on the page cache.
      for (let m = 1; m <= starting + replacing; m++) {
        let cutAt = Number.POSITIVE_INFINITY;
        const disk: SimDisk = new SimDisk({
          fault: (_call, _path, call) => {
            if (call === cutAt) disk.powerCut();
            return undefined;
          },
        });
        fill(disk, layout);
        cutAt = disk.calls + n;
        attempt(disk, () => replace(disk, layout));
        disk.revive();
        cutAt = disk.calls + m;
        attempt(disk, () => {
          start(disk, layout);
          return true;
        });
        cutAt = Number.POSITIVE_INFINITY;
        disk.restart(new Prng(n * 1000 + m));
        check(disk, layout, false);
      }
    }
  });

  it.each(['EIO', 'ENOSPC'])('whole or not at all where a call fails with %s', (code) => {
    const { replacing } = callsOf(layout);
    for (let n = 1; n <= replacing; n++) {
      const disk = disturbed(layout, n, { code });
      const done = attempt(disk, () => replace(disk, layout));
      // The next start may be at once, with nothing lost, or after a power cut.
      check(disk.copy('live'), layout, done);
      disk.restart(new Prng(n));
      check(disk, layout, false);
    }
  });
});

describe('a start', () => {
  const layout = LAYOUTS[0] as Layout;

  it('keeps what there is where the snapshot that was announced is damaged, or never came', () => {
    for (const damage of [undefined, 'cut', 'flipped']) {
      const disk = disturbed(layout, -1, 'power');
      const dirs = dirsOf(layout, disk);
      announceReplacement(disk, dirs, 40n);
      if (damage !== undefined) {
        writeSnapshot(disk, dirs, layout, 40n, theirs(40n));
        const file = disk.open('/data/version-2/snapshot.28', 'update');
        if (damage === 'cut') file.truncate(file.size() - 7);
        else file.writeAt(Buffer.from([0xff]), 20);
        file.sync();
        file.close();
      }
      resumeReplacement(disk, dirs, systemCompression);
      expect(disk.exists(MARKER)).toBe(false);
      expect([damage, listLogs(disk, dirs.logDir).length]).toEqual([damage, 3]);
    }
  });

  it('takes a marker without sense for none', () => {
    const disk = disturbed(layout, -1, 'power');
    disk.plant(MARKER, Buffer.from('not a zxid'));
    expect(isOwn(start(disk, layout).nodes)).toBe(true);
    expect(disk.exists(MARKER)).toBe(false);
  });

  it('without a marker changes nothing', () => {
    const disk = disturbed(layout, -1, 'power');
    const before = disk.files();
    resumeReplacement(disk, dirsOf(layout, disk), systemCompression);
    expect(disk.files()).toEqual(before);
  });

  it('does not take a snapshot that was there before for the one announced', () => {
    const same: Layout = { ...layout, zxid: 4n };
    const disk = disturbed(same, -1, 'power');
    announceReplacement(disk, dirsOf(same, disk), 4n);
    expect(isOwn(start(disk, same).nodes)).toBe(true);
  });
});
