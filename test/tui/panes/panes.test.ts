/** What holds for every pane there is. */
import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../../src/events/table.ts';
import { PANES } from '../../../src/tui/panes/index.ts';

describe('panes', () => {
  it('are in the order of their keys', () => {
    expect(PANES.map(({ id }) => id)).toEqual(['ensemble', 'election', 'flow', 'sessions', 'hot', 'events']);
  });

  for (const { id, title, help, sorts, names } of PANES) {
    it(`${id} fits: its help into 80 columns, its title into the tabs; it has a sort, and names once`, () => {
      for (const line of help) expect(line).toMatch(/^[\x20-\x7e]{1,79}$/);
      expect(title.length).toBeLessThanOrEqual(10);
      expect(sorts.length).toBeGreaterThan(0);
      expect(new Set(sorts).size).toBe(sorts.length);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(EVENTS[name]).toBeDefined();
    });
  }
});
