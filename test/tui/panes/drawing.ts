/** How panes are drawn in tests: to text, with what every drawing has to keep. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import { lineWidth, widthOf } from '../../../src/tui/lines.ts';
import type { Pane, PaneDrawing, PaneView } from '../../../src/tui/pane.ts';
import { STORY_START_MS } from '../stories.ts';

// Times of day are local: the same everywhere in tests.
process.env.TZ = 'UTC';

/** A view: 80x19, nothing chosen. */
export const view = (changes: Partial<PaneView> = {}): PaneView => ({
  width: 80,
  height: 19,
  nowMs: STORY_START_MS,
  servers: [],
  chosen: undefined,
  drill: undefined,
  scroll: 0,
  filter: '',
  sort: 0,
  ascii: false,
  ...changes,
});

/** The state of a pane after those events. */
export function taken<S>(pane: Pane<S>, events: Iterable<ZktEvent>, untilMs = Number.POSITIVE_INFINITY): S {
  const state = pane.create();
  const names = new Set(pane.names);
  for (const event of events) if (event.time <= untilMs && names.has(event.name)) pane.take(state, event);
  return state;
}

/** Characters that must never reach a terminal: what the escaping printer escapes, and the other controls. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Draws, checks what holds for every drawing, and answers it. */
export function drawn<S>(pane: Pane<S>, state: S, look: PaneView): PaneDrawing {
  const drawing = pane.draw(state, look);
  expect(drawing.lines.length, 'lines fit the height').toBeLessThanOrEqual(look.height);
  expect(new Set(drawing.keys).size, 'keys differ').toBe(drawing.keys.length);
  for (const line of drawing.lines) {
    expect(lineWidth(line), 'lines fit the width').toBeLessThanOrEqual(look.width);
    for (const span of line) {
      expect(span.text, 'nothing hostile is shown').not.toMatch(HOSTILE);
      expect(widthOf(span.text), `the width of ${JSON.stringify(span.text)} is told`).toBe(span.width);
      if (look.ascii) expect(span.text).toMatch(/^[\x20-\x7e]*$/);
    }
  }
  return drawing;
}

/** The text of a drawing, without blanks at the ends of lines. */
export const textOf = ({ lines }: PaneDrawing): string =>
  lines
    .map(
      (line) =>
        `${line
          .map(({ text }) => text)
          .join('')
          .trimEnd()}\n`,
    )
    .join('');

/** As `textOf`, with each tone told: `[good]text`. For the few tests of colours. */
export const tonesOf = ({ lines }: PaneDrawing): string =>
  lines
    .map((line) => line.map(({ text, tone }) => (tone === 'plain' ? text : `[${tone}]${text}`)).join(''))
    .join('\n');

const GOLDEN = path.join(import.meta.dirname, 'golden');

/**
 * Compares a drawing with `golden/NAME.txt`. To write the files anew and then read them:
 *
 *     ZKT_REWRITE_GOLDEN=1 npx vitest run test/tui/panes
 */
export function golden(name: string, drawing: PaneDrawing): void {
  const file = path.join(GOLDEN, `${name}.txt`);
  const text = textOf(drawing);
  if (process.env.ZKT_REWRITE_GOLDEN === '1') {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
}
