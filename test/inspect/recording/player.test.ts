import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import { Player } from '../../../src/inspect/recording/player.ts';
import { summarise } from '../../../src/inspect/recording/recording-summary.ts';
import { replayEvents } from '../../../src/inspect/recording/replay-events.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';
import { diskWith, fileOf, reply } from '../../storage/recording/events.ts';
import { memoryRecording } from './memory-recording.ts';

const START = 1_700_000_000_000;

/** Who watches: all that was taken since the last reset. */
class Watcher {
  seen: number[] = [];
  readonly player: Player;
  constructor(timesMs: readonly number[]) {
    this.player = new Player(memoryRecording(timesMs.map((ms, i) => reply(i + 1, ms))));
  }
  readonly take = (event: ZktEvent): void => void this.seen.push(event.time - START);
  readonly reset = (): void => {
    this.seen = [];
  };
  tick(ms: number): void {
    this.player.tick(ms, this.take);
  }
  seek(ms: number): void {
    this.player.seek(START + ms, this.take, this.reset);
  }
  get at(): number {
    return this.player.positionMs - START;
  }
}

describe('a player', () => {
  it('plays in time', () => {
    const watcher = new Watcher([0, 100, 100, 250, 1000]);
    watcher.tick(0);
    expect(watcher.seen).toEqual([0]);
    watcher.tick(99);
    watcher.tick(1);
    expect(watcher.seen).toEqual([0, 100, 100]);
    watcher.player.speed = 10;
    watcher.tick(20);
    expect(watcher.seen).toEqual([0, 100, 100, 250]);
    watcher.player.speed = 0.1;
    watcher.tick(6990);
    expect(watcher.seen).toHaveLength(4);
    expect(watcher.at).toBe(999);
    watcher.tick(10);
    expect(watcher.seen).toHaveLength(5);
    expect(watcher.player.ended).toBe(true);
    watcher.tick(1e9);
    expect(watcher.at).toBe(1000);
  });

  it('steps', () => {
    const watcher = new Watcher([0, 5000, 5000]);
    const { player, take } = watcher;
    expect([player.step(take), watcher.at, player.step(take), watcher.at]).toEqual([true, 0, true, 5000]);
    expect([player.step(take), player.step(take)]).toEqual([true, false]);
    expect(watcher.seen).toEqual([0, 5000, 5000]);
  });

  it('jumps to the next event of a name', () => {
    const decided = { ...reply(3, 700), name: 'zab.committed', fields: { zxid: 1n } } as ZktEvent;
    const player = new Player(memoryRecording([reply(1, 0), reply(2, 500), decided, reply(4, 900)]));
    const seen: string[] = [];
    const take = (event: ZktEvent): void => void seen.push(event.name);
    expect(player.next(new Set(['zab.committed']), take)).toBe(true);
    expect(seen).toHaveLength(3);
    expect(player.positionMs - START).toBe(700);
    expect(player.next(new Set(['zab.committed']), take)).toBe(false);
    expect(player.positionMs - START).toBe(900);
    expect(seen).toHaveLength(4);
  });

  it('wherever it goes, what was seen is what happened until then', () => {
    const times = fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 });
    const move = fc.oneof(
      fc.record({ to: fc.integer({ min: -100, max: 1200 }) }),
      fc.record({ ms: fc.nat(300), speed: fc.constantFrom(0.1, 1, 7) }),
      fc.record({ step: fc.constant(true) }),
    );
    fc.assert(
      fc.property(times, fc.array(move, { maxLength: 30 }), (all, moves) => {
        const sorted = [...all].sort((a, b) => a - b);
        const watcher = new Watcher(all);
        watcher.tick(0);
        for (const it of moves) {
          if ('to' in it) watcher.seek(it.to);
          else if ('step' in it) watcher.player.step(watcher.take);
          else {
            watcher.player.speed = it.speed;
            watcher.tick(it.ms);
          }
          expect(watcher.seen).toEqual(sorted.slice(0, watcher.seen.length));
          const last = sorted.filter((ms) => ms < watcher.at - 0.001).length;
          const until = sorted.filter((ms) => ms <= watcher.at + 0.001).length;
          expect(watcher.seen.length).toBeGreaterThanOrEqual(last);
          expect(watcher.seen.length).toBeLessThanOrEqual(until);
          if ('to' in it) expect(watcher.seen.length).toBe(until);
        }
      }),
    );
  });

  it('too much for one tick takes several, and time waits', () => {
    const watcher = new Watcher(Array.from({ length: 250_000 }, (_, i) => i / 1000));
    watcher.tick(1000);
    expect(watcher.seen).toHaveLength(100_000);
    expect(watcher.at).toBeCloseTo(100, 2);
    watcher.tick(1000);
    watcher.tick(1000);
    expect(watcher.seen).toHaveLength(250_000);
  });

  it('a long way is gone over several ticks', () => {
    const watcher = new Watcher(Array.from({ length: 350_000 }, (_, i) => i / 1000));
    watcher.seek(320);
    expect(watcher.player.seeking).toBe(true);
    expect(watcher.seen).toHaveLength(100_000);
    for (let ticks = 0; watcher.player.seeking; ticks++) {
      expect(ticks).toBeLessThan(4);
      watcher.tick(0);
    }
    expect([watcher.at, watcher.seen.length]).toEqual([320, 320_001]);
    watcher.seek(210);
    watcher.seek(50);
    expect([watcher.at, watcher.seen.length, watcher.player.seeking]).toEqual([50, 50_001, false]);
    watcher.seek(300);
    expect(watcher.player.step(watcher.take)).toBe(true);
    expect(watcher.player.seeking).toBe(false);
  });

  it('nothing happens in an empty recording', () => {
    const player = new Player(memoryRecording([]));
    player.tick(1000, () => expect.unreachable());
    player.seek(
      5,
      () => expect.unreachable(),
      () => {},
    );
    expect([player.step(() => {}), player.ended, player.positionMs]).toEqual([false, true, 0]);
  });
});

describe('a replay', () => {
  const events = Array.from({ length: 100 }, (_, i) => reply(i, i * 100, `${i % 3}`));
  const recording = openRecording(diskWith(fileOf(events)), '/a.zktrec');
  const seqs = (options: Parameters<typeof replayEvents>[1]) =>
    [...replayEvents(recording, options)].map((it) => it.seq);

  it('of a span, and by a filter', () => {
    expect(seqs({ fromMs: START + 300, toMs: START + 600 })).toEqual([3, 4, 5, 6]);
    expect(seqs({ filter: { node: '2' }, toMs: START + 900 })).toEqual([2, 5, 8]);
    expect(seqs({ filter: { level: 'info' } })).toEqual([]);
    expect(() => seqs({ filter: { level: 'loud' } })).toThrow(/level is one of/);
  });
});

describe('a summary', () => {
  it('tells who, what, when, and what is missing', () => {
    const events: ZktEvent[] = [
      ...Array.from({ length: 50 }, (_, i) => reply(i + 1, i * 100, '1')),
      ...Array.from({ length: 20 }, (_, i) => reply(i + 1, 30_000 + i * 100, '10')),
      {
        name: 'feed.dropped',
        node: '1',
        seq: 0,
        time: START + 30_500,
        fields: { why: 'slow', count: 7, ms: 0 },
      },
      {
        name: 'source.connected',
        node: '10',
        seq: 30,
        time: START + 31_900,
        fields: { address: '127.0.0.1:2190', kind: 'zkt', version: '0.1.0' },
      },
    ];
    const summary = summarise(memoryRecording(events));
    expect(summary).toMatchObject({
      events: 72,
      dropped: 7,
      gapCount: 1,
      gaps: [{ fromMs: START + 4900, toMs: START + 30_000 }],
      servers: [
        { node: '1', events: 51 },
        { node: '10', events: 21, address: '127.0.0.1:2190', kind: 'zkt' },
      ],
    });
    expect([...summary.byName]).toEqual([
      ['request.replied', 70],
      ['feed.dropped', 1],
      ['source.connected', 1],
    ]);
  });
});
