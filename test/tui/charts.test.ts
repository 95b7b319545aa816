import { describe, expect, it } from 'vitest';
import { axisText, columnOf, stepOf } from '../../src/tui/axis.ts';
import { Canvas } from '../../src/tui/canvas.ts';
import { bar, sparkline } from '../../src/tui/charts.ts';
import { PerSecond } from '../../src/tui/per-second.ts';
import { Seen } from '../../src/tui/seen.ts';
import { wrapText } from '../../src/tui/wrap.ts';
import { event, STORY_START_MS } from './stories.ts';

process.env.TZ = 'UTC';

describe('bars and sparklines', () => {
  it('a bar is exact to an eighth, and something is never nothing', () => {
    expect(bar(0.5, 4, false)).toBe('██  ');
    expect(bar(0.28, 4, false)).toBe('█▏  ');
    expect(bar(0.0001, 4, false)).toBe('▏   ');
    expect(bar(0, 4, false)).toBe('    ');
    expect(bar(7, 4, false)).toBe('████');
    expect(bar(Number.NaN, 3, true)).toBe('   ');
    expect(bar(0.01, 4, true)).toBe('#   ');
    expect(bar(1, 0, false)).toBe('');
  });

  it('a sparkline shows the last values, and blanks for what is not known', () => {
    expect(sparkline([0, 1, 2, 4, 8], 5, false)).toBe('▁▂▂▄█');
    expect(sparkline([5, 8], 4, false)).toBe('  ▅█');
    expect(sparkline([1, 2, 3], 2, true)).toHaveLength(2);
    expect(sparkline([-1, 3], 2, false)).toBe(' █');
    expect(sparkline([0, 0], 2, false)).toBe('▁▁');
  });
});

describe('a time axis', () => {
  const axis = { fromMs: 1000, toMs: 2000, width: 50 };
  it('has every time in its column', () => {
    expect([1000, 1500, 1999, 2000, 0, 9999].map((ms) => columnOf(axis, ms))).toEqual([0, 25, 49, 49, 0, 49]);
  });
  it('has labels at round steps, each in its column', () => {
    expect(stepOf(axis)).toBe(200);
    expect(axisText(axis, 1000, true)).toBe('|0        |200 ms   |400 ms   |600 ms   |800 ms   ');
    expect(axisText({ ...axis, width: 3 }, 1000, true)).toHaveLength(3);
    expect(axisText({ fromMs: 5, toMs: 5, width: 20 }, 5, true)).toHaveLength(20);
  });
});

describe('a canvas', () => {
  it('keeps wide characters whole, and nothing outside of it', () => {
    const canvas = new Canvas(6, 2);
    expect(canvas.put(0, 0, '漢字漢字')).toBe(6);
    expect(canvas.put(5, 1, '漢')).toBe(0);
    canvas.put(-2, 1, 'abcd');
    canvas.put(0, 7, 'far below');
    expect(canvas.lines().map((line) => line.map(({ text }) => text).join(''))).toEqual(['漢字漢', 'cd    ']);
  });

  it('escapes, and tells tones apart', () => {
    const canvas = new Canvas(8, 1);
    canvas.put(0, 0, '\x1b[', 'bad');
    expect(canvas.line(0)).toEqual([
      { text: '\\x1b[', tone: 'bad', width: 5 },
      { text: '   ', tone: 'plain', width: 3 },
    ]);
  });
});

describe('counts by second', () => {
  it('forgets what is old, and takes what comes late', () => {
    const counts = new PerSecond(4);
    counts.add(10_000);
    counts.add(12_500, 3);
    counts.add(10_900);
    expect(counts.last(4, 12_999)).toEqual([0, 2, 0, 3]);
    counts.add(15_000);
    counts.add(9_000, 99);
    expect(counts.last(4, 15_000)).toEqual([3, 0, 0, 1]);
    expect(counts.last(2, 17_000)).toEqual([0, 0]);
    counts.add(Number.NaN);
  });
});

describe('what is seen', () => {
  it('is the share of the time that feeds did not leave out', () => {
    const seen = new Seen();
    for (let s = 0; s < 10; s++) {
      const at = { node: '2', time: STORY_START_MS + s * 1000 };
      seen.take(event('feed.dropped', { why: 'budget', count: 0, ms: 900 }, at));
    }
    seen.take(event('feed.dropped', { why: 'slow', count: 17, ms: 0 }, { node: '1' }));
    seen.take(event('feed.dropped', { why: 'garbage', count: 3, ms: 0 }, { node: '1' }));
    const nowMs = STORY_START_MS + 9_500;
    expect(seen.share(nowMs)).toBeCloseTo(0.1);
    expect(seen.losses(nowMs)).toEqual([
      { node: '1', share: 1, slow: 17, garbled: 3 },
      { node: '2', share: expect.closeTo(0.1), slow: 0, garbled: 0 },
    ]);
    expect(seen.share(nowMs + 60_000)).toBe(1);
  });
});

describe('long texts', () => {
  it('are broken at blanks, and inside words that are too long', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapText('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
    expect(wrapText('', 5)).toEqual(['']);
    expect(wrapText('漢字漢字', 5)).toEqual(['漢字', '漢字']);
    expect(wrapText('a\nb', 9)).toEqual(['a\\x0ab']);
    expect(wrapText('漢', 1)).toHaveLength(1);
  });
});
