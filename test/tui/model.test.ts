import { describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../src/events/table.ts';
import { Inlet } from '../../src/tui/app/inlet.ts';
import { Model } from '../../src/tui/model.ts';
import type { Pane } from '../../src/tui/pane.ts';
import { ensemblePane } from '../../src/tui/panes/ensemble.ts';
import { summaryOf } from '../../src/tui/summary.ts';
import { sampled } from './samples.ts';
import { event, STORY_START_MS } from './stories.ts';

const VIEW = {
  width: 80,
  height: 20,
  chosen: undefined,
  drill: undefined,
  scroll: 0,
  filter: '',
  sort: 0,
  ascii: false,
};

const modelOf = (...events: readonly ZktEvent[]): Model => {
  const model = new Model([ensemblePane]);
  model.nowMs = STORY_START_MS;
  for (const each of events) model.take(each);
  return model;
};

describe('faces', () => {
  const face = (...events: readonly ZktEvent[]) => modelOf(...events).servers.map((it) => ({ ...it }));
  const told = { address: '10.0.0.1:2181', kind: 'apache', version: '3.8' };

  it('know a server by what a sample tells', () => {
    expect(face(sampled('2', { mode: 'leader' }))).toEqual([
      { node: '2', sid: 2, mode: 'leader', address: '10.0.0.2:2181', kind: 'zkt', up: true },
    ]);
  });
  it('follow it through its states', () => {
    const steps: readonly (readonly [ZktEvent, object])[] = [
      [event('source.connected', told), { address: '10.0.0.1:2181', kind: 'apache', mode: '', up: true }],
      [event('peer.state', { state: 'LOOKING', leader: -1n }), { mode: 'looking' }],
      [event('peer.state', { state: 'FOLLOWING', leader: 3n }), { mode: 'follower' }],
      [event('peer.role-ended', { state: 'FOLLOWING', why: 'x' }), { mode: 'looking' }],
      [event('peer.state', { state: 'LEADING', leader: 1n }), { mode: 'leader' }],
      [event('source.lost', { address: '', why: 'refused' }), { mode: '', up: false }],
      [event('source.connected', told), { up: true }],
      [event('server.stopped', { zxid: 0n }), { up: false }],
      [event('server.starting', { version: '', dataDir: '' }), { up: true }],
    ];
    const events: ZktEvent[] = [];
    for (const [each, expected] of steps) {
      events.push(each);
      expect(face(...events)[0], each.name).toMatchObject(expected);
    }
  });
  it('are one for a server that was known by its address before', () => {
    const lost = event('source.lost', { address: '10.0.0.2:2181', why: 'x' }, { node: '10.0.0.2:2181' });
    expect(face(lost, sampled('2'))).toHaveLength(1);
    expect(face(lost, sampled('3')).map(({ node }) => node)).toEqual(['3', '10.0.0.2:2181']);
  });
  it('are bounded, and sorted by id', () => {
    const all = face(...Array.from({ length: 300 }, (_, i) => sampled(String(300 - i))));
    expect(all).toHaveLength(64);
    expect(all.map(({ sid }) => sid)).toEqual([...all.map(({ sid }) => sid)].sort((a, b) => a - b));
  });
});

describe('what was lost', () => {
  it('is counted by server', () => {
    const model = modelOf(
      event('feed.dropped', { why: 'slow', count: 1_200, ms: 0 }, { node: '2' }),
      event('feed.dropped', { why: 'slow', count: 3, ms: 0 }, { node: '2' }),
      event('feed.dropped', { why: 'budget', count: 0, ms: 200 }, { node: '1' }),
      event('feed.began', { version: '', sid: 3n, replayed: 0, forgotten: 7 }, { node: '3' }),
    );
    expect(Object.fromEntries(model.lost)).toEqual({ 2: 1_203, 3: 7 });
  });
});

describe('panes', () => {
  const broken = (where: 'take' | 'draw'): Pane<unknown> => ({
    ...ensemblePane,
    take() {
      if (where === 'take') throw new Error('cannot take it');
    },
    draw() {
      throw new Error('cannot draw it');
    },
  });
  it.each(['take', 'draw'] as const)('that fail to %s are no end of the others', (where) => {
    const model = new Model([broken(where), ensemblePane]);
    model.take(sampled('1'));
    const [failed, whole] = [model.draw(0, VIEW), model.draw(1, VIEW)];
    const text = failed.lines.map((line) => line.map((it) => it.text).join('')).join('\n');
    expect(text).toContain(`cannot ${where} it`);
    expect(whole.keys).toEqual(['1']);
  });
  it('forget everything on reset', () => {
    const model = modelOf(sampled('1'), event('feed.dropped', { why: 'slow', count: 1, ms: 0 }));
    model.reset();
    expect([model.servers, model.taken, model.lost.size, model.draw(0, VIEW).keys]).toEqual([[], 0, 0, []]);
  });
});

describe('the way in', () => {
  const numbered = (seq: number): ZktEvent => event('zab.committed', { zxid: 1n }, { seq });
  it('keeps the order, and stops when time is up', () => {
    const inlet = new Inlet();
    for (let i = 0; i < 1_000; i++) inlet.put(numbered(i));
    const taken: number[] = [];
    inlet.drain(
      ({ seq }) => taken.push(seq),
      () => true,
    );
    expect(taken.length).toBeLessThan(1_000);
    inlet.drain(
      ({ seq }) => taken.push(seq),
      () => false,
    );
    expect(taken).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  });
  it('drops the oldest of too many, and counts them', () => {
    const inlet = new Inlet();
    for (let i = 0; i < 200_005; i++) inlet.put(numbered(i));
    expect([inlet.waiting, inlet.takeLost(), inlet.takeLost()]).toEqual([200_000, 5, 0]);
    const first: number[] = [];
    expect(inlet.step(({ seq }) => first.push(seq))).toBe(true);
    expect(first).toEqual([5]);
  });
});

it('is told as JSON', () => {
  const model = modelOf(
    sampled('1', { mode: 'follower', zxid: 0x100000007n }),
    event('source.lost', { address: '', why: 'refused' }, { node: '2', time: STORY_START_MS - 3_000 }),
  );
  const summary = JSON.parse(JSON.stringify(summaryOf(model))) as Record<string, unknown>;
  expect(summary).toMatchObject({ time: '2024-05-01T12:00:00.000Z', healthy: false, lost: {} });
  expect(summary.servers).toMatchObject([
    { node: '1', id: 1, up: true, mode: 'follower', zxid: '0x100000007', problems: [] },
    { node: '2', up: false, problems: ['server 2: does not answer for 3s: refused'] },
  ]);
});
