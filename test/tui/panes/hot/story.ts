/** A minute of samples of three servers, as the pane of hot things gets them. */
import { Prng } from '../../../../src/base/prng.ts';
import type { ZktEvent } from '../../../../src/events/table.ts';
import type { PaneView } from '../../../../src/tui/pane.ts';
import { type HotState, HotState as State } from '../../../../src/tui/panes/hot/state.ts';
import { event, faces, STORY_START_MS } from '../../stories.ts';

const SAMPLE = {
  kind: 'zkt',
  version: '3.8.0-zkt',
  mode: 'follower',
  sid: 1n,
  address: '10.0.0.1:2181',
  epoch: 1,
  zxid: 0x100000001n,
  connections: 400,
  outstanding: 0,
  nodes: 1000,
  watches: 900,
  ephemerals: 12,
  sessions: 1203,
  requestsPerS: 1000,
  writesPerS: 100,
  bytesInPerS: 1e5,
  bytesOutPerS: 1e6,
  latencyP50Ms: 0.1,
  latencyP99Ms: 1,
  latencyMaxMs: 2,
  fsyncsPerS: 50,
  fsyncP99Ms: 1,
  sessionsCreatedPerS: 2,
  sessionsResumedPerS: 0,
  sessionsExpiredPerS: 0,
  throttledPerS: 0,
  heapBytes: 5e7,
  rssBytes: 1e8,
  cpuPercent: 20,
  loopP99Ms: 1,
  openFiles: 500,
  uptimeMs: 1e6,
};

/** A key, how often it is asked for in a second, its share of writes, bytes of each request. */
type Use = readonly [key: string, perS: number, writes: number, bytes: number];
const USES: Readonly<Record<string, readonly Use[]>> = {
  path: [
    ['/app/config/feature-flags', 2400, 0, 3200],
    ['/app/locks/orders/leader', 800, 0.5, 120],
    ['/services/payments/instances', 410, 0, 900],
    ['/queues/mail/in', 300, 1, 400],
    ['/app/config/limits', 95, 0, 150],
    ['/odd/\u001b[31mname\u202e/x', 40, 0, 80],
    [
      '/a/path/that/is/much/longer/than/any/column/of/any/screen/of/eighty/columns/would/ever/hold',
      12,
      0,
      90,
    ],
  ],
  client: [
    ['orders-svc@10.2.0.17', 2100, 0.1, 1500],
    ['10.2.0.4', 1200, 0.3, 600],
    ['mailer@10.2.0.9', 310, 1, 400],
  ],
  session: [
    ['0x1000a2b3c4d0001', 1900, 0.1, 1500],
    ['0x2000a2b3c4d0007', 900, 0.2, 500],
  ],
  op: [
    ['getData', 3000, 0, 2500],
    ['setData', 450, 1, 300],
    ['exists', 350, 0, 120],
    ['create2', 150, 1, 200],
    ['multi', 107, 1, 900],
  ],
};
type Watch = readonly [
  kind: string,
  key: string,
  watches: number,
  perS: number,
  never: number,
  oldestS: number,
];
const WATCHES: readonly Watch[] = [
  ['path', '/app/config/feature-flags', 310, 0, 0, 200],
  ['path', '/jobs/4711/done', 80, 4, 80, 7_300],
  ['path', '/services/payments/instances', 44, 0, 0, 65],
  ['client', 'orders-svc@10.2.0.17:53112', 300, 4, 290, 7_300],
  ['client', '10.2.0.4:40022', 12, 0, 0, 40],
];

/** How the minute ends. */
export interface Minute {
  readonly storm?: boolean;
  readonly seconds?: number;
}

/** The events of the minute. */
export function minute({ storm = false, seconds = 60 }: Minute = {}): ZktEvent[] {
  const events: ZktEvent[] = [];
  const random = new Prng(3);
  for (let s = 1; s <= seconds; s++) {
    for (const node of ['1', '2', '3']) {
      const at = { node, time: STORY_START_MS + s * 1000 + Number(node) };
      const wave = (1 + 0.4 * Math.sin(s / 6 + Number(node))) * (0.9 + random.next() / 5);
      const resumed = storm && s > seconds - 6 ? 90 * (s - seconds + 6) : 0;
      const expired = storm && s === seconds - 6 ? 40 : 0;
      const rates = { sessionsResumedPerS: resumed, sessionsExpiredPerS: expired };
      events.push(event('server.sampled', { ...SAMPLE, sid: BigInt(node), ...rates }, at));
      for (const [kind, uses] of Object.entries(USES)) {
        for (const [key, perS, writes, bytes] of uses) {
          const count = Math.round((perS * wave) / 3);
          const sums = { count, writes: Math.round(count * writes), bytes: count * bytes, ms: 1000 };
          events.push(event('hot.sampled', { kind, key, ...sums }, at));
        }
      }
      for (const [kind, key, base, perS, never, oldestS] of WATCHES) {
        if (kind === 'client' && node !== '1') continue;
        const watches = base + perS * s;
        const neverFired = never === 0 ? 0 : never + perS * s;
        const more = { oldestMs: (oldestS + s) * 1000, added: perS, fired: never === 0 ? 3 : 0 };
        events.push(event('watch.sampled', { kind, key, watches, neverFired, ...more }, at));
      }
    }
  }
  return events;
}

/** A state that has taken these events. */
export function told(events: readonly ZktEvent[]): HotState {
  const state = new State();
  for (const each of events) state.take(each);
  return state;
}

/** A view of the end of the minute. */
export const viewOf = (more: Partial<PaneView> = {}): PaneView => ({
  width: 80,
  height: 20,
  nowMs: STORY_START_MS + 60_400,
  servers: faces(3),
  chosen: undefined,
  drill: undefined,
  scroll: 0,
  filter: '',
  sort: 0,
  ascii: false,
  ...more,
});
