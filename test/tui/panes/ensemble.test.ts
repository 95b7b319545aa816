import { describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import { plainLine } from '../../../src/tui/app/paint.ts';
import { lineWidth } from '../../../src/tui/lines.ts';
import { Model } from '../../../src/tui/model.ts';
import type { PaneView } from '../../../src/tui/pane.ts';
import { ensemblePane } from '../../../src/tui/panes/ensemble.ts';
import { sampled } from '../samples.ts';
import { event, STORY_START_MS } from '../stories.ts';

const SMALL = { width: 80, height: 20 };
const LARGE = { width: 200, height: 56 };
const NOW = STORY_START_MS;
const NONE = { chosen: undefined, drill: undefined, scroll: 0, filter: '', sort: 0, ascii: false };

function modelOf(events: Iterable<ZktEvent>): Model {
  const model = new Model([ensemblePane]);
  for (const each of events) model.take(each);
  model.nowMs = NOW;
  return model;
}

const draw = (model: Model, view: Partial<PaneView> = {}): string[] =>
  model.draw(0, { ...NONE, ...SMALL, ...view }).lines.map((line) => plainLine(line).trimEnd());

/** Two minutes of three servers with a wave of load; the disk of server 2 gets slow at the end. */
function* twoMinutes(): Generator<ZktEvent> {
  const told = (sid: number, kind: string) =>
    event('source.connected', { address: `10.0.0.${sid}:2181`, kind, version: '3.8' }, at(sid, -120));
  yield told(1, 'zkt');
  yield told(2, 'zkt');
  yield told(3, 'apache');
  yield event(
    'source.limited',
    { address: '', what: 'percentiles: it tells averages since its start' },
    at(3, -120),
  );
  yield event('source.limited', { address: '', what: 'single requests: it tells no events' }, at(3, -120));
  for (let second = -119; second <= 0; second++) {
    const wave = 1 + Math.sin(second / 15);
    const time = NOW + second * 1000;
    yield sampled(
      '1',
      { mode: 'leader', zxid: 0x100000000n + BigInt(500 + second), requestsPerS: 900 * wave },
      time,
    );
    const slow = second > -20;
    yield sampled(
      '2',
      {
        requestsPerS: 400 * wave,
        fsyncP99Ms: slow ? 48 : 2,
        latencyP99Ms: slow ? 61 : 3,
        zxid: 0x1000001e0n,
      },
      time,
    );
    const unknown = { latencyP50Ms: -1, latencyP99Ms: -1, fsyncP99Ms: -1, heapBytes: -1, cpuPercent: -1 };
    yield sampled('3', { kind: 'apache', ...unknown, requestsPerS: 20, epoch: -1 }, time);
  }
  yield event('loop.stalled', { ms: 480 }, at(1, -10));
  yield event('log.slow-sync', { file: 'log.100000001', ms: 1_204 }, at(2, -8));
}
const at = (sid: number, second: number) => ({ node: String(sid), time: NOW + second * 1000 });

describe('screens', () => {
  it.each([
    ['80x20', SMALL, {}],
    ['200x56', LARGE, {}],
    ['80x20-ascii', SMALL, { ascii: true }],
    ['80x20-server', SMALL, { drill: '2' }],
    ['200x56-server', LARGE, { drill: '2' }],
    ['200x56-apache', LARGE, { drill: '3' }],
  ] as const)('%s', async (name, size, view) => {
    const shown = draw(modelOf(twoMinutes()), { ...size, ...view });
    if (!('drill' in view)) expect(shown.length).toBeLessThanOrEqual(size.height);
    await expect(`${shown.join('\n')}\n`).toMatchFileSnapshot(`golden/ensemble-${name}.txt`);
  });
  it('fit in any size', () => {
    const model = modelOf(twoMinutes());
    for (const width of [20, 39, 40, 60, 79, 80, 81, 120, 132, 160, 250]) {
      for (const height of [1, 2, 3, 5, 8, 13, 20, 40, 80]) {
        const { lines } = model.draw(0, { ...NONE, width, height });
        expect(lines.length, `${width}x${height}`).toBeLessThanOrEqual(height);
        if (width < 79) continue;
        for (const line of lines.slice(1, 5))
          expect(lineWidth(line), `${width}x${height}`).toBeLessThanOrEqual(width);
      }
    }
  });
  it('are ASCII where that is all there is', () => {
    const model = modelOf(twoMinutes());
    for (const view of [{}, { drill: '2' }, { drill: '3' }, LARGE]) {
      for (const line of draw(model, { ...view, ascii: true })) expect(line).toMatch(/^[\x20-\x7e]*$/);
    }
  });
});

describe('rows', () => {
  const three = () =>
    modelOf([
      sampled('1', { mode: 'leader', requestsPerS: 5, connections: 9, latencyP99Ms: 1 }),
      sampled('2', { requestsPerS: 50, connections: 1, latencyP99Ms: 2 }),
      sampled('3', { requestsPerS: 20, connections: 4, latencyP99Ms: 9 }),
    ]);
  const keys = (model: Model, view: Partial<PaneView>) => model.draw(0, { ...NONE, ...SMALL, ...view }).keys;

  it.each([
    [0, ['1', '2', '3']],
    [1, ['2', '3', '1']],
    [2, ['3', '2', '1']],
    [4, ['1', '3', '2']],
  ] as const)('in order %i', (sort, expected) => {
    expect(keys(three(), { sort })).toEqual(expected);
  });
  it.each([
    ['leader', ['1']],
    ['10.0.0.3', ['3']],
    ['FOLLOWER', ['2', '3']],
    ['nothing', []],
  ] as const)('that contain %s', (filter, expected) => {
    expect(keys(three(), { filter })).toEqual(expected);
  });
  it('scroll with what is chosen', () => {
    const many = modelOf(Array.from({ length: 40 }, (_, i) => sampled(String(i + 1))));
    const shown = draw(many, { chosen: '40' });
    expect(shown.some((line) => /^\s+40 /.test(line))).toBe(true);
    expect(shown.length).toBeLessThanOrEqual(20);
  });
  it('show the address where there is no id', () => {
    const model = modelOf([
      event('source.lost', { address: 'zk9:2181', why: 'refused' }, { node: 'zk9:2181' }),
    ]);
    expect(draw(model).join('\n')).toMatch(/zk9:2181 +down/);
  });
});

describe('what is wrong', () => {
  /** What is said of an ensemble of three, the last of which was sampled with `fields`, after `events`. */
  const check = (
    fields: Parameters<typeof sampled>[1],
    events: readonly ZktEvent[],
    said: readonly string[],
  ) => {
    const model = modelOf([sampled('1', { mode: 'leader' }), sampled('2'), sampled('3', fields), ...events]);
    expect(model.problems().map(({ text }) => text)).toEqual(said);
  };
  const third = { node: '3' };

  it('is nothing where all is well', () => check({}, [], []));
  const measured: readonly (readonly [Parameters<typeof sampled>[1], string])[] = [
    [{ fsyncP99Ms: 48 }, 'slow disk: 1 fsync in 100 takes 48 ms or more'],
    [{ zxid: 0x100000001n - 1n, latencyP99Ms: 250 }, 'slow: 1 request in 100 takes 250 ms or more'],
    [{ outstanding: 1_203 }, '1 203 requests wait in it'],
    [{ throttledPerS: 2 }, 'it throttles: too many requests are in flight'],
    [{ cpuPercent: 99 }, 'it is at 99 % of a core'],
    [{ mode: 'read-only' }, 'read-only: it is cut off from its quorum'],
    [{ sessionsExpiredPerS: 40 }, '40 sessions expire in a second'],
  ];
  it.each(measured.map(([fields, said]) => ({ fields, said })))('$said', ({ fields, said }) =>
    check(fields, [], [`server 3: ${said}`]),
  );
  const happenings: readonly (readonly [ZktEvent, string])[] = [
    [event('loop.stalled', { ms: 480 }, third), 'stalled once in a minute, for up to 480 ms'],
    [event('loop.gc', { kind: 'major', ms: 130 }, third), 'garbage collection held it for 130 ms'],
    [
      event('log.slow-sync', { file: 'log.1', ms: 1_204 }, third),
      'slow fsync once in a minute, for up to 1.2 s',
    ],
    [event('disk.full', { file: 'log.1', message: 'ENOSPC' }, third), 'its disk is full; writes are refused'],
    [
      event('request.throttled', { outstanding: 1, limit: 'x' }, third),
      'it throttled clients once in a minute',
    ],
    [
      event('source.refused', { address: '', why: 'a token is wanted' }, third),
      'does not answer us: a token is wanted',
    ],
    [
      event('peer.state', { state: 'LOOKING', leader: -1n }, third),
      'it looks for a leader and does not serve',
    ],
    [event('server.stopping', { reason: 'SIGTERM' }, third), 'it is stopping'],
    [event('server.stopped', { zxid: 1n }, third), 'it has stopped'],
    [
      event('source.lost', { address: '', why: 'refused' }, { ...third, time: NOW - 7_000 }),
      'does not answer for 7s: refused',
    ],
  ];
  it.each(happenings.map(([happened, said]) => ({ happened, said })))('$said', ({ happened, said }) =>
    check({}, [happened], [`server 3: ${said}`]),
  );

  it('is said of a lag that lasts', () => {
    const lag = { sid: 3n, kind: 'follower', phase: 'synced', acked: 1n, lag: 4_000, queuedBytes: 0 };
    check(
      {},
      [event('zab.learner-sampled', lag)],
      ['server 3: lagging: 4 000 transactions behind the leader'],
    );
    check({ zxid: 0x0fffffff0n }, [], []);
    check({ zxid: 0x100000001n - 300n }, [], []);
  });
  it('is forgotten when it is over', () => {
    const model = modelOf([
      sampled('1', { mode: 'standalone' }),
      event('loop.stalled', { ms: 480 }, { time: NOW - 61_000 }),
      event('disk.full', { file: 'a', message: 'x' }),
      event('disk.recovered', { file: 'a' }),
    ]);
    expect(model.problems()).toEqual([]);
  });
  it('is said of the whole first', () => {
    const lost = (node: string) => event('source.lost', { address: '', why: 'refused' }, { node });
    const model = modelOf([
      sampled('1'),
      sampled('2'),
      event('peer.state', { state: 'LOOKING', leader: -1n }, { node: '2' }),
      lost('1'),
      lost('3'),
    ]);
    expect(model.problems()[0]).toEqual({
      node: '',
      tone: 'bad',
      text: expect.stringContaining('no leader, so no quorum'),
    });
    expect(modelOf([lost('1'), lost('2')]).problems()[0]?.text).toBe('no server answers');
  });
  it('is that nobody leads, once all were heard', () => {
    const said = (...events: readonly ZktEvent[]) =>
      modelOf(events)
        .problems()
        .map(({ text }) => text);
    const lost = event('source.lost', { address: '', why: 'refused' }, { node: '3', time: NOW - 1_000 });
    expect(said(sampled('1'), sampled('2'), lost)[0]).toBe('no leader');
    expect(said(sampled('1'), sampled('2', { mode: 'leader' }))).toEqual([]);
    expect(
      said(sampled('1'), event('source.connected', { address: '', kind: 'zkt', version: '' }, { node: '2' })),
    ).toEqual([]);
  });
  it('is silence, too', () => {
    const model = modelOf([sampled('1', { mode: 'standalone' }, NOW - 9_000)]);
    expect(model.problems().map(({ text }) => text)).toEqual(['server 1: no news of it for 9s']);
  });
});

describe('hostile words', () => {
  const evil = '\x1b]0;owned\x07\x1b[2J\u202eabc\nmore\u200b';
  it('never reach the screen raw', () => {
    const model = modelOf([
      sampled('1', { version: evil, mode: evil, address: evil, kind: evil }),
      event('source.lost', { address: evil, why: evil }, { node: evil }),
      event('source.limited', { address: evil, what: evil }),
      event('server.failed', { code: evil, message: evil }, { node: '1' }),
      event('config.warning', { file: evil, line: 1, message: evil }, { node: '1' }),
    ]);
    for (const view of [{}, { drill: '1' }, { drill: evil }, LARGE]) {
      for (const line of draw(model, { height: 500, ...view })) {
        expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u200b\u202e]/);
      }
    }
  });
});

it('holds no more of a server than its limits say', () => {
  const model = modelOf(
    (function* () {
      for (let i = 0; i < 20_000; i++) {
        yield event(
          'config.warning',
          { file: `f${i}`, line: i, message: `m${i}` },
          { time: NOW + i * 20_000 },
        );
        yield event('source.limited', { address: '', what: `w${i}` });
      }
    })(),
  );
  const server = model.ensemble?.servers.get('1');
  expect([server?.told.length, server?.limits.size]).toEqual([50, 24]);
});
