/** The stream of events, as a pane. */
import { describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import { eventsPane, IMPORTANT_MAX, OTHERS_MAX } from '../../../src/tui/panes/events.ts';
import { event, STORY_START_MS } from '../stories.ts';
import { drawn, taken, textOf, view } from './drawing.ts';

const at = (ms: number): number => STORY_START_MS + ms;
const trace = (ms: number): ZktEvent => event('zab.committed', { zxid: BigInt(ms + 1) }, { time: at(ms) });
const info = (ms: number, leader = 2n): ZktEvent =>
  event('peer.state', { state: 'FOLLOWING', leader }, { time: at(ms), node: '1' });
const warn = (ms: number): ZktEvent => event('loop.stalled', { ms: 900 }, { time: at(ms), node: '3' });
const sample = (ms: number): ZktEvent =>
  event(
    'zab.packets-sampled',
    { peer: 2n, type: 2, sent: 1, received: 0, bytes: 9, ms: 1000 },
    { time: at(ms) },
  );

const lines = (events: readonly ZktEvent[], changes = {}): string[] =>
  textOf(drawn(eventsPane, taken(eventsPane, events), view({ nowMs: at(1_000), ...changes })))
    .split('\n')
    .slice(2)
    .filter((line) => line !== '');

describe('the stream', () => {
  const events = [trace(0), info(1), sample(2), warn(3), trace(4)];
  const check = (sort: number, names: string): void =>
    it(`${eventsPane.sorts[sort]}`, () => {
      expect(lines(events, { sort }).map((line) => line.slice(15, 30).trim().split(' ')[0])).toEqual(
        names.split(' '),
      );
    });
  check(0, 'zab.committed peer.state loop.stalled zab.committed');
  check(1, 'peer.state loop.stalled');
  check(2, 'loop.stalled');
  check(3, 'zab.committed peer.state zab.packets-sam loop.stalled zab.committed');
  check(4, 'zab.committed loop.stalled zab.packets-sam peer.state zab.committed');

  it('shows the newest, and stays at the chosen one', () => {
    const many = Array.from({ length: 300 }, (_, i) => trace(i));
    expect(lines(many).at(-1)).toContain('zxid 0x12c');
    const { lines: around } = drawn(eventsPane, taken(eventsPane, many), view({ chosen: '100' }));
    const marked = around.filter((line) => line.some(({ tone }) => tone === 'chosen'));
    expect(marked.map((line) => line.map(({ text }) => text).join(''))).toEqual([
      expect.stringContaining('zxid 0x64 '),
    ]);
  });

  it('is searched in names, servers and words', () => {
    expect(lines(events, { filter: 'FOLLOWING SERVER 2' })).toHaveLength(1);
    expect(lines(events, { filter: 'committed' })).toHaveLength(2);
    expect(lines(events, { filter: 'nowhere' })).toEqual([' No event matches the filter.']);
  });

  it('says what packets are called', () => {
    expect(lines([sample(0)], { sort: 3 })[0]).toContain('PROPOSAL');
  });
});

describe('an event that is looked into', () => {
  it('has its sentence and all its fields', () => {
    const state = taken(eventsPane, [info(1)]);
    const text = textOf(drawn(eventsPane, state, view({ nowMs: at(2_001), drill: '1' })));
    expect(text).toContain('Following server 2.');
    expect(text).toContain('A member of an ensemble looks for a leader');
    expect(text).toMatch(/state +FOLLOWING/);
    expect(text).toMatch(/leader +2/);
    expect(text).toMatch(/time +12:00:00\.001 {2}\(2\.00 s ago\)/);
  });

  it('stays while it is kept, whatever the sort and the filter', () => {
    const state = taken(eventsPane, [trace(0)]);
    const look = view({ drill: '1', sort: 2, filter: 'nothing' });
    expect(textOf(drawn(eventsPane, state, look))).toContain('zab.committed');
    expect(textOf(drawn(eventsPane, state, view({ drill: '77' })))).toContain('forgotten');
  });
});

describe('limits', () => {
  it('what is important is not pushed out by what is not, and what is forgotten is told', () => {
    const state = taken(eventsPane, [warn(0)]);
    for (let i = 0; i < 50_000; i++) eventsPane.take(state, trace(i));
    expect(state.others.length).toBe(OTHERS_MAX);
    const drawing = drawn(eventsPane, state, view({ sort: 2, nowMs: at(50_000) }));
    expect(textOf(drawing)).toContain('loop.stalled');
    expect(textOf(drawing)).toContain('46k older ones forgotten');
    for (let i = 0; i < 5_000; i++) eventsPane.take(state, warn(i));
    expect(state.important.length).toBe(IMPORTANT_MAX);
    expect(drawn(eventsPane, state, view({ sort: 3 })).keys).toHaveLength(IMPORTANT_MAX + OTHERS_MAX);
  });

  it('counts, rates and losses are told', () => {
    const state = taken(eventsPane, [
      ...Array.from({ length: 30 }, (_, i) => trace(i)),
      warn(40),
      event('feed.dropped', { why: 'slow', count: 1234, ms: 0 }, { node: '2', time: at(50) }),
      event('feed.dropped', { why: 'budget', count: 0, ms: 5_000 }, { node: '3', time: at(50) }),
    ]);
    const text = textOf(drawn(eventsPane, state, view({ nowMs: at(1_500), width: 160 })));
    expect(text).toContain('trace 32');
    expect(text).toContain('warn 1');
    expect(text).toContain('33/s');
    expect(text).toContain('server 2: 1.2k lost, we read too slowly');
    expect(text).toContain('server 3: 50 % of the time seen');
  });
});
