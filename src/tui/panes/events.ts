/**
 * The pane of events: the stream as it comes, and the fields of the chosen event. What is important is kept
 * apart from what a busy server tells by the thousand, so that the one does not push the other out.
 */
import { hex0x } from '../../base/brands.ts';
import { Ring } from '../../base/ring.ts';
import { EVENT_NAMES, EVENTS, type EventLevel, type EventName, type ZktEvent } from '../../events/table.ts';
import { durationText } from '../../formatters/duration-text.ts';
import { wordsOf } from '../../formatters/event-words.ts';
import { countText, percentText } from '../../formatters/quantity-text.ts';
import { timeText } from '../../formatters/time-text.ts';
import { sparkline } from '../charts.ts';
import { eventText, LEVEL_TONE } from '../event-line.ts';
import { fitLines, scrolled } from '../fit.ts';
import { kept } from '../kept.ts';
import { cell, clip, type Line, mark, span, windowStart } from '../lines.ts';
import { nodeName } from '../node-name.ts';
import type { Pane, PaneDrawing, PaneView } from '../pane.ts';
import { PerSecond } from '../per-second.ts';
import { Seen } from '../seen.ts';
import { wrapText } from '../wrap.ts';

/** Events of level info and above that are kept. */
export const IMPORTANT_MAX = 1_000;
/** Events below info that are kept. */
export const OTHERS_MAX = 4_000;
/** Seconds of the line of rates. */
const RATE_SECONDS = 60;

const LEVELS: readonly EventLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
const INFO = LEVELS.indexOf('info');
const WARN = LEVELS.indexOf('warn');
/** The number of each event's level. */
const LEVEL_OF = new Map(EVENT_NAMES.map((name) => [name, LEVELS.indexOf(EVENTS[name].level)]));

interface Entry {
  /** Counts what came, from 1. */
  readonly id: number;
  readonly event: ZktEvent;
  /** What a filter looks in; made when one asks. */
  hay?: string;
}

/** What the pane keeps. */
export interface EventsState {
  readonly important: Ring<Entry>;
  readonly others: Ring<Entry>;
  /** Events seen by level. */
  readonly counts: number[];
  readonly rate: PerSecond;
  readonly seen: Seen;
  lastId: number;
}

const SORTS = [
  'all but samples',
  'info and above',
  'warnings',
  'everything',
  'everything, newest first',
] as const;
const NO_SAMPLES = 0;
/** By the index of a sort: the least level it shows. */
const LEAST = [0, INFO, WARN, 0, 0] as const;
const NEWEST_FIRST = 4;
const SAMPLES: ReadonlySet<EventName> = new Set(EVENT_NAMES.filter((name) => name.endsWith('sampled')));

function take(state: EventsState, event: ZktEvent): void {
  state.seen.take(event);
  const level = LEVEL_OF.get(event.name) ?? 0;
  state.counts[level] = (state.counts[level] ?? 0) + 1;
  state.rate.add(event.time);
  (level >= INFO ? state.important : state.others).push({ id: ++state.lastId, event: kept(event) });
}

/** The entries that are shown, by time: streams of several servers come one after another. */
function entriesOf(state: EventsState, view: PaneView): Entry[] {
  const least = LEAST[view.sort] ?? 0;
  const entries: Entry[] = [];
  const wanted = view.filter.toLowerCase();
  const add = (entry: Entry): void => {
    if (least === WARN && (LEVEL_OF.get(entry.event.name) ?? 0) < WARN) return;
    if (view.sort === NO_SAMPLES && SAMPLES.has(entry.event.name)) return;
    if (wanted !== '' && !hayOf(entry).includes(wanted)) return;
    entries.push(entry);
  };
  const { important, others } = state;
  if (least < INFO) for (const entry of others) add(entry);
  for (const entry of important) add(entry);
  entries.sort((a, b) => a.event.time - b.event.time || a.id - b.id);
  return entries;
}

/** An entry while it is kept, shown or not. */
function entryOf(state: EventsState, id: number): Entry | undefined {
  for (const ring of [state.important, state.others])
    for (const entry of ring) if (entry.id === id) return entry;
  return undefined;
}

const hayOf = (entry: Entry): string => {
  const { event } = entry;
  entry.hay ??= `${event.node} ${event.name} ${eventText(event)}`.toLowerCase();
  return entry.hay;
};

function entryLine({ event }: Entry, view: PaneView, nodes: number): Line {
  const tone = LEVEL_TONE[EVENTS[event.name].level];
  const names = view.width >= 120 ? 30 : 25;
  return [
    span(`${timeText(event.time, 'ms')} `, 'dim'),
    cell(event.node, nodes, 'accent'),
    span(' '),
    cell(event.name, names, tone),
    span(' '),
    span(eventText(event), tone === 'bold' ? 'plain' : tone),
  ];
}

function headLines(state: EventsState, view: PaneView, shown: number): Line[] {
  const { rate, counts, seen } = state;
  const counted = LEVELS.map((level, i) =>
    span(` ${level} ${countText(counts[i] ?? 0)} `, (counts[i] ?? 0) > 0 ? LEVEL_TONE[level] : 'dim'),
  );
  const perSecond = rate.last(RATE_SECONDS, view.nowMs);
  const width = Math.max(0, Math.min(RATE_SECONDS, view.width - 62));
  const now = perSecond.at(-2) ?? 0;
  const lines: Line[] = [
    [...counted, span(` ${countText(now)}/s `), span(sparkline(perSecond, width, view.ascii), 'accent')],
  ];
  const losses = seen.losses(view.nowMs);
  const forgotten = state.lastId - state.important.length - state.others.length;
  const parts = [`${countText(shown)} shown`];
  if (forgotten > 0) parts.push(`${countText(forgotten)} older ones forgotten`);
  const line = [span(` ${parts.join(', ')}`, 'dim')];
  for (const { node, share, slow, garbled } of losses) {
    if (share < 1) line.push(span(`  ${nodeName(node)}: ${percentText(share)} of the time seen`, 'warn'));
    if (slow > 0) line.push(span(`  ${nodeName(node)}: ${countText(slow)} lost, we read too slowly`, 'bad'));
    if (garbled > 0) line.push(span(`  ${nodeName(node)}: ${countText(garbled)} not understood`, 'bad'));
  }
  lines.push(line);
  return lines;
}

function draw(state: EventsState, view: PaneView): PaneDrawing {
  const entries = entriesOf(state, view);
  if (view.sort === NEWEST_FIRST) entries.reverse();
  const keys = entries.map(({ id }) => String(id));
  if (view.drill !== undefined) {
    const entry = entryOf(state, Number(view.drill));
    return { lines: fitLines(scrolled(detail(entry, view), view), view), keys };
  }
  const lines = headLines(state, view, entries.length);
  const rows = view.height - lines.length;
  if (entries.length === 0) {
    const why = view.filter === '' ? 'No event yet.' : 'No event matches the filter.';
    return { lines: fitLines([...lines, [span(` ${why}`, 'dim')]], view), keys };
  }
  const chosen = view.chosen === undefined ? -1 : keys.indexOf(view.chosen);
  const bottom = view.sort === NEWEST_FIRST ? 0 : Math.max(0, entries.length - rows);
  const start = chosen < 0 ? bottom : windowStart(entries.length, rows, chosen);
  const visible = entries.slice(start, start + Math.max(0, rows));
  const nodes = Math.min(21, Math.max(1, ...visible.map(({ event }) => span(event.node).width)));
  visible.forEach((entry, i) => {
    const line = clip(entryLine(entry, view, nodes), view.width);
    lines.push(start + i === chosen ? mark(line, view.width) : line);
  });
  return { lines: fitLines(lines, view), keys };
}

function valueText(value: string | number | boolean | bigint, kind: string | undefined): string {
  if (typeof value === 'bigint') return kind === 'sid' ? String(value) : hex0x(value);
  return String(value);
}

/** Everything an event says. */
function detail(entry: Entry | undefined, view: PaneView): Line[] {
  if (entry === undefined) return [[span(' This event is forgotten by now. Esc goes back.', 'warn')]];
  const { event } = entry;
  const { says, level, fields: kinds } = EVENTS[event.name];
  const sentence = wordsOf(event);
  const lines: Line[] = [
    [span(` ${event.name}`, 'head'), span(`  ${level}`, LEVEL_TONE[level])],
    ...wrapText(says, view.width - 2).map((text): Line => [span(` ${text}`)]),
  ];
  if (sentence !== says) {
    for (const text of wrapText(sentence, view.width - 2)) lines.push([span(` ${text}`, 'bold')]);
  }
  lines.push([]);
  const ago = view.nowMs - event.time;
  const facts: [string, string][] = [
    ['server', event.node],
    [
      'time',
      `${timeText(event.time, 'ms')}  (${ago < 0 ? 'ahead of' : durationText(ago)} ${ago < 0 ? 'now' : 'ago'})`,
    ],
    ['seq', String(event.seq)],
  ];
  const fields = Object.entries(event.fields).map(([name, value]): [string, string] => [
    name,
    valueText(value, (kinds as Readonly<Record<string, string>>)[name]),
  ]);
  const names = Math.max(...[...facts, ...fields].map(([name]) => name.length)) + 1;
  for (const [name, value] of [...facts, ...fields]) {
    const texts = wrapText(value, Math.max(8, view.width - names - 3));
    texts.forEach((text, i) => {
      lines.push([span(' '), cell(i === 0 ? name : '', names, 'dim'), span(text)]);
    });
  }
  return lines;
}

/** The pane of events. */
export const eventsPane: Pane<EventsState> = {
  id: 'events',
  title: 'Events',
  names: EVENT_NAMES,
  sorts: SORTS,
  help: [
    'The stream of events of all servers: time, server, name, what happened.',
    'Above: events seen by level, how many a second, and what was lost or never',
    'sent to us. s: without samples, info and above, warnings, everything.',
    'Enter shows every field of the chosen event. Without a choice, the newest',
    'are shown.',
    `The last ${IMPORTANT_MAX} important events and the last ${OTHERS_MAX} others are kept.`,
  ],
  create: () => ({
    important: new Ring<Entry>(IMPORTANT_MAX),
    others: new Ring<Entry>(OTHERS_MAX),
    counts: LEVELS.map(() => 0),
    rate: new PerSecond(RATE_SECONDS + 2),
    seen: new Seen(),
    lastId: 0,
  }),
  take,
  draw,
};
