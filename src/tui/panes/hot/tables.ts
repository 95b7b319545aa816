/** The tables of the pane: what is used, and what is watched. */
import { bytesText, countText, percentText, spanText } from '../../../formatters/quantity-text.ts';
import type { UseKind, UseMeasure, UseRow } from '../../../inspect/hot/use-board.ts';
import type { WatchKind, WatchRow } from '../../../inspect/hot/watch-board.ts';
import { bar, sparkline } from '../../charts.ts';
import type { Column } from '../../columns.ts';
import type { Tone } from '../../lines.ts';
import { type Panel, panelOf } from './panels.ts';

/** How a table is drawn. */
export interface TableLook {
  readonly width: number;
  readonly ascii: boolean;
}

/** Widths from which a table has more columns. */
const FULL = 66;
const WIDE = 96;
/** A watch that old which never fired may be forgotten, ms. */
const FORGOTTEN_MS = 60_000;

const USE_TITLES: Readonly<Record<UseKind, string>> = {
  path: 'PATH',
  client: 'CLIENT',
  session: 'SESSION',
  op: 'OPERATION',
};
const WATCH_TITLES: Readonly<Record<WatchKind, string>> = { path: 'WATCHED PATH', client: 'WATCHING CLIENT' };

/** Paths that begin alike are told apart by their ends, clients by their names. */
const cutOf = (kind: UseKind | WatchKind): 'left' | 'middle' => (kind === 'path' ? 'middle' : 'left');

/** The key of a row, unique over all tables. */
const hotKey = ({ kind, key }: Pick<UseRow, 'kind' | 'key'>): string => `${kind}:${key}`;
/** See `hotKey`. */
const watchKey = ({ kind, key }: Pick<WatchRow, 'kind' | 'key'>): string =>
  `${kind === 'path' ? 'watched' : 'watcher'}:${key}`;

/** What a measure counts is drawn in its own column. */
export function requestsPanel(
  kind: UseKind,
  rows: readonly UseRow[],
  measure: UseMeasure,
  { width, ascii }: TableLook,
): Panel {
  const most = rows[0]?.use[measure] ?? 0;
  const bars = width >= WIDE ? 12 : 8;
  const trend = width >= WIDE ? 20 : 10;
  const by = (column: UseMeasure): Tone => (column === measure ? 'bold' : 'plain');
  const columns: Column<UseRow>[] = [
    { title: USE_TITLES[kind], width: 8, grow: 1, align: cutOf(kind), text: ({ key }) => key },
    number('REQ/S', 6, ({ use }) => countText(use.count), by('count')),
    {
      title: '',
      width: bars,
      tone: () => 'accent',
      text: ({ use }) => bar(share(use[measure], most), bars, ascii),
    },
    number('SHARE', 5, (row) => percentText(row.share), 'plain'),
    ...(width < FULL && measure === 'count'
      ? []
      : [
          number<UseRow>('WRITES', 6, ({ use }) => countText(use.writes), by('writes')),
          number<UseRow>('BYTES', 6, ({ use }) => bytesText(use.bytes), by('bytes')),
        ]),
    ...(width < FULL
      ? []
      : [
          {
            title: 'TREND',
            width: trend,
            tone: (): Tone => 'dim',
            text: ({ history }: UseRow) => sparkline(trendOf(history(), trend), trend, ascii),
          },
        ]),
    ...(width < WIDE
      ? []
      : [
          {
            title: 'SERVERS',
            width: 8,
            text: ({ nodes }: UseRow) =>
              nodes
                .map(({ node }) => node)
                .sort()
                .join(' '),
          },
        ]),
  ];
  return panelOf(columns, rows, { width, empty: 'none', keyOf: hotKey });
}

/** The table of watches. */
export function watchPanel(kind: WatchKind, rows: readonly WatchRow[], { width, ascii }: TableLook): Panel {
  const most = rows.reduce((max, { watches }) => Math.max(max, watches), 0);
  const bars = width >= WIDE ? 12 : 8;
  const trend = width >= WIDE ? 15 : 10;
  const columns: Column<WatchRow>[] = [
    { title: WATCH_TITLES[kind], width: 12, grow: 1, align: cutOf(kind), text: ({ key }) => key },
    number('WATCHES', 7, ({ watches }) => countText(watches), 'bold'),
    {
      title: '',
      width: bars,
      tone: () => 'accent',
      text: ({ watches }) => bar(share(watches, most), bars, ascii),
    },
    {
      title: 'NEVER FIRED',
      width: 11,
      align: 'right',
      text: ({ neverFired, watches }) => (neverFired === watches ? 'all' : countText(neverFired)),
      tone: neverTone,
    },
    { ...number<WatchRow>('OLDEST', 7, ({ oldestMs }) => spanText(oldestMs), 'plain'), tone: neverTone },
    {
      title: 'PER MIN',
      width: 7,
      align: 'right',
      text: ({ growthPerMin }) => growthText(growthPerMin),
      tone: ({ growthPerMin }) => (growthPerMin >= 1 ? 'warn' : 'dim'),
    },
    ...(width < FULL
      ? []
      : [
          {
            title: 'TREND',
            width: trend,
            tone: (): Tone => 'dim',
            text: ({ history }: WatchRow) => sparkline(trendOf(history, trend), trend, ascii),
          },
        ]),
    ...(width < WIDE
      ? []
      : [
          number<WatchRow>('FIRED/S', 7, ({ fired }) => countText(fired), 'plain'),
          { title: 'SERVERS', width: 7, text: ({ nodes }: WatchRow) => nodes.join(' ') },
        ]),
  ];
  return panelOf(columns, rows, { width, empty: 'nobody watches anything', keyOf: watchKey });
}

/** Warns of what may be forgotten. */
export const neverTone = ({ neverFired, oldestMs }: WatchRow): Tone =>
  neverFired <= 0 ? 'dim' : oldestMs >= FORGOTTEN_MS ? 'warn' : 'plain';

/** `+120`, `-3`, `0`. */
export const growthText = (perMin: number): string => {
  const whole = Math.round(perMin);
  return whole === 0 ? '0' : `${whole < 0 ? '-' : '+'}${countText(Math.abs(whole))}`;
};

/** A minute in fewer columns: the mean of each part, of what is known of it (not below 0). */
function trendOf(history: readonly number[], columns: number): number[] {
  const width = Math.max(1, Math.ceil(history.length / columns));
  const parts: number[] = [];
  for (let end = history.length; end > 0; end -= width) {
    const part = history.slice(Math.max(0, end - width), end).filter((value) => value >= 0);
    const sum = part.reduce((all, value) => all + value, 0);
    parts.unshift(part.length === 0 ? -1 : sum / part.length);
  }
  return parts;
}

const share = (value: number, most: number): number => (most > 0 ? value / most : 0);

const number = <T>(title: string, width: number, text: (row: T) => string, tone: Tone): Column<T> => ({
  title,
  width,
  align: 'right',
  text,
  tone: () => tone,
});
