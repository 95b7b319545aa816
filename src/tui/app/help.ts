/** The help: every key, and what the pane that is shown says of itself. Pure. */
import { cell, type Line, span } from '../lines.ts';
import type { Pane } from '../pane.ts';

/** Keys and what they do; those of a recording apart. */
const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['1 … 6, Tab, Shift-Tab, ← →', 'another pane'],
  ['↑ ↓, j k', 'choose an item; in a detail: scroll'],
  ['PgUp PgDn, Home End', 'a page; the first, the last'],
  ['Enter, Esc', 'look into the chosen item; back'],
  ['/', 'show only items that contain a text; Enter keeps it, Esc takes it back'],
  ['s', 'another order'],
  ['Space', 'stop the picture; what happens meanwhile waits'],
  ['.', 'while stopped: one event on'],
  ['r', 'record all events into a file; again: end it'],
  ['Ctrl-L', 'draw the screen anew'],
  ['Ctrl-Z', 'back to the shell; fg comes back'],
  ['?', 'this help'],
  ['q, Ctrl-C', 'quit'],
];
const REPLAY_KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['< >', 'slower, faster'],
  ['[ ]', '5 seconds back, on'],
  ['{ }', 'a minute back, on'],
  ['g', 'go to a time: 12:34:56, 90s or 5m from the start, 50%'],
];
const KEYS_WIDTH = 30;

const ARROWS: Readonly<Record<string, string>> = {
  '← →': 'Left Right',
  '↑ ↓': 'Up Down',
  '1 … 6': '1 to 6',
};

const plain = (keys: string): string =>
  Object.entries(ARROWS).reduce((text, [arrow, word]) => text.replace(arrow, word), keys);

/** All lines of the help. */
export function helpLines(pane: Pane<unknown> | undefined, replay: boolean, ascii: boolean): Line[] {
  const row = ([keys, what]: readonly [string, string]): Line => [
    span(' '),
    cell(ascii ? plain(keys) : keys, KEYS_WIDTH, 'accent'),
    span(what),
  ];
  const own: Line[] =
    pane === undefined
      ? []
      : [
          [span(` ${pane.title}`, 'bold')],
          ...pane.help.map((line): Line => [span(` ${line}`)]),
          [span(` Orders (s): ${pane.sorts.join(', ')}`, 'dim')],
          [],
        ];
  return [
    ...own,
    [span(' Keys', 'bold')],
    ...KEYS.map(row),
    ...(replay ? [[], [span(' In a recording', 'bold')], ...REPLAY_KEYS.map(row)] : []),
  ];
}
