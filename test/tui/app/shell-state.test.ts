import { describe, expect, it } from 'vitest';
import {
  type Drawn,
  follow,
  press,
  type ShellAct,
  type ShellState,
  shellState,
  uiOf,
} from '../../../src/tui/app/shell-state.ts';

const DRAWN: Drawn = {
  keys: ['a', 'b', 'c', 'd', 'e'],
  height: 4,
  sorts: 3,
  detailLines: () => 10,
  helpLines: 9,
  replay: false,
};

/** The state after keys, and what was asked to be done. */
function presses(keys: readonly string[], drawn: Partial<Drawn> = {}, from: ShellState = shellState(6)) {
  let state = from;
  const acts: ShellAct[] = [];
  for (const key of keys) {
    const pressed = press(state, key, { ...DRAWN, ...drawn });
    state = pressed.state;
    acts.push(...pressed.acts);
  }
  return { state, acts, ui: uiOf(state) };
}

describe('panes', () => {
  it.each([
    [['3'], 2],
    [['6'], 5],
    [['9'], 0],
    [['tab'], 1],
    [['tab', 'tab', 'shift-tab'], 1],
    [['shift-tab'], 5],
    [['right', 'right'], 2],
    [['left'], 5],
    [['6', 'tab'], 0],
  ] as const)('%j leads to %i', (keys, pane) => {
    expect(presses(keys).state.pane).toBe(pane);
  });
  it('keeps what is chosen in each', () => {
    const { state } = presses(['down', 'down', '2', 'down', '1']);
    expect([uiOf(state).chosen, state.panes[1]?.chosen]).toEqual(['b', 'a']);
  });
});

describe('choosing', () => {
  it.each([
    [['down'], 'a'],
    [['up'], 'a'],
    [['j', 'j'], 'b'],
    [['down', 'down', 'k'], 'a'],
    [['end'], 'e'],
    [['G'], 'e'],
    [['end', 'home'], 'a'],
    [['down', 'page-down'], 'c'],
    [['end', 'page-up'], 'c'],
    [['end', 'down', 'down'], 'e'],
    [['down', 'up', 'up'], 'a'],
  ] as const)('%j chooses %s', (keys, chosen) => {
    expect(presses(keys).ui.chosen).toBe(chosen);
  });
  it('has nothing to choose in an empty list', () => {
    expect(presses(['down', 'end', 'enter'], { keys: [] }).ui).toMatchObject({
      chosen: undefined,
      drill: undefined,
    });
  });
  it('follows the item when the rows change places', () => {
    const { state } = presses(['down', 'down']);
    const moved = follow(state, ['e', 'd', 'c', 'b', 'a']);
    expect(uiOf(moved)).toMatchObject({ chosen: 'b', at: 3 });
    expect(presses(['down'], { keys: ['e', 'd', 'c', 'b', 'a'] }, moved).ui.chosen).toBe('a');
  });
  it('chooses what takes the place of an item that is gone', () => {
    const { state } = presses(['end']);
    expect(uiOf(follow(state, ['a', 'b'])).chosen).toBe('b');
    expect(uiOf(follow(presses(['down', 'down']).state, ['a', 'c', 'd'])).chosen).toBe('c');
    expect(uiOf(follow(state, [])).chosen).toBe('e');
  });
});

describe('looking into an item', () => {
  it('goes in with Enter, and back with Escape or Backspace', () => {
    expect(presses(['down', 'down', 'enter']).ui).toMatchObject({ drill: 'b', chosen: 'b' });
    expect(presses(['enter']).ui).toMatchObject({ drill: 'a', chosen: 'a' });
    expect(presses(['enter', 'escape']).ui.drill).toBeUndefined();
    expect(presses(['enter', 'backspace']).ui.drill).toBeUndefined();
  });
  it('scrolls as far as there are lines', () => {
    const scroll = (...keys: string[]): number => presses(['enter', ...keys]).ui.scroll;
    expect(scroll('down')).toBe(1);
    expect(scroll('down', 'up', 'up')).toBe(0);
    expect(scroll('page-down')).toBe(2);
    expect(scroll('end')).toBe(6);
    expect(scroll('end', 'down')).toBe(6);
    expect(scroll('end', 'home')).toBe(0);
    expect(presses(['enter', 'end', 'escape']).ui.scroll).toBe(0);
  });
  it('stays in it when its row is gone', () => {
    expect(uiOf(follow(presses(['enter']).state, ['x'])).drill).toBe('a');
  });
});

describe('the filter', () => {
  it('is seen while it is typed, and stays with Enter', () => {
    expect(presses(['/', 'a', 'b']).ui.filter).toBe('ab');
    expect(presses(['/', 'a', 'b', 'enter'])).toMatchObject({
      ui: { filter: 'ab' },
      state: { asking: undefined },
    });
  });
  it('is as before with Escape, and is taken away by another', () => {
    const typed = presses(['/', 'a', 'enter', '/', 'b', 'escape']);
    expect(typed.ui.filter).toBe('a');
    expect(presses(['escape'], {}, typed.state).ui.filter).toBe('');
  });
  it('takes keys for letters', () => {
    const { state, acts, ui } = presses(['/', 'q', '1', '?', ' ', 's']);
    expect([ui.filter, acts, state.pane, state.help, state.paused]).toEqual(['q1? s', [], 0, false, false]);
  });
  it('is edited', () => {
    expect(presses(['/', 'a', 'c', 'left', 'b', 'end', 'd', 'backspace', 'enter']).ui.filter).toBe('abc');
    expect(presses(['/', 'a', 'enter', '/', 'ctrl-u', 'enter']).ui.filter).toBe('');
  });
  it('is a pane’s own', () => {
    const { state } = presses(['/', 'a', 'enter', '2']);
    expect([uiOf(state).filter, state.panes[0]?.filter]).toEqual(['', 'a']);
  });
});

describe('acts', () => {
  it.each([
    [['q'], ['quit']],
    [['ctrl-c'], ['quit']],
    [['/', 'ctrl-c'], ['quit']],
    [['?', 'ctrl-c'], ['quit']],
    [['?', 'q'], []],
    [['ctrl-z'], ['suspend']],
    [['ctrl-l'], ['redraw']],
    [
      ['r', 'r'],
      ['record', 'record'],
    ],
    [
      [' ', ' '],
      ['pause', 'resume'],
    ],
    [['.'], []],
    [
      [' ', '.', '.'],
      ['pause', 'step', 'step'],
    ],
    [['<', '>', '[', ']', 'g'], []],
  ] as const)('%j: %j', (keys, acts) => {
    expect(presses(keys).acts.map((act) => act.do)).toEqual(acts);
  });
  it('moves in a recording', () => {
    const { acts } = presses(['<', '>', '[', ']', '{', '}', 'g', '5', 'm', 'enter'], { replay: true });
    expect(acts).toEqual([
      { do: 'speed', faster: false },
      { do: 'speed', faster: true },
      { do: 'seek', byMs: -5_000 },
      { do: 'seek', byMs: 5_000 },
      { do: 'seek', byMs: -60_000 },
      { do: 'seek', byMs: 60_000 },
      { do: 'go', text: '5m' },
    ]);
    expect(presses(['g', '5', 'escape', 'g', 'enter'], { replay: true }).acts).toEqual([]);
  });
});

it('goes through the orders of a pane', () => {
  expect([0, 1, 2, 3, 4].map((n) => presses(Array<string>(n).fill('s')).ui.sort)).toEqual([0, 1, 2, 0, 1]);
  expect(presses(['s'], { sorts: 0 }).ui.sort).toBe(0);
});

it('shows help, scrolls it, and takes no other key there', () => {
  const { state } = presses(['?', 'down', '2', 's', ' ']);
  expect(state).toMatchObject({ help: true, helpScroll: 1, pane: 0, paused: false });
  expect(presses(['?', 'end']).state.helpScroll).toBe(5);
  for (const key of ['?', 'escape', 'q', 'enter']) expect(presses(['?', key]).state.help).toBe(false);
});

it('takes any key', () => {
  for (const key of ['', 'ä', '👍', 'ctrl-x', 'delete', '\u202e', '0', 'constructor', '__proto__']) {
    expect(presses([key]), key).toMatchObject({ acts: [], state: shellState(6) });
  }
});
