/**
 * The pane of hot things: paths, clients, sessions and operations by how much they are used, paths and
 * clients by their watches, and storms of sessions. On a small screen the order chooses which of both is
 * shown.
 */
import type { UseKind, UseMeasure } from '../../inspect/hot/use-board.ts';
import type { WatchKind, WatchOrder } from '../../inspect/hot/watch-board.ts';
import { fitLines, scrolled } from '../fit.ts';
import type { Line } from '../lines.ts';
import type { Pane, PaneDrawing, PaneView } from '../pane.ts';
import { hotDetail } from './hot/detail.ts';
import { headLines, RATE_SECONDS } from './hot/head.ts';
import { beside, type Panel, panelLines } from './hot/panels.ts';
import { HOT_NAMES, HotState } from './hot/state.ts';
import { requestsPanel, watchPanel } from './hot/tables.ts';

const MEASURES: readonly UseMeasure[] = ['count', 'bytes', 'writes'];
const ORDERS: readonly WatchOrder[] = ['watches', 'growth', 'age'];
const SORTS = ['requests', 'bytes', 'writes', 'watches', 'growth of watches', 'age of watches'] as const;

/** From this width on both halves of the pane are seen side by side. */
const BOTH_WIDTH = 150;
const BOTH_HEIGHT = 30;
/** More lines would only be blank: each server tells of 20 keys of a kind. */
const HEIGHT_MAX = 80;
const GAP = 2;

/** See the head of the file. */
export const hotPane: Pane<HotState> = {
  id: 'hot',
  title: 'Hot',
  names: HOT_NAMES,
  sorts: SORTS,
  help: [
    'What the ensemble is asked for most, over all servers, in the last 3 seconds.',
    'TREND: the last minute. BYTES: requests and answers. A busy server looks at',
    'one of several requests: counts are then estimates.',
    's goes on to watches: by number, growth and age. Old ones that never fired may',
    'be leaks: yellow. New, back, expired: sessions a second. Red when it is a',
    'storm. Enter: where, by whom, the last minute.',
  ],
  create: () => new HotState(),
  take: (state, event) => state.take(event),
  draw(state, view) {
    if (view.drill !== undefined) {
      const lines = hotDetail(state, view.drill, view);
      return { lines: fitLines(scrolled(lines, view), view), keys: [] };
    }
    return overview(state, view);
  },
};

function overview(state: HotState, view: PaneView): PaneDrawing {
  const head = headLines(state, view);
  const room = Math.min(view.height, HEIGHT_MAX) - head.length;
  const both = view.width >= BOTH_WIDTH && room >= BOTH_HEIGHT;
  const { lines, panels } = both
    ? wholeBoard(state, view, room)
    : view.sort < MEASURES.length
      ? requestsBoard(state, view, room)
      : watchBoard(state, view, room);
  const keys = panels.flatMap(({ items }) => items.map(({ key }) => key));
  return { lines: fitLines([...head, ...lines], view), keys };
}

interface Board {
  readonly lines: Line[];
  readonly panels: readonly Panel[];
}

/** Paths above, clients and operations below them. */
function requestsBoard(state: HotState, view: PaneView, height: number): Board {
  const small = height < 11 ? 0 : Math.max(4, Math.min(8, Math.floor(height / 3)));
  const left = Math.floor((view.width - GAP) / 2);
  const paths = uses(state, view, 'path', view.width);
  const clients = uses(state, view, 'client', left);
  const ops = uses(state, view, 'op', view.width - left - GAP);
  const { chosen } = view;
  const lines = panelLines(paths, height - small, chosen);
  if (small === 0) return { lines, panels: [paths] };
  const below = small - 1;
  lines.push([], ...beside(panelLines(clients, below, chosen), panelLines(ops, below, chosen), left + GAP));
  return { lines, panels: [paths, clients, ops] };
}

/** Watched paths above, who watches below. */
function watchBoard(state: HotState, view: PaneView, height: number): Board {
  const below = height < 8 ? 0 : Math.floor((height - 1) / 2);
  const paths = watches(state, view, 'path', view.width);
  const clients = watches(state, view, 'client', view.width);
  const { chosen } = view;
  const lines = panelLines(paths, below === 0 ? height : height - below - 1, chosen);
  if (below === 0) return { lines, panels: [paths] };
  lines.push([], ...panelLines(clients, below, chosen));
  return { lines, panels: [paths, clients] };
}

/** All of it: use in the upper part, watches in the lower. */
function wholeBoard(state: HotState, view: PaneView, height: number): Board {
  const { chosen, width } = view;
  const left = Math.floor((width - GAP) * 0.58);
  const right = width - left - GAP;
  const below = Math.floor((height - 2) * 0.35);
  const above = height - 2 - below;
  const paths = uses(state, view, 'path', left);
  const others = (['client', 'op', 'session'] as const).map((kind) => uses(state, view, kind, right));
  const each = Math.floor((above - 2) / others.length);
  const column = others.flatMap((panel, i) => {
    const last = i === others.length - 1;
    const lines = panelLines(panel, last ? above - 2 - each * i : each, chosen);
    return last ? lines : [...lines, []];
  });
  const watched = watches(state, view, 'path', left);
  const watchers = watches(state, view, 'client', right);
  const lines = [
    [],
    ...beside(panelLines(paths, above, chosen), column, left + GAP),
    [],
    ...beside(panelLines(watched, below, chosen), panelLines(watchers, below, chosen), left + GAP),
  ];
  return { lines, panels: [paths, ...others, watched, watchers] };
}

const matches = (key: string, { filter }: PaneView): boolean =>
  key.toLowerCase().includes(filter.toLowerCase());

function uses(state: HotState, view: PaneView, kind: UseKind, width: number): Panel {
  const measure = MEASURES[view.sort] ?? 'count';
  const rows = state.uses.rows(kind, measure, RATE_SECONDS).filter(({ key }) => matches(key, view));
  return requestsPanel(kind, rows, measure, { width, ascii: view.ascii });
}

function watches(state: HotState, view: PaneView, kind: WatchKind, width: number): Panel {
  const order = ORDERS[view.sort - MEASURES.length] ?? 'watches';
  const rows = state.watches.rows(kind, order).filter(({ key }) => matches(key, view));
  return watchPanel(kind, rows, { width, ascii: view.ascii });
}
