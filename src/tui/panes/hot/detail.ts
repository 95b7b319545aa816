/** One path, client, session or operation: where, by whom, and how it went in the last minute. */
import { durationText } from '../../../formatters/duration-text.ts';
import { bytesText, countText, fullCount, percentText } from '../../../formatters/quantity-text.ts';
import { USE_KINDS, type UseKind, type UseRow } from '../../../inspect/hot/use-board.ts';
import type { WatchRow } from '../../../inspect/hot/watch-board.ts';
import { bar } from '../../charts.ts';
import { AXIS_WIDTH, chart } from '../../history-chart.ts';
import { cell, type Line, span } from '../../lines.ts';
import type { PaneView } from '../../pane.ts';
import type { Part } from './askers.ts';
import { RATE_SECONDS } from './head.ts';
import type { HotState } from './state.ts';
import { growthText, neverTone } from './tables.ts';

/** Seconds in the charts, and their height. */
const CHART_SECONDS = 60;
const CHART_ROWS = 5;
/** Parts of a list that are shown. */
const PARTS_SHOWN = 10;
const LABEL = 14;
const BAR = 20;

const WORDS: Readonly<Record<UseKind, string>> = {
  path: 'path',
  client: 'client',
  session: 'session',
  op: 'operation',
};

/** The lines of what a key (`hotKey`, `watchKey`) names. */
export function hotDetail(state: HotState, drill: string, view: PaneView): Line[] {
  const at = drill.indexOf(':');
  const what = drill.slice(0, at);
  const key = drill.slice(at + 1);
  const kind = what === 'watched' ? 'path' : (USE_KINDS.find((it) => it === what) ?? 'client');
  const word = what === 'watcher' ? 'client' : WORDS[kind];
  const use = what === 'watcher' ? undefined : find(state.uses.rows(kind, 'count', RATE_SECONDS), key);
  const watch =
    what === 'watcher' || kind === 'client'
      ? find(state.watches.rows('client', 'watches'), key)
      : kind === 'path'
        ? find(state.watches.rows('path', 'watches'), key)
        : undefined;
  const lines: Line[] = [[span(` ${word} `, 'dim'), span(key, 'head')], []];
  if (use !== undefined) lines.push(...trafficLines(use, view));
  else if (what !== 'watcher') lines.push([span(' Not among the most used at the moment.', 'dim')], []);
  if (watch !== undefined) lines.push(...watchLines(watch, view));
  else if (kind === 'path') lines.push([span(' Not among the most watched paths.', 'dim')], []);
  if (kind === 'path' && what !== 'watcher') lines.push(...askerLines(state, key, view));
  return lines;
}

const find = <T extends { readonly key: string }>(rows: readonly T[], key: string): T | undefined =>
  rows.find((row) => row.key === key);

function trafficLines(row: UseRow, view: PaneView): Line[] {
  const { use, share, nodes } = row;
  const all = nodes.reduce((sum, { perS }) => sum + perS, 0);
  const servers = nodes.map(({ node, perS }) => ({
    name: `server ${node}`,
    share: all > 0 ? perS / all : 0,
  }));
  return [
    fact('requests', `${countText(use.count)} a second, ${percentText(share)} of all`),
    fact('writes', `${countText(use.writes)} a second`),
    fact('bytes', `${bytesText(use.bytes)} a second`),
    [],
    [span(' Requests a second, in the last minute', 'head')],
    ...minute(row.history(), view),
    [],
    ...partLines('At which servers', servers, view),
  ];
}

function watchLines(row: WatchRow, view: PaneView): Line[] {
  const { watches, oldestMs, growthPerMin, added, fired, nodes, history } = row;
  const where = `on ${nodes.length === 1 ? 'server' : 'servers'} ${nodes.join(', ')}`;
  const lately = added < 0 ? '' : `; ${added} set and ${fired} fired in the last second`;
  return [
    fact('watches', `${fullCount(watches)}, ${where}`),
    [...fact('never fired', ''), span(neverText(row), neverTone(row))],
    [...fact('oldest', ''), span(durationText(oldestMs), neverTone(row))],
    fact('growth', `${growthText(growthPerMin)} a minute${lately}`),
    [],
    [span(' Watches, in the last minute', 'head')],
    ...minute(history, view),
    [],
  ];
}

function neverText({ neverFired, watches }: WatchRow): string {
  if (neverFired < 0) return 'not told';
  if (neverFired === 0) return 'no: they do fire';
  return neverFired === watches
    ? 'none of them is at a path where any ever fired'
    : `${fullCount(neverFired)} of them are at paths where none ever fired`;
}

function askerLines({ askers }: HotState, path: string, view: PaneView): Line[] {
  const by = askers.askedFor(path);
  if (by === undefined) {
    return [[span(' None of the single requests that were told of was for it.', 'dim')]];
  }
  const { requests, clients, ops } = by;
  return [
    [span(` Of ${fullCount(requests)} requests for it that were told of one by one`, 'dim')],
    [],
    ...partLines('Who asks', clients, view),
    ...partLines('With what', ops, view),
  ];
}

const fact = (what: string, value: string): Line => [span(' '), cell(what, LABEL, 'dim'), span(value)];

function minute(values: readonly number[], { ascii, width }: PaneView): Line[] {
  const columns = Math.max(1, Math.min(CHART_SECONDS, width - AXIS_WIDTH - 1));
  const shown = values.slice(-columns);
  const padded = [...new Array<number>(Math.max(0, columns - shown.length)).fill(-1), ...shown];
  return chart(padded, { rows: CHART_ROWS, ascii, tone: 'accent', text: countText });
}

function partLines(title: string, parts: readonly Part[], { ascii, width }: PaneView): Line[] {
  if (parts.length === 0) return [];
  const name = Math.max(10, Math.min(50, width - BAR - 12));
  const lines: Line[] = parts
    .slice(0, PARTS_SHOWN)
    .map((part) => [
      span(' '),
      cell(part.name, name),
      span(' '),
      span(bar(part.share, BAR, ascii), 'accent'),
      cell(percentText(part.share), 6, 'plain', 'right'),
    ]);
  const more = parts.length - PARTS_SHOWN;
  return [
    [span(` ${title}`, 'head')],
    ...lines,
    ...(more > 0 ? [[span(` and ${more} more`, 'dim')]] : []),
    [],
  ];
}
