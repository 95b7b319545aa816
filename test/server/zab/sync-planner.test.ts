import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommittedLog } from '../../../src/server/zab/committed-log.ts';
import type { DiskHistory } from '../../../src/server/zab/leader-effects.ts';
import { LeaderHistory } from '../../../src/server/zab/leader-history.ts';
import { ProposalWindow } from '../../../src/server/zab/proposal-window.ts';
import { planSync } from '../../../src/server/zab/sync-planner.ts';
import { entry, show, z } from './leader-stage.ts';

/** `5:1-3 6:1`: zxids, in order. */
function zxids(text: string): bigint[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [epoch, counters] = word.split(':') as [string, string];
      const [first, last] = counters.split('-').map(Number) as [number, number | undefined];
      return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => z(Number(epoch), first + i));
    });
}

/** A log of these entries, that begins with a file of the first of them. */
function diskOf(log: readonly bigint[], readings: { open: number } = { open: 0 }): DiskHistory {
  return {
    readFrom(from) {
      if (log.length === 0 || from < (log[0] as bigint)) return undefined;
      return (function* () {
        readings.open++;
        try {
          for (const zxid of log) if (zxid >= from) yield { zxid, bytes: entry(zxid) };
        } finally {
          readings.open--;
        }
      })();
    },
  };
}

interface Leader {
  /** On disk, the cached ones included; empty: no log. */
  readonly disk?: string | undefined;
  readonly cached?: string;
  /** How many the cache keeps, so that it has dropped some. */
  readonly keeps?: number;
  /** The last applied when it began to lead; only where the cache is empty. */
  readonly start?: string;
  readonly underWay?: string;
  readonly epoch?: number;
}

function leaderOf(leader: Leader) {
  const cache = new CommittedLog(leader.keeps ?? 500);
  for (const zxid of zxids(leader.cached ?? '')) cache.add(zxid, entry(zxid));
  const epoch = BigInt(leader.epoch ?? 7);
  const readings = { open: 0 };
  const disk = leader.disk === undefined ? undefined : diskOf(zxids(leader.disk), readings);
  const start = cache.max ?? zxids(leader.start ?? '5:10')[0] ?? 0n;
  const window = new ProposalWindow();
  const underWay = zxids(leader.underWay ?? '');
  window.start((underWay[0] ?? (epoch << 32n) + 1n) - 1n);
  for (const zxid of underWay) window.push(zxid, entry(zxid));
  return { history: new LeaderHistory(cache, disk, start), window, epoch, readings };
}

/** `DIFF 5:3 | 5:4 5:5`: the plan, and what follows out of the history. */
function planned(leader: Leader, peer: string): string {
  const { history, window, epoch, readings } = leaderOf(leader);
  const plan = planSync({ peer: zxids(peer)[0] as bigint, epoch, history, window });
  if (plan.kind === 'SNAP') {
    expect(readings.open).toBe(0);
    return 'SNAP';
  }
  const cursor = history.after(plan.position, plan.reading);
  const follow: string[] = [];
  while (cursor.next()) {
    expect(cursor.bytes).toEqual(entry(cursor.position));
    follow.push(show(cursor.position));
  }
  expect(cursor.lost).toBe(false);
  cursor.close();
  expect(readings.open).toBe(0);
  return `${plan.kind} ${show(plan.zxid)} |${follow.map((f) => ` ${f}`).join('')}`;
}

describe('the plan for a learner', () => {
  const cached: Leader = { cached: '5:3-6' };
  const dropped: Leader = { cached: '5:1-6', keeps: 3, disk: '5:1-6' };
  const twoEpochs: Leader = { cached: '5:8-10 6:1-3' };
  const cases: [string, Leader, string, string][] = [
    ['it has everything', cached, '5:6', 'DIFF 5:6 |'],
    ['it has everything, and nothing is cached', { start: '5:10' }, '5:10', 'DIFF 5:10 |'],
    ['it misses some in the cache', cached, '5:4', 'DIFF 5:6 | 5:5 5:6'],
    ['it has the oldest in the cache', cached, '5:3', 'DIFF 5:6 | 5:4 5:5 5:6'],
    ['it has the one before the cache', { ...dropped, disk: undefined }, '5:3', 'DIFF 5:6 | 5:4 5:5 5:6'],
    ['it is one before the cache, which never dropped it', cached, '5:2', 'SNAP'],
    ['it is new', cached, '0:0', 'SNAP'],
    ['it is new, and the log goes back to the first', { ...dropped }, '0:0', 'SNAP'],
    ['it has more than was committed', cached, '5:9', 'TRUNC 5:6 |'],
    ['it has more, and nothing is cached', { start: '5:10' }, '5:11', 'TRUNC 5:10 |'],
    ['it has some of a later epoch that came to nothing', cached, '6:1', 'TRUNC 5:6 |'],
    ['it has more, and the leader has no transaction', { start: '5:0' }, '5:1', 'SNAP'],
    ['it has more, and the leader has nothing at all', { start: '0:0' }, '3:1', 'SNAP'],
    ['it has seen the mark of a later epoch', cached, '6:0', 'SNAP'],
    ['it has this epoch’s mark and nothing was applied since', cached, '7:0', 'DIFF 7:0 |'],
    ['it has this epoch’s mark', { cached: '5:3-6 7:1-2' }, '7:0', 'DIFF 7:2 | 7:1 7:2'],
    ['it has an epoch’s mark within the cache', twoEpochs, '6:0', 'DIFF 6:3 | 6:1 6:2 6:3'],
    ['its last is of an epoch that ended before (1154)', twoEpochs, '5:11', 'SNAP'],
    ['it has seen more of this epoch than there ever was', { cached: '7:1-3' }, '7:9', 'SNAP'],
    ['an unknown one amid one epoch', { cached: '5:1 5:2 5:4' }, '5:3', 'TRUNC 5:2 | 5:4'],
    ['an unknown one behind a mark', { cached: '5:9 6:2 6:3' }, '6:1', 'SNAP'],
    ['it misses some on disk', dropped, '5:1', 'DIFF 5:6 | 5:2 5:3 5:4 5:5 5:6'],
    ['the log does not go back so far', { ...dropped, disk: '5:2-6' }, '5:1', 'SNAP'],
    ['its last is not in the log', { ...dropped, disk: '4:1-2 5:1-6' }, '4:3', 'SNAP'],
    [
      'a mark before the cache',
      { ...dropped, disk: '4:1-2 5:1-6' },
      '5:0',
      'DIFF 5:6 | 5:1 5:2 5:3 5:4 5:5 5:6',
    ],
    ['the log alone, nothing cached', { start: '5:4', disk: '5:1-4' }, '5:2', 'DIFF 5:4 | 5:3 5:4'],
    ['it has all of the log, and the data is newer', { start: '6:0', disk: '5:1-4' }, '5:4', 'SNAP'],
    [
      'uncommitted entries in the log are not sent',
      { ...dropped, disk: '5:1-9' },
      '5:2',
      'DIFF 5:6 | 5:3 5:4 5:5 5:6',
    ],
    ['it has some of what is under way', { cached: '5:3-6', underWay: '7:1-4' }, '7:2', 'DIFF 7:2 |'],
    [
      'a tail of an old epoch, while some is under way',
      { cached: '5:3-6', underWay: '7:1-4' },
      '5:8',
      'TRUNC 5:6 |',
    ],
  ];
  it.each(cases)('%s', (_, leader, peer, expected) => {
    expect(planned(leader, peer)).toBe(expected);
  });

  it('is a snapshot where those are forced', () => {
    const { history, window, epoch } = leaderOf(cached);
    expect(planSync({ peer: z(5, 6), epoch, history, window, forceSnapshot: true }).kind).toBe('SNAP');
  });

  it('is none where it would take back what the learner has logged, and this server not yet', () => {
    const { history, window, epoch } = leaderOf({ cached: '5:3-6', underWay: '7:1-4' });
    expect(planSync({ peer: z(7, 2), epoch, history, window, forceSnapshot: true }).kind).toBe('DIFF');
  });

  it('goes from disk to the cache while the cache moves on', () => {
    const { history } = leaderOf({ cached: '5:1-6', keeps: 2, disk: '5:1-20' });
    const cursor = history.after(z(5, 1));
    const seen: string[] = [];
    for (let n = 7; cursor.next(); n++) {
      seen.push(show(cursor.position));
      if (n <= 12) history.cache.add(z(5, n), entry(z(5, n)));
    }
    expect(seen).toEqual(zxids('5:2-12').map(show));
    expect(cursor.lost).toBe(false);
  });

  it('is lost where the log ends before the cache begins', () => {
    const { history } = leaderOf({ cached: '5:1-6', keeps: 2, disk: '5:1-3' });
    const cursor = history.after(z(5, 1));
    while (cursor.next());
    expect([show(cursor.position), cursor.lost]).toEqual(['5:3', true]);
  });
});

describe('any two histories', () => {
  /** Histories as ZAB makes them: every epoch begins with a prefix of the one before, and adds to it. */
  const histories = fc
    .array(fc.record({ keep: fc.nat(3), add: fc.integer({ min: 0, max: 5 }) }), {
      minLength: 1,
      maxLength: 6,
    })
    .map((epochs) => {
      const made: bigint[][] = [];
      let base: bigint[] = [];
      for (const [i, { keep, add }] of epochs.entries()) {
        base = base.slice(0, Math.max(0, base.length - keep));
        base = [...base, ...Array.from({ length: add }, (_, n) => z(i + 1, n + 1))];
        made.push(base);
      }
      return made;
    });

  it('are equal once the plan was followed', () => {
    const scenario = fc.record({
      made: histories,
      from: fc.nat(),
      cut: fc.nat(8),
      keeps: fc.integer({ min: 1, max: 8 }),
      fill: fc.nat(20),
      withDisk: fc.boolean(),
      mark: fc.boolean(),
    });
    const kinds = new Set<string>();
    fc.assert(
      fc.property(scenario, ({ made, from, cut, keeps, fill, withDisk, mark }) => {
        const mine = made.at(-1) as bigint[];
        const origin = from % made.length;
        const other = made[origin] as bigint[];
        const theirs = other.slice(0, Math.max(0, other.length - cut));
        const cache = new CommittedLog(keeps);
        for (const zxid of mine.slice(Math.max(0, mine.length - fill))) cache.add(zxid, entry(zxid));
        const history = new LeaderHistory(cache, withDisk ? diskOf(mine) : undefined, mine.at(-1) ?? 0n);
        // The mark of an epoch is given out once a quorum has its history: no later one lacks any of it.
        const start = z(origin + 1, 0);
        const whole = cut === 0 && theirs.every((zxid, i) => mine[i] === zxid);
        const marked = mark && whole && theirs.length > 0 && (theirs.at(-1) as bigint) < start;
        const peer = marked ? start : (theirs.at(-1) ?? 0n);
        const epoch = BigInt(made.length + 1);
        const plan = planSync({ peer, epoch, history, window: new ProposalWindow() });
        kinds.add(plan.kind);
        if (plan.kind === 'SNAP') return;
        let result = theirs;
        if (plan.kind === 'TRUNC') {
          expect(theirs).toContain(plan.zxid);
          result = theirs.filter((zxid) => zxid <= plan.zxid);
        }
        const cursor = history.after(plan.position, plan.reading);
        const added: bigint[] = [];
        while (cursor.next()) added.push(cursor.position);
        expect(cursor.lost).toBe(false);
        expect([...result, ...added].map(show)).toEqual(mine.map(show));
      }),
      { numRuns: 3000 },
    );
    expect([...kinds].sort()).toEqual(['DIFF', 'SNAP', 'TRUNC']);
  });
});

describe('the committed log', () => {
  it('keeps the last entries, by count and by bytes, and knows what it dropped last', () => {
    const log = new CommittedLog(3, 100);
    expect([log.min, log.max, log.floor, log.length]).toEqual([undefined, undefined, undefined, 0]);
    for (const n of [1, 2, 3]) log.add(z(5, n), Buffer.alloc(10));
    expect([log.min, log.max, log.floor, log.bytes]).toEqual([z(5, 1), z(5, 3), undefined, 30]);
    log.add(z(5, 4), Buffer.alloc(90));
    expect([log.min, log.floor, log.length, log.bytes]).toEqual([z(5, 3), z(5, 2), 2, 100]);
    log.add(z(6, 1), Buffer.alloc(500));
    expect([log.min, log.floor, log.length, log.bytes]).toEqual([z(6, 1), z(5, 4), 1, 500]);
    expect(log.placeOf(z(6, 1))).toBe(0);
    expect(log.placeOf(z(6, 2))).toBe(1);
    log.clear();
    expect([log.min, log.floor, log.bytes]).toEqual([undefined, undefined, 0]);
    log.add(z(1, 1), Buffer.alloc(1));
    expect(log.max).toBe(z(1, 1));
    expect(() => log.add(z(1, 1), Buffer.alloc(1))).toThrow(/in order/);
  });
});
