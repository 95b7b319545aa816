/** Every pane at every turn of a real story, as it is drawn: read `golden/*.txt` to see what people see. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import type { Pane, PaneView } from '../../../src/tui/pane.ts';
import { electionPane } from '../../../src/tui/panes/election.ts';
import { eventsPane } from '../../../src/tui/panes/events.ts';
import { flowPane } from '../../../src/tui/panes/flow.ts';
import { sessionsPane } from '../../../src/tui/panes/sessions.ts';
import { failover, type Story } from '../stories.ts';
import { drawn, golden, taken, view } from './drawing.ts';

let story: Story;
beforeAll(async () => {
  story = await failover();
});

const SIZES = [
  [80, 19],
  [200, 56],
] as const;

interface Case {
  readonly name: string;
  readonly at: keyof Story['marks'];
  readonly changes?: Partial<PaneView>;
  readonly small?: boolean;
}

function check<S>(pane: Pane<S>, { name, at, changes = {}, small = false }: Case): void {
  for (const [width, height] of small ? SIZES.slice(0, 1) : SIZES) {
    it(`${pane.id} ${name} ${width}x${height}`, () => {
      const nowMs = story.marks[at];
      const servers = at === 'end' ? story.servers : story.before;
      const look = view({ width, height, nowMs, servers, ...changes });
      golden(`${pane.id}-${name}-${width}x${height}`, drawn(pane, taken(pane, story.events, nowMs), look));
    });
  }
}

describe('election', () => {
  check(electionPane, { name: 'first', at: 'written' });
  check(electionPane, { name: 'again', at: 'elected' });
  check(electionPane, { name: 'rejoined', at: 'end' });
  check(electionPane, { name: 'chosen', at: 'end', changes: { chosen: '#2' }, small: true });
  check(electionPane, { name: 'story', at: 'end', changes: { drill: '#2' } });
  check(electionPane, { name: 'story-below', at: 'end', changes: { drill: '#1', scroll: 40 }, small: true });
  check(electionPane, { name: 'ascii', at: 'written', changes: { ascii: true }, small: true });
});

describe('flow', () => {
  check(flowPane, { name: 'stream', at: 'written' });
  check(flowPane, { name: 'pings', at: 'expired', changes: { sort: 1 }, small: true });
  check(flowPane, { name: 'one', at: 'written', changes: { sort: 2 }, small: true });
  check(flowPane, { name: 'chosen', at: 'written', changes: { chosen: '0x100000006' }, small: true });
  check(flowPane, { name: 'way', at: 'written', changes: { drill: '0x100000006' } });
  check(flowPane, { name: 'resync', at: 'end' });
  check(flowPane, { name: 'ascii', at: 'end', changes: { ascii: true }, small: true });
});

describe('sessions', () => {
  check(sessionsPane, { name: 'moving', at: 'silent' });
  check(sessionsPane, { name: 'expired', at: 'expired' });
  check(sessionsPane, { name: 'leader-lost', at: 'elected', small: true });
  check(sessionsPane, { name: 'ascii', at: 'silent', changes: { ascii: true }, small: true });
});

describe('events', () => {
  check(eventsPane, { name: 'all', at: 'elected' });
  check(eventsPane, { name: 'important', at: 'elected', changes: { sort: 1 } });
  check(eventsPane, { name: 'warnings', at: 'elected', changes: { sort: 2 }, small: true });
  check(eventsPane, { name: 'newest-first', at: 'elected', changes: { sort: 4 }, small: true });
  check(eventsPane, { name: 'filtered', at: 'end', changes: { filter: 'sync' }, small: true });
  check(eventsPane, { name: 'ascii', at: 'end', changes: { ascii: true, sort: 1 }, small: true });
});

describe('whatever the seed', () => {
  for (let seed = 1; seed <= 4; seed++) {
    it(`${seed}: every pane keeps its promises at every turn, and elections are the same in any order`, async () => {
      const told = await failover(seed);
      const panes: readonly Pane<unknown>[] = [electionPane, flowPane, sessionsPane, eventsPane];
      for (const pane of panes) {
        for (const nowMs of Object.values(told.marks)) {
          const state = taken(pane, told.events, nowMs);
          for (const height of [5, 19, 56]) {
            const look = view({ width: 4 * height, height, nowMs, servers: told.servers });
            const { keys } = drawn(pane, state, look);
            drawn(pane, state, { ...look, chosen: keys[0], ascii: true });
            drawn(pane, state, { ...look, drill: keys.at(-1) });
          }
        }
      }
      const list = (events: readonly ZktEvent[]): string[] =>
        taken(electionPane, events).elections.map(({ startMs, endMs, leader, members, over }) =>
          [startMs, endMs, leader, [...members.keys()].sort(), over].join(' '),
        );
      const byServer = ['3', '1', '2'].flatMap((node) => told.events.filter((each) => each.node === node));
      expect(list(byServer)).toEqual(list(told.events));
    });
  }
});
