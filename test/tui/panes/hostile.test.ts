/** Names and texts that would do harm on a terminal, on every pane, in every view. */
import { describe, expect, it } from 'vitest';
import { EVENT_NAMES, EVENTS, type ZktEvent } from '../../../src/events/table.ts';
import type { Pane, ServerFace } from '../../../src/tui/pane.ts';
import { electionPane } from '../../../src/tui/panes/election.ts';
import { eventsPane } from '../../../src/tui/panes/events.ts';
import { flowPane } from '../../../src/tui/panes/flow.ts';
import { sessionsPane } from '../../../src/tui/panes/sessions.ts';
import { STORY_START_MS } from '../stories.ts';
import { drawn, taken, textOf, view } from './drawing.ts';

const TEXTS: Readonly<Record<string, string>> = {
  'an escape sequence': '\x1b[2J\x1b]0;owned\x07',
  'text that runs backwards': '/a\u202e\u2066txt.exe',
  'lines and tabs': 'one\ntwo\r\n\tthree\x00',
  'one megabyte': `/${'x'.repeat(1 << 20)}`,
  'wide characters': '漢字/👩‍👩‍👧‍👦/ก็็็็็/é',
  'half a surrogate': '\ud800/\udfff',
  'C1 controls': '\x9b2J\x90q\x9c',
  nothing: '',
};

/**
 * Every event there is, with the text in every field that takes one, and twice: as server 1 and by address.
 */
function eventsWith(text: string): ZktEvent[] {
  let seq = 0;
  return ['1', text.slice(0, 60)].flatMap((node) =>
    EVENT_NAMES.map((name) => {
      const fields = Object.entries(EVENTS[name].fields).map(([field, kind]) => {
        if (kind === 'text') return [field, text];
        if (kind === 'flag') return [field, true];
        if (kind === 'number') return [field, field === 'type' ? 2 : 7];
        return [field, kind === 'sid' ? 2n : 0x100000007n];
      });
      const time = STORY_START_MS + ++seq;
      return { name, node, seq, time, fields: Object.fromEntries(fields) } as ZktEvent;
    }),
  );
}

const face = (text: string, sid: number): ServerFace => ({
  node: sid > 0 ? String(sid) : text.slice(0, 60),
  sid,
  mode: text.slice(0, 20),
  address: text,
  kind: text,
  up: true,
});

function check<S>(pane: Pane<S>): void {
  describe(pane.id, () => {
    for (const [what, text] of Object.entries(TEXTS)) {
      it(`${what} is shown harmless, in every view`, () => {
        const state = taken(pane, eventsWith(text));
        const servers = [face(text, 1), face(text, 2), face(text, -1)];
        const nowMs = STORY_START_MS + 500;
        for (const [width, height] of [
          [80, 19],
          [200, 56],
          [20, 5],
          [1, 1],
          [0, 0],
        ] as const) {
          for (const ascii of [false, true]) {
            for (let sort = ascii ? 1 : 0; sort < pane.sorts.length; sort += 2) {
              const look = view({ width, height, nowMs, servers, ascii, sort });
              const { keys } = drawn(pane, state, look);
              if (width !== 80 && width !== 20) continue;
              for (const key of [...keys.slice(0, 1), ...keys.slice(-1), 'no such key']) {
                drawn(pane, state, { ...look, chosen: key });
                drawn(pane, state, { ...look, drill: key });
                drawn(pane, state, { ...look, drill: key, scroll: 7 });
              }
            }
          }
        }
        drawn(pane, state, view({ nowMs, servers, filter: text.slice(0, 100) }));
        drawn(pane, state, view({ nowMs, servers, filter: 'no such text' }));
      });
    }

    it('what is kept of a megabyte is small', () => {
      const state = pane.create();
      const text = 'y'.repeat(1 << 20);
      let kept = 0;
      const count = (it: unknown, seen: Set<unknown>): void => {
        if (typeof it === 'string') kept = Math.max(kept, it.length);
        if (typeof it !== 'object' || it === null || seen.has(it)) return;
        seen.add(it);
        const inside = it instanceof Map ? [...it.keys(), ...it.values()] : Object.values(it);
        for (const each of it instanceof Set ? it : inside) count(each, seen);
      };
      for (const each of eventsWith(text)) if (pane.names.includes(each.name)) pane.take(state, each);
      count(state, new Set());
      expect(kept).toBeLessThan(1_100);
    });

    it('an empty one is drawn and says that there is nothing', () => {
      const text = textOf(drawn(pane, pane.create(), view()));
      expect(text).toMatch(/no |nothing|yet/i);
    });
  });
}

check(electionPane);
check(flowPane);
check(sessionsPane);
check(eventsPane);
