import { describe, expect, it } from 'vitest';
import { lineWidth } from '../../../../src/tui/lines.ts';
import type { PaneView } from '../../../../src/tui/pane.ts';
import type { HotState } from '../../../../src/tui/panes/hot/state.ts';
import { hotPane } from '../../../../src/tui/panes/hot.ts';
import { event, faces, STORY_START_MS } from '../../stories.ts';
import { minute, told, viewOf } from './story.ts';

const quiet = told(minute());
const stormy = told(minute({ storm: true }));

const draw = (state: HotState, view: Partial<PaneView> = {}) => hotPane.draw(state, viewOf(view));
const text = (state: HotState, view: Partial<PaneView> = {}): string[] =>
  draw(state, view).lines.map((line) =>
    line
      .map((each) => each.text)
      .join('')
      .trimEnd(),
  );
const golden = (state: HotState, view: Partial<PaneView>, name: string) =>
  expect(`${text(state, view).join('\n')}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
/** The tones of the spans that contain a text. */
const tones = (state: HotState, view: Partial<PaneView>, part: string) =>
  draw(state, view)
    .lines.flat()
    .filter((each) => each.text.includes(part))
    .map(({ tone }) => tone);

describe('the screens', () => {
  it('80x20: what is used', () => golden(quiet, {}, 'used-80x20'));
  it('80x20: what is watched', () => golden(quiet, { sort: 3 }, 'watched-80x20'));
  it('80x20: in ASCII, in a storm, an item chosen', () =>
    golden(stormy, { ascii: true, chosen: 'path:/queues/mail/in' }, 'storm-ascii-80x20'));
  it('200x56: all of it', () => golden(stormy, { width: 200, height: 56 }, 'storm-200x56'));
  it('80x40: a path', () =>
    golden(quiet, { height: 40, drill: 'path:/app/config/feature-flags' }, 'path-80x40'));
  it('80x20: a client that watches', () =>
    golden(quiet, { drill: 'watcher:orders-svc@10.2.0.17:53112' }, 'watcher-80x20'));
});

describe('whatever the view', () => {
  const sizes = [
    [20, 5],
    [40, 8],
    [79, 12],
    [80, 20],
    [120, 31],
    [150, 40],
    [200, 56],
  ] as const;
  it('lines fit the screen and are as many as there is room for', () => {
    for (const [width, height] of sizes) {
      for (let sort = 0; sort < hotPane.sorts.length; sort++) {
        for (const ascii of [false, true]) {
          for (const drill of [undefined, 'path:/queues/mail/in', 'op:multi', 'watched:/none', 'nonsense']) {
            const { lines } = draw(stormy, { width, height, sort, ascii, drill });
            expect(lines.length).toBeLessThanOrEqual(height);
            for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(width);
            if (!ascii) continue;
            for (const line of lines) expect(line.map((it) => it.text).join('')).toMatch(/^[\x20-\x7e]*$/);
          }
        }
      }
    }
  });
  it('foreign names are escaped', () => {
    const all = text(quiet, { height: 40 }).join('\n');
    expect(all).toContain('\\x1b[31mname');
    for (const raw of ['\u001b', '\u202e']) expect(all).not.toContain(raw);
  });
  it('every key leads to a detail that names it', () => {
    const { keys } = draw(quiet, { width: 200, height: 56 });
    expect(keys.length).toBe(7 + 3 + 5 + 2 + 3 + 2);
    expect(new Set(keys).size).toBe(keys.length);
    for (const drill of keys) expect(text(quiet, { drill, width: 200 })[0]?.length).toBeGreaterThan(5);
  });
});

describe('what it says', () => {
  it('the rows are rates of all servers together, in the order asked for', () => {
    const first = (sort: number) => draw(quiet, { sort }).keys[0];
    expect([0, 1, 2, 3, 4, 5].map(first)).toEqual([
      'path:/app/config/feature-flags',
      'path:/app/config/feature-flags',
      'path:/app/locks/orders/leader',
      'watched:/jobs/4711/done',
      'watched:/jobs/4711/done',
      'watched:/jobs/4711/done',
    ]);
  });
  it('a filter leaves out what does not contain it, case aside', () => {
    expect(draw(quiet, { filter: 'MAIL' }).keys).toEqual(['path:/queues/mail/in', 'client:mailer@10.2.0.9']);
    expect(draw(quiet, { filter: 'zzz' }).keys).toEqual([]);
  });
  it('a storm is said, in red', () => {
    expect(text(stormy)[2]).toBe(' ▲ There is a storm of reconnects, 1620 per second.');
    expect(tones(stormy, {}, 'back/s')).toEqual(['bad']);
    expect(tones(quiet, {}, 'back/s')).toEqual(['dim']);
    expect(text(quiet).join('\n')).not.toContain('storm');
  });
  it('old watches that never fired are warned of', () => {
    expect(tones(quiet, { sort: 3 }, ' all')).toEqual(['warn']);
    expect(tones(quiet, { sort: 3 }, '+720')).toEqual(['warn']);
  });
  it('nothing told: says so, and of Apache why', () => {
    const empty = told([]);
    expect(text(empty)[0]).toBe(' No server has told what it is asked for yet.');
    const apache = faces(3).map((face) => ({ ...face, kind: 'apache' }));
    expect(text(quiet, { servers: apache.slice(0, 1) })[0]).toContain('1 of Apache tells less');
  });
  it('servers that have gone silent: said', () => {
    expect(text(quiet, { nowMs: STORY_START_MS + 80_000 })[0]).toContain('No news of what is asked for');
  });
  it('who asks for a path, of the requests told one by one', () => {
    const state = told(minute({ seconds: 5 }));
    const attached = { connection: 1, remote: '10.2.0.17:53112', client: 'orders-svc', timeoutMs: 30_000 };
    state.take(event('session.attached', { session: 1n, ...attached }));
    const request = { cxid: 1, op: 'getData', path: '/app/config/limits', bytes: 40 };
    for (let i = 0; i < 3; i++) state.take(event('request.received', { session: 1n, ...request }));
    state.take(event('request.received', { session: 0x2an, ...request, op: 'exists' }));
    const lines = text(state, { drill: 'path:/app/config/limits', height: 60 }).join('\n');
    expect(lines).toContain('Of 4 requests for it');
    expect(lines).toMatch(/orders-svc@10\.2\.0\.17:53112 .* 75 %/);
    expect(lines).toMatch(/session 0x2a .* 25 %/);
    expect(lines).toMatch(/getData .* 75 %/);
  });
});

describe('bounds', () => {
  it('ten thousand paths and sessions: a few hundred are kept, and drawn quickly', () => {
    const state = hotPane.create();
    for (let i = 0; i < 10_000; i++) {
      const at = { time: STORY_START_MS + i };
      const use = { kind: 'path', key: `/p${i}`, count: 1, writes: 0, bytes: 1, ms: 1000 };
      hotPane.take(state, event('hot.sampled', use, at));
      const request = { session: BigInt(i), cxid: 1, op: 'getData', path: `/p${i}`, bytes: 4 };
      hotPane.take(state, event('request.received', request, at));
    }
    const began = performance.now();
    const { keys } = hotPane.draw(state, viewOf({ nowMs: STORY_START_MS + 10_000 }));
    expect(keys.length).toBeLessThanOrEqual(400);
    expect(performance.now() - began).toBeLessThan(200);
  });
});
