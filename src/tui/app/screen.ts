/** The whole screen as lines: tabs, a pane, what is wrong, keys. Pure: model and states in, lines out. */
import { fullCount, spanText } from '../../formatters/quantity-text.ts';
import { timeText } from '../../formatters/time-text.ts';
import { faceName } from '../faces.ts';
import { clip, cut, type Line, lineWidth, mark, type Span, span, type Tone, widthOf } from '../lines.ts';
import type { Model } from '../model.ts';
import { helpLines } from './help.ts';
import { type Asking, type Drawn, type ShellState, settled, uiOf } from './shell-state.ts';

/** A recording that is being shown. */
export interface Progress {
  readonly startMs: number;
  readonly endMs: number;
  readonly positionMs: number;
  readonly speed: number;
  /** What is wrong with it; undefined when it is whole. */
  readonly fault: string | undefined;
}

/** What is drawn besides the model. */
export interface Surroundings {
  readonly columns: number;
  /** Rows to draw in, at least 1; one less than the terminal has. */
  readonly rows: number;
  readonly ascii: boolean;
  /** Events that wait while the picture stands still. */
  readonly waiting: number;
  /** Set while everything is recorded. */
  readonly recording: { readonly file: string; readonly count: number } | undefined;
  readonly progress: Progress | undefined;
  /** Something to be said for a moment. */
  readonly notice: { readonly text: string; readonly tone: Tone } | undefined;
}

/** A screen, and what keys mean on it. */
export interface Screen {
  readonly lines: readonly Line[];
  readonly drawn: Drawn;
}

/** Below this a pane has no room. */
const COLUMNS_MIN = 40;
const ROWS_MIN = 9;
/** A detail is not counted beyond this. */
const DETAIL_LINES_MAX = 100_000;

/** Draws everything: `rows` lines, none wider than `columns`. */
export function drawScreen(model: Model, state: ShellState, around: Surroundings): Screen {
  const { columns, rows, progress } = around;
  const replay = progress !== undefined;
  const pane = model.panes[state.pane];
  const base = { sorts: pane?.sorts.length ?? 1, replay };
  if (columns < COLUMNS_MIN || rows < ROWS_MIN) {
    const drawn = { ...base, keys: [], height: 1, detailLines: () => 0, helpLines: 0 };
    return { lines: tooSmall(model, around), drawn };
  }
  const bottom = [
    ...(progress === undefined ? [] : [progressLine(progress, around)]),
    statusLine(model, state, around),
  ];
  const height = rows - 2 - bottom.length;
  const ui = uiOf(state);
  const size = { width: columns, height, filter: ui.filter, sort: ui.sort, ascii: around.ascii };
  const view = { ...size, chosen: ui.chosen, drill: ui.drill, scroll: ui.scroll };
  const first = model.draw(state.pane, view);
  // What was chosen may have gone: the item in its place is shown as chosen at once.
  const { chosen } = settled(ui, first.keys);
  const moved = ui.drill === undefined && chosen !== ui.chosen;
  const drawing = moved ? model.draw(state.pane, { ...view, chosen }) : first;
  const help = state.help ? helpLines(pane, replay, around.ascii) : [];
  const body = state.help
    ? help.slice(state.helpScroll, state.helpScroll + height)
    : drawing.lines.slice(0, height);
  const filled = [...body, ...new Array<Line>(Math.max(0, height - body.length)).fill([])];
  const lines = [tabLine(model, state, around), ...filled, ...bottom, footerLine(state, around)];
  const detailLines = (): number =>
    model.draw(state.pane, { ...view, scroll: 0, height: DETAIL_LINES_MAX }).lines.length;
  return {
    lines: lines.map((line) => clip(line, columns)),
    drawn: { ...base, keys: drawing.keys, height, detailLines, helpLines: help.length },
  };
}

function tooSmall(model: Model, { columns, rows }: Surroundings): Line[] {
  const leader = model.servers.find(({ mode, up }) => up && mode === 'leader');
  const up = model.servers.filter((it) => it.up).length;
  const all: Line[] = [
    [span('zkt top', 'bold')],
    [span(`${columns}x${rows + 1} is too small`, 'warn')],
    [span(`needs ${COLUMNS_MIN}x${ROWS_MIN + 1}; q: quit`)],
    [
      span(
        `${up}/${model.servers.length} up, ${leader === undefined ? 'no leader' : `${faceName(leader)} leads`}`,
      ),
    ],
  ];
  return Array.from({ length: rows }, (_, i) => clip(all[i] ?? [], columns));
}

/** `● 1 Ensemble  2 Election …          LIVE 12:34:56`. */
function tabLine(model: Model, state: ShellState, { columns, ascii, progress }: Surroundings): Line {
  const worst = model.problems()[0]?.tone;
  const health: Tone = model.servers.length === 0 ? 'dim' : (worst ?? 'good');
  const dots: Readonly<Partial<Record<Tone, string>>> = { good: 'ok', warn: '!', bad: '!!' };
  const dot = ascii ? (dots[health] ?? '.') : '●';
  const time = timeText(model.nowMs);
  const right: Span[] = state.paused
    ? [span(' PAUSED ', 'chosen'), span(` ${time} `, 'bad')]
    : [
        span(progress === undefined ? 'LIVE ' : 'REPLAY ', progress === undefined ? 'good' : 'accent'),
        span(`${time} `),
      ];
  const room = columns - lineWidth(right) - widthOf(dot) - 2;
  const titles = (short: boolean): Line =>
    model.panes.flatMap(({ title }, i) => {
      const shown = i === state.pane;
      const name = short && !shown ? `${i + 1}` : `${i + 1} ${title}`;
      return [span(` ${name} `, shown ? 'chosen' : 'plain')];
    });
  const tabs = lineWidth(titles(false)) <= room ? titles(false) : clip(titles(true), room);
  const left = [span(' '), span(dot, health), span(' '), ...tabs];
  const gap = columns - lineWidth(left) - lineWidth(right);
  return [...left, span(' '.repeat(Math.max(0, gap))), ...right];
}

/**
 * What must be known now: a line being typed, that the picture stands still, what is wrong, what was lost.
 */
function statusLine(model: Model, state: ShellState, around: Surroundings): Line {
  const { columns, notice, recording, waiting } = around;
  if (state.asking !== undefined) return askLine(state.asking, columns);
  if (state.paused) {
    const wait = waiting === 0 ? '' : `${fullCount(waiting)} events wait.  `;
    return mark([span(` PAUSED  ${wait}Space: go on   .: one event on`)], columns);
  }
  const parts: Line[] = [];
  if (recording !== undefined)
    parts.push([span(`REC ${recording.file} (${fullCount(recording.count)} events)`, 'bad')]);
  if (notice !== undefined) parts.push([span(notice.text, notice.tone)]);
  const lost = lossText(model);
  if (lost !== '') parts.push([span(lost, 'warn')]);
  const [worst, ...others] = model.problems();
  if (worst !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    parts.push([span(worst.text + more, worst.tone)]);
  }
  const ui = uiOf(state);
  if (ui.filter !== '') parts.unshift([span(`/${ui.filter}`, 'accent')]);
  return parts.flatMap((part, i) => [span(i === 0 ? ' ' : '  '), ...part]);
}

/** `lost 1 203 events of server 2`. */
function lossText(model: Model): string {
  const parts = [...model.lost].map(([node, events]) => {
    const face = model.servers.find((it) => it.node === node);
    return `${fullCount(events)} events of ${face === undefined ? node : faceName(face)}`;
  });
  if (model.lostHere > 0) parts.push(`${fullCount(model.lostHere)} events here: too many at once`);
  return parts.length === 0 ? '' : `lost ${parts.join(', ')}`;
}

function askLine({ what, line }: Asking, columns: number): Line {
  const label = what === 'filter' ? ' /' : ' go to (12:34:56, 90s, 5m, 50%): ';
  const before = span(line.text.slice(0, line.cursor));
  const under = [...line.text.slice(line.cursor)][0] ?? ' ';
  const after = line.text.slice(line.cursor + under.length);
  const room = Math.max(1, columns - label.length - 2);
  // The end of what stands before the cursor is kept in view.
  const shown = before.width > room ? span(cutFront(before.text, room)) : before;
  return [span(label, 'accent'), shown, span(under, 'chosen'), span(after)];
}

function cutFront(text: string, width: number): string {
  let kept = text;
  while (widthOf(kept) > width) kept = [...kept].slice(1).join('');
  return kept;
}

/** `2x 0:42 ━━━━━──── 5:00`. */
function progressLine(progress: Progress, { columns, ascii }: Surroundings): Line {
  const { startMs, endMs, positionMs, speed, fault } = progress;
  const whole = Math.max(1, endMs - startMs);
  const share = Math.max(0, Math.min(1, (positionMs - startMs) / whole));
  const left = ` ${speed}x  ${timeText(positionMs)}  ${spanText(Math.max(0, positionMs - startMs))} `;
  const right = ` ${spanText(whole)}${fault === undefined ? '' : `  ${cut(fault, 40)}`} `;
  const width = Math.max(0, columns - widthOf(left) - widthOf(right));
  const done = Math.round(share * width);
  const [full, empty] = ascii ? ['=', '-'] : ['━', '─'];
  return [
    span(left, 'accent'),
    span((full as string).repeat(done), 'accent'),
    span((empty as string).repeat(width - done), 'dim'),
    span(right, fault === undefined ? 'plain' : 'warn'),
  ];
}

const FOOT: readonly (readonly [string, string])[] = [
  ['?', 'help'],
  ['q', 'quit'],
  ['1-6', 'panes'],
  ['Enter', 'look into'],
  ['Esc', 'back'],
  ['/', 'filter'],
  ['s', 'sort'],
  ['Space', 'pause'],
  ['r', 'record'],
];
const FOOT_PAUSED: readonly (readonly [string, string])[] = [['.', 'step']];
const FOOT_REPLAY: readonly (readonly [string, string])[] = [
  ['< >', 'speed'],
  ['[ ]', 'seek'],
  ['g', 'go to'],
];
const FOOT_ASKING: readonly (readonly [string, string])[] = [
  ['Enter', 'keep'],
  ['Esc', 'take back'],
  ['Ctrl-U', 'empty'],
];

function footerLine(state: ShellState, { columns, progress }: Surroundings): Line {
  const keys =
    state.asking !== undefined
      ? FOOT_ASKING
      : [...(state.paused ? FOOT_PAUSED : []), ...(progress === undefined ? [] : FOOT_REPLAY), ...FOOT];
  const line: Span[] = [];
  for (const [key, what] of keys) {
    const next = [span(' '), span(key, 'accent'), span(` ${what} `, 'dim')];
    if (lineWidth([...line, ...next]) > columns) continue;
    line.push(...next);
  }
  return line;
}
