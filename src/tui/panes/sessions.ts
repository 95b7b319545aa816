/**
 * The pane of sessions: their expiry buckets moving towards now, the sessions that move between them, and a
 * table of sessions with the time each has left.
 */
import { countdownText, durationText } from '../../formatters/duration-text.ts';
import { countText, fullCount, UNKNOWN } from '../../formatters/quantity-text.ts';
import { bar } from '../charts.ts';
import { type Column, fitColumns, rowLine, titleLine } from '../columns.ts';
import { fitLines, scrolled } from '../fit.ts';
import { clip, type Line, mark, type Span, span, windowStart } from '../lines.ts';
import { nodeName } from '../node-name.ts';
import type { Pane, PaneDrawing, PaneView } from '../pane.ts';
import type { PerSecond } from '../per-second.ts';
import { bucketChart, bucketsOf, leftOf, nextTickMs, trackerOf } from './sessions/buckets.ts';
import { sessionDetail } from './sessions/detail.ts';
import {
  type Expiry,
  emptySessions,
  SESSION_NAMES,
  SESSIONS_MAX,
  type SessionRow,
  type SessionsState,
  takeSession,
} from './sessions/state.ts';

/** What has ended is shown that long, ms. */
const ENDED_SHOWN_MS = 5_000;
/** Expiries are told that long, ms. */
const EXPIRY_TOLD_MS = 30_000;
/** A session not heard of for that many timeouts is not shown any more. */
const SILENT_TIMEOUTS = 3;

const SORTS = ['time left', 'id', 'ephemerals', 'watches', 'client'] as const;

const text = (value: number): string => (value < 0 ? UNKNOWN : countText(value));
const clientOf = ({ client, remote }: SessionRow): string =>
  client === '' ? remote : remote === '' ? client : `${client} ${remote}`;
/** Unknown times come last. */
const expiryOf = ({ expiresMs, ended }: SessionRow): number =>
  ended !== undefined ? ended.atMs - 1e9 : expiresMs < 0 ? Number.MAX_SAFE_INTEGER : expiresMs;
const byId = (a: SessionRow, b: SessionRow): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const ORDERS: readonly ((a: SessionRow, b: SessionRow) => number)[] = [
  (a, b) => expiryOf(a) - expiryOf(b) || byId(a, b),
  byId,
  (a, b) => b.ephemerals - a.ephemerals || byId(a, b),
  (a, b) => b.watches - a.watches || byId(a, b),
  (a, b) => (clientOf(a) < clientOf(b) ? -1 : clientOf(a) > clientOf(b) ? 1 : byId(a, b)),
];

function columnsFor({ nowMs }: PaneView): Column<SessionRow>[] {
  const ended = (row: SessionRow) => (row.ended?.how === 'expired' ? 'bad' : 'dim');
  return [
    {
      title: 'SESSION',
      width: 18,
      text: ({ key }) => key,
      tone: (row) => (row.ended !== undefined ? ended(row) : nowMs - row.movedMs < 1000 ? 'accent' : 'plain'),
    },
    { title: 'SRV', width: 3, align: 'right', text: ({ server }) => (server < 0 ? UNKNOWN : String(server)) },
    { title: 'CLIENT', width: 17, grow: 3, text: (row) => clientOf(row) || UNKNOWN },
    {
      title: 'HEARD',
      width: 9,
      from: 110,
      align: 'right',
      text: ({ seenMs }) => durationText(nowMs - seenMs),
    },
    { title: 'TIMEOUT', width: 8, align: 'right', text: ({ timeoutMs }) => durationText(timeoutMs) },
    {
      title: 'LEFT',
      width: 8,
      align: 'right',
      text: (row) => row.ended?.how ?? leftOf(row, nowMs).text,
      tone: (row) => (row.ended !== undefined ? ended(row) : leftOf(row, nowMs).tone),
    },
    {
      title: '',
      width: 6,
      grow: 1,
      text: () => '',
      tone: (row) => leftOf(row, nowMs).tone,
    },
    { title: 'EPH', width: 4, align: 'right', text: ({ ephemerals }) => text(ephemerals) },
    { title: 'WATCH', width: 5, align: 'right', text: ({ watches }) => text(watches) },
  ];
}

/** The bar column is drawn as wide as there is room. */
function tableColumns(view: PaneView): Column<SessionRow>[] {
  const columns = columnsFor(view);
  const width = fitColumns(columns, view.width).find(({ column }) => column.title === '')?.width ?? 0;
  return columns.map((column) =>
    column.title === ''
      ? {
          ...column,
          text: (row) =>
            row.ended === undefined ? bar(leftOf(row, view.nowMs).share, width, view.ascii) : '',
        }
      : column,
  );
}

function rowsOf(state: SessionsState, view: PaneView): SessionRow[] {
  const wanted = view.filter.toLowerCase();
  const rows = [...state.rows.values()].filter((row) => {
    if (row.ended !== undefined) {
      if (view.nowMs - row.ended.atMs > ENDED_SHOWN_MS) return false;
    } else if (row.timeoutMs > 0 && view.nowMs - row.seenMs > SILENT_TIMEOUTS * row.timeoutMs) return false;
    if (wanted === '') return true;
    return `${row.key} ${row.client} ${row.remote} server ${row.server}`.toLowerCase().includes(wanted);
  });
  return rows.sort(ORDERS[view.sort] ?? ORDERS[0]);
}

const lastSecond = (rate: PerSecond, nowMs: number): string => countText(rate.last(2, nowMs)[0] ?? 0);

function headLines(state: SessionsState, view: PaneView, shown: number): Line[] {
  const { nowMs } = view;
  const tracker = trackerOf(state, view);
  const said = Math.max(-1, ...state.totals.values());
  const inBuckets =
    tracker === undefined ? -1 : bucketsOf(tracker).reduce((sum, { sessions }) => sum + sessions, 0);
  const total = Math.max(inBuckets >= 0 ? inBuckets : said, shown);
  const first: Span[] = [
    span(` ${fullCount(total)} session${total === 1 ? '' : 's'}`, 'bold'),
    ...(shown < total ? [span(`, showing ${fullCount(shown)} of ${fullCount(total)}`, 'dim')] : []),
  ];
  if (tracker !== undefined) {
    const next = nextTickMs(tracker, nowMs);
    first.push(
      span(`  buckets of ${nodeName(tracker.node)}, tick ${durationText(tracker.tickMs)}`, 'dim'),
      span(next === undefined ? '' : `  next tick in ${countdownText(next)}`, 'accent'),
    );
  }
  const { rates } = state;
  // Moves are single events: with a budget some of them are not told.
  const least = state.seen.share(nowMs) < 1 ? (view.ascii ? '>=' : '≥') : '';
  const second: Span[] = [
    span(
      ` attached ${lastSecond(rates.attached, nowMs)}/s  moved ${least}${lastSecond(rates.moves, nowMs)}/s  `,
      'dim',
    ),
  ];
  const expired = rates.expired.last(60, nowMs).reduce((sum, n) => sum + n, 0);
  second.push(span(`expired ${countText(expired)}/min`, expired > 0 ? 'bad' : 'dim'));
  const newest = [...state.expiries].reduce<Expiry | undefined>(
    (last, expiry) => (last === undefined || expiry.atMs >= last.atMs ? expiry : last),
    undefined,
  );
  if (newest !== undefined && nowMs - newest.atMs < EXPIRY_TOLD_MS) {
    const who = newest.who === '' ? '' : ` (${newest.who})`;
    second.push(
      span(`  ${newest.key} expired ${durationText(Math.max(0, nowMs - newest.atMs))} ago${who}`, 'bad'),
    );
  }
  return [first, second];
}

function draw(state: SessionsState, view: PaneView): PaneDrawing {
  const rows = rowsOf(state, view);
  const keys = rows.map(({ key }) => key);
  if (view.drill !== undefined) {
    const row = [...state.rows.values()].find(({ key }) => key === view.drill);
    return { lines: fitLines(scrolled(sessionDetail(row, view), view), view), keys };
  }
  const lines = headLines(state, view, rows.filter(({ ended }) => ended === undefined).length);
  const chartRows = Math.max(3, Math.min(10, Math.floor((view.height - 6) / 3)));
  const chart = view.height >= 12 ? bucketChart(state, view, chartRows) : [];
  lines.push(...chart);
  if (chart.length === 0 && view.height >= 12) {
    const none = state.totals.size > 0 && Math.max(...state.totals.values()) === 0;
    const why = none ? 'No session: nothing can expire.' : 'No server has told its expiry buckets.';
    lines.push([span(` ${why}`, 'dim')], []);
  }
  const fitted = fitColumns(tableColumns(view), view.width);
  lines.push(titleLine(fitted));
  const room = Math.max(0, view.height - lines.length);
  const chosen = view.chosen === undefined ? -1 : keys.indexOf(view.chosen);
  const start = windowStart(rows.length, room, chosen);
  rows.slice(start, start + room).forEach((row, i) => {
    const line = clip(rowLine(fitted, row), view.width);
    lines.push(start + i === chosen ? mark(line, view.width) : line);
  });
  if (rows.length === 0) {
    lines.push([
      span(view.filter === '' ? ' No session is known.' : ' No session matches the filter.', 'dim'),
    ]);
  }
  return { lines: fitLines(lines, view), keys };
}

/** The pane of sessions. */
export const sessionsPane: Pane<SessionsState> = {
  id: 'sessions',
  title: 'Sessions',
  names: SESSION_NAMES,
  sorts: SORTS,
  help: [
    'Above: expiry buckets, a bar each with its number of sessions; now is at the',
    'left. A bar that arrives there expires its sessions. A session that is heard of',
    'moves to a later bucket (arrow). Yellow: due at the next tick. Red: due.',
    'Below: the sessions. LEFT ticks down until the session is heard of again.',
    'Enter: everything known of a session, and its last events.',
    `At most ${fullCount(SESSIONS_MAX)} sessions are kept, those next to expire first.`,
    'What no server told is shown as -.',
  ],
  create: emptySessions,
  take: takeSession,
  draw,
};
