import { beforeEach, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { EVENT_NAMES, type EventName } from '../../src/events/table.ts';
import { SimDisk, type SimDiskFault } from '../../src/sim/disk.ts';
import { LogScanner } from '../../src/storage/log-format.ts';
import { TxnLog, type TxnLogOptions } from '../../src/storage/txn-log.ts';
import { entryOf } from './model-store.ts';

/** A log on a simulated disk, and everything it said. */
class Rig {
  readonly said: string[] = [];
  fault: ((call: string, path: string) => SimDiskFault | undefined) | undefined;
  now = 0;
  readonly disk = new SimDisk({ fault: (call, path) => this.fault?.(call, path) });
  readonly log: TxnLog;
  next = 1n;

  constructor(options: Partial<TxnLogOptions> = {}) {
    this.disk.makeDir('/d');
    const on = Object.fromEntries(EVENT_NAMES.map((n) => [n, true])) as Record<EventName, boolean>;
    this.log = new TxnLog(
      {
        disk: this.disk,
        clock: { monotonicMs: () => this.now, wallMs: () => 0 },
        events: { on, emit: (name) => void (name === 'log.slow-sync' && this.said.push('slow')) },
      },
      {
        synced: (upTo, count) => this.said.push(`synced ${upTo} (${count})`),
        failed: (error) => this.said.push(`failed ${error.code}: ${error.message.split(';')[0]}`),
        full: (why) => this.said.push(`full ${why.split(':')[0]}`),
        spaceBack: () => this.said.push('space'),
      },
      { dir: '/d', preAllocBytes: 0, forceSync: true, sizeLimitBytes: 0, slowSyncMs: 1000, ...options },
    );
  }

  append(count = 1): void {
    for (let i = 0; i < count; i++) this.log.append(entryOf(this.next++));
    this.log.flush();
  }

  /** zxids in a file, in order, and how it ends. */
  content(name: string): string {
    const scan = new LogScanner(this.disk.open(`/d/${name}`, 'read'));
    const zxids: bigint[] = [];
    while (scan.next()) zxids.push(scan.zxid);
    return `${zxids.join(' ')} ${scan.end?.kind}`;
  }

  names(): string[] {
    return this.disk.list('/d').sort();
  }

  /** What was said since the last time. */
  heard(): string[] {
    return this.said.splice(0);
  }
}

describe('group commit', () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });

  it('says synced only after sync, rename and sync of the directory', () => {
    rig.append();
    expect(rig.names()).toEqual(['tmp.log.1']);
    expect(rig.disk.runOne()).toBe(true);
    expect(rig.names()).toEqual(['log.1']);
    expect(rig.heard()).toEqual([]);
    rig.disk.runOne();
    expect(rig.heard()).toEqual(['synced 1 (1)']);
  });

  it('lets what comes during a sync share the next', () => {
    rig.append();
    rig.append(2);
    rig.append(3);
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['synced 1 (1)', 'synced 6 (5)']);
    expect(rig.content('log.1')).toBe('1 2 3 4 5 6 clean');
    expect(rig.log.waiting).toBe(0);
  });

  it('writes a large batch to the page cache while a sync is under way', () => {
    rig.append();
    rig.disk.runPending();
    rig.append();
    const big = Buffer.concat([entryOf(3n), Buffer.alloc(1_200_000)]);
    rig.log.append(big);
    rig.log.flush();
    expect(rig.content('log.1')).toBe('1 2 3 clean');
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['synced 1 (1)', 'synced 2 (1)', 'synced 3 (1)']);
  });

  it('forgets an entry that was abandoned', () => {
    rig.log.beginEntry().writeLong(7n);
    rig.log.abandonEntry();
    rig.append();
    rig.disk.runPending();
    expect(rig.content('log.1')).toBe('1 clean');
  });

  it('tells a slow sync', () => {
    rig.append();
    rig.now = 1500;
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['slow', 'synced 1 (1)']);
    expect(rig.log.slowSyncCount).toBe(1);
  });
});

describe('files', () => {
  it('rolls when told: the old file is whole and without padding before the new one begins', () => {
    const rig = new Rig({ preAllocBytes: 65536 });
    rig.append(2);
    rig.disk.runPending();
    expect(rig.disk.inode('/d/log.1').size).toBe(16 + 65536);
    rig.append();
    rig.log.roll();
    rig.append();
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['synced 2 (2)', 'synced 3 (1)', 'synced 4 (1)']);
    expect(rig.content('log.1')).toBe('1 2 3 clean');
    expect(rig.content('log.4')).toBe('4 padding');
  });

  it('rolls after a sync that leaves the file over its limit', () => {
    const rig = new Rig({ sizeLimitBytes: 400 });
    for (let i = 0; i < 12; i++) {
      rig.append();
      rig.disk.runPending();
    }
    expect(rig.names().length).toBeGreaterThan(2);
    expect(rig.heard()).toHaveLength(12);
  });

  it('grows by whole blocks, as Apache does', () => {
    const rig = new Rig({ preAllocBytes: 8192 });
    for (let i = 0; i < 80; i++) rig.append();
    rig.disk.runPending();
    const { size } = rig.disk.inode('/d/log.1');
    expect((size - 16) % 8192 === 0 || size % 8192 === 0).toBe(true);
    expect(size - rig.log.fileBytes).toBeGreaterThanOrEqual(4096);
  });

  it('closes with everything on disk and no padding', () => {
    const rig = new Rig({ preAllocBytes: 8192 });
    rig.append();
    rig.append();
    let closed = false;
    rig.log.close(() => {
      closed = true;
    });
    rig.disk.runPending();
    expect(closed).toBe(true);
    expect(rig.content('log.1')).toBe('1 2 clean');
    rig.disk.restart(new Prng(1));
    expect(rig.content('log.1').startsWith('1 2 ')).toBe(true);
  });

  it('without forceSync acknowledges at once', () => {
    const rig = new Rig({ forceSync: false });
    rig.append();
    rig.append();
    expect(rig.heard()).toEqual(['synced 1 (1)', 'synced 2 (1)']);
    rig.log.roll();
    rig.append();
    expect(rig.names()).toEqual(['log.1', 'log.3']);
  });

  it('forces a few entries inline where the disk is fast, and goes back when it is not', () => {
    const rig = new Rig({ inlineSync: { entriesMax: 2, fasterThanMs: 1, inARow: 1 } });
    rig.append();
    rig.disk.runPending();
    rig.append();
    expect(rig.heard()).toEqual(['synced 1 (1)', 'synced 2 (1)']);
    rig.log.diskShared = true;
    rig.append();
    expect(rig.heard()).toEqual([]);
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['synced 3 (1)']);
    rig.log.diskShared = false;
    rig.append(5);
    expect(rig.heard()).toEqual([]);
    rig.now += 5;
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['synced 8 (5)']);
    rig.append();
    expect(rig.heard()).toEqual([]);
  });
});

describe('a full disk', () => {
  const full: (call: string) => SimDiskFault | undefined = (call) =>
    call === 'write' || call === 'create' ? { code: 'ENOSPC', partialBytes: 7 } : undefined;

  it('is no end: what was half written is cut off, and what waits is written when there is space', () => {
    const rig = new Rig();
    rig.append(2);
    rig.disk.runPending();
    rig.heard();
    rig.fault = full;
    rig.append(2);
    expect(rig.heard()).toEqual(['full ENOSPC']);
    expect(rig.log.full).toBe(true);
    expect(rig.content('log.1')).toBe('1 2 clean');
    rig.log.retry();
    expect(rig.heard()).toEqual(['full ENOSPC']);
    rig.append();
    expect(rig.heard()).toEqual([]);
    rig.fault = undefined;
    rig.log.retry();
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['space', 'synced 5 (3)']);
    expect(rig.content('log.1')).toBe('1 2 3 4 5 clean');
  });

  it('leaves nothing of a file that could not be begun', () => {
    const rig = new Rig();
    rig.fault = full;
    rig.append();
    expect(rig.heard()).toEqual(['full ENOSPC']);
    expect(rig.names()).toEqual([]);
    rig.fault = undefined;
    rig.log.retry();
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['space', 'synced 1 (1)']);
  });

  it('during a sync lets that sync finish', () => {
    const rig = new Rig();
    rig.append();
    rig.disk.runPending();
    rig.append();
    rig.fault = full;
    rig.append();
    rig.disk.runPending();
    expect(rig.heard()).toEqual(['synced 1 (1)', 'synced 2 (1)', 'full ENOSPC']);
  });
});

describe('a broken disk', () => {
  it.each([
    ['write', 'EIO', 'write'],
    ['sync', 'EIO', 'sync'],
    ['sync', 'ENOSPC', 'sync'],
  ])('a failed %s (%s) ends the log, once', (call, code, what) => {
    const rig = new Rig();
    rig.append();
    rig.disk.runPending();
    rig.heard();
    rig.fault = (c) => (c === call ? { code } : undefined);
    rig.append();
    rig.disk.runPending();
    expect(rig.heard()).toEqual([expect.stringContaining(`failed ZKT_DISK_WRITE: ${what} of /d/log.1`)]);
    rig.fault = undefined;
    rig.append();
    rig.log.retry();
    rig.disk.runPending();
    expect(rig.heard()).toEqual([]);
  });

  it.each(['create', 'rename', 'syncDir'])('a failed %s of a new file as well', (call) => {
    const rig = new Rig();
    rig.fault = (c) => (c === call ? { code: 'EIO' } : undefined);
    rig.append();
    rig.disk.runPending();
    expect(rig.heard()).toEqual([expect.stringContaining('failed ZKT_DISK_WRITE')]);
    let closed = false;
    rig.log.close(() => {
      closed = true;
    });
    expect(closed).toBe(true);
  });
});
