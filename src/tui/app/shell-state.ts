/**
 * What the dashboard around the panes is in, as a value: which pane, what is chosen in it, what is being
 * typed. A key makes a new state, and may ask the driver to do something. Pure.
 */
import { editKey, emptyEdit, type LineEdit } from './line-edit.ts';

/** What the shell keeps of one pane while others are shown. */
export interface PaneUi {
  /** The key of the chosen item; it stays chosen when items change places. */
  readonly chosen: string | undefined;
  /** Where it was when it was last seen: the item that takes the place of one that is gone is chosen. */
  readonly at: number;
  readonly drill: string | undefined;
  readonly scroll: number;
  readonly filter: string;
  readonly sort: number;
}

/** A line that is being typed, instead of keys that do something. */
export interface Asking {
  readonly what: 'filter' | 'time';
  readonly line: LineEdit;
  /** The filter as it was, for Escape. */
  readonly before: string;
}

/** See the head of the file. */
export interface ShellState {
  readonly pane: number;
  readonly panes: readonly PaneUi[];
  readonly asking: Asking | undefined;
  readonly help: boolean;
  readonly helpScroll: number;
  readonly paused: boolean;
}

/** What the driver is asked to do. */
export type ShellAct =
  | { readonly do: 'quit' | 'suspend' | 'redraw' | 'record' | 'pause' | 'resume' | 'step' }
  | { readonly do: 'speed'; readonly faster: boolean }
  | { readonly do: 'seek'; readonly byMs: number }
  | { readonly do: 'go'; readonly text: string };

/** What was drawn last, as far as keys mean something of it. */
export interface Drawn {
  /** `PaneDrawing.keys`. */
  readonly keys: readonly string[];
  /** Rows of the pane. */
  readonly height: number;
  /** How many orders the pane has. */
  readonly sorts: number;
  /** Lines of the detail from its beginning; asked where something is looked into. */
  readonly detailLines: () => number;
  /** Lines of the help. */
  readonly helpLines: number;
  /** A recording is shown: keys that move in time mean something. */
  readonly replay: boolean;
}

/** A state, and what is to be done. */
export interface Pressed {
  readonly state: ShellState;
  readonly acts: readonly ShellAct[];
}

/** How far `[` and `]` go in a recording, ms. */
const SEEK_MS = 5_000;
/** How far `{` and `}` go. */
const SEEK_FAR_MS = 60_000;

const FRESH: PaneUi = { chosen: undefined, at: 0, drill: undefined, scroll: 0, filter: '', sort: 0 };

/** The state at the start. */
export const shellState = (panes: number, pane = 0, filter = ''): ShellState => ({
  pane,
  panes: Array.from({ length: panes }, (_, i) => (i === pane ? { ...FRESH, filter } : FRESH)),
  asking: undefined,
  help: false,
  helpScroll: 0,
  paused: false,
});

/** What the shell keeps of the pane that is shown. */
export const uiOf = (state: ShellState): PaneUi => state.panes[state.pane] ?? FRESH;

/** The state after a key (see `KeyDecoder`). */
export function press(state: ShellState, key: string, drawn: Drawn): Pressed {
  if (key === 'ctrl-c') return acted(state, { do: 'quit' });
  if (key === 'ctrl-z') return acted(state, { do: 'suspend' });
  if (key === 'ctrl-l') return acted(state, { do: 'redraw' });
  if (state.asking !== undefined) return typed(state, state.asking, key);
  if (state.help) return inHelp(state, key, drawn);
  if (key === '?') return only({ ...state, help: true, helpScroll: 0 });
  if (key === 'q') return acted(state, { do: 'quit' });
  const digit = /^[1-9]$/.test(key) ? Number(key) - 1 : -1;
  if (digit >= 0) return only(digit < state.panes.length ? { ...state, pane: digit } : state);
  const count = state.panes.length;
  if (key === 'tab' || key === 'right') return only({ ...state, pane: (state.pane + 1) % count });
  if (key === 'shift-tab' || key === 'left')
    return only({ ...state, pane: (state.pane + count - 1) % count });
  return inTime(state, key, drawn) ?? inPane(state, key, drawn);
}

const only = (state: ShellState): Pressed => ({ state, acts: [] });
const acted = (state: ShellState, ...acts: ShellAct[]): Pressed => ({ state, acts });
const withUi = (state: ShellState, change: Partial<PaneUi>): ShellState => ({
  ...state,
  panes: state.panes.map((it, i) => (i === state.pane ? { ...it, ...change } : it)),
});

/** Keys that stop the time, or move in it. */
function inTime(state: ShellState, key: string, { replay }: Drawn): Pressed | undefined {
  if (key === ' ') {
    const paused = !state.paused;
    return acted({ ...state, paused }, { do: paused ? 'pause' : 'resume' });
  }
  if (key === '.') return state.paused ? acted(state, { do: 'step' }) : only(state);
  if (key === 'r') return acted(state, { do: 'record' });
  if (!replay) return undefined;
  if (key === '<' || key === '>') return acted(state, { do: 'speed', faster: key === '>' });
  if (key === '[' || key === ']') return acted(state, { do: 'seek', byMs: key === '[' ? -SEEK_MS : SEEK_MS });
  if (key === '{' || key === '}')
    return acted(state, { do: 'seek', byMs: key === '{' ? -SEEK_FAR_MS : SEEK_FAR_MS });
  if (key === 'g') return only({ ...state, asking: { what: 'time', line: emptyEdit(''), before: '' } });
  return undefined;
}

function inPane(state: ShellState, key: string, drawn: Drawn): Pressed {
  const ui = uiOf(state);
  switch (key) {
    case '/':
      return only({
        ...state,
        asking: { what: 'filter', line: emptyEdit(ui.filter), before: ui.filter },
      });
    case 's':
      return only(withUi(state, { sort: (ui.sort + 1) % Math.max(1, drawn.sorts) }));
    case 'escape':
    case 'backspace':
      if (ui.drill !== undefined) return only(withUi(state, { drill: undefined, scroll: 0 }));
      return only(key === 'escape' ? withUi(state, { filter: '' }) : state);
    case 'enter': {
      if (ui.drill !== undefined) return only(state);
      const { chosen } = settled(ui, drawn.keys);
      const drill = chosen ?? drawn.keys[0];
      return only(drill === undefined ? state : withUi(state, { chosen: drill, drill, scroll: 0 }));
    }
    default:
      return only(moved(state, ui, key, drawn));
  }
}

/** How far a key moves in a list of `page` rows; undefined for a key that does not. */
function stepOf(key: string, page: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    'page-up': -page,
    'ctrl-b': -page,
    'page-down': page,
    'ctrl-f': page,
    home: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
    G: Number.POSITIVE_INFINITY,
  };
  return Object.hasOwn(steps, key) ? steps[key] : undefined;
}

const clamped = (value: number, max: number): number => Math.max(0, Math.min(value, max));

function moved(state: ShellState, ui: PaneUi, key: string, drawn: Drawn): ShellState {
  const step = stepOf(key, Math.max(1, drawn.height - 2));
  if (step === undefined) return state;
  if (ui.drill !== undefined) {
    const last = Math.max(0, drawn.detailLines() - drawn.height);
    return withUi(state, { scroll: clamped(ui.scroll + step, last) });
  }
  const { keys } = drawn;
  if (keys.length === 0) return state;
  const now = settled(ui, keys);
  // The first arrow chooses the first item, or the last one when it goes up to the end.
  const from = now.chosen === undefined ? (step > 0 ? -1 : 0) : now.at;
  const at = clamped(now.chosen === undefined && step === 1 ? 0 : from + step, keys.length - 1);
  return withUi(state, { chosen: keys[at], at });
}

/**
 * What is chosen among the items there are now: the same one wherever it is, or the one that is where it was.
 */
export function settled(ui: PaneUi, keys: readonly string[]): { chosen: string | undefined; at: number } {
  if (ui.chosen === undefined) return { chosen: undefined, at: ui.at };
  const at = keys.indexOf(ui.chosen);
  if (at >= 0) return { chosen: ui.chosen, at };
  const near = clamped(ui.at, Math.max(0, keys.length - 1));
  return { chosen: keys[near], at: near };
}

/** The state once the items are known that were drawn: what is chosen follows its item. */
export function follow(state: ShellState, keys: readonly string[]): ShellState {
  const ui = uiOf(state);
  if (ui.drill !== undefined || ui.chosen === undefined || keys.length === 0) return state;
  const { chosen, at } = settled(ui, keys);
  return chosen === ui.chosen && at === ui.at ? state : withUi(state, { chosen, at });
}

function typed(state: ShellState, asking: Asking, key: string): Pressed {
  const done = { ...state, asking: undefined };
  if (key === 'escape') {
    return only(asking.what === 'filter' ? withUi(done, { filter: asking.before }) : done);
  }
  if (key === 'enter') {
    const { text } = asking.line;
    if (asking.what === 'time') return text === '' ? only(done) : acted(done, { do: 'go', text });
    return only(withUi(done, { filter: text, scroll: 0 }));
  }
  const line = editKey(asking.line, key);
  const next = { ...state, asking: { ...asking, line } };
  return only(asking.what === 'filter' ? withUi(next, { filter: line.text }) : next);
}

function inHelp(state: ShellState, key: string, { height, helpLines }: Drawn): Pressed {
  if (key === '?' || key === 'escape' || key === 'q' || key === 'enter')
    return only({ ...state, help: false, helpScroll: 0 });
  const step = stepOf(key, Math.max(1, height - 2));
  if (step === undefined) return only(state);
  return only({ ...state, helpScroll: clamped(state.helpScroll + step, Math.max(0, helpLines - height)) });
}
