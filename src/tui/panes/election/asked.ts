/** What servers that tell nothing by themselves say when they are asked for their vote. */
import { durationText } from '../../../formatters/duration-text.ts';
import { voteText } from '../../../formatters/vote-words.ts';
import { cell, type Line, span, type Tone } from '../../lines.ts';
import { nodeName } from '../../node-name.ts';
import type { PaneView } from '../../pane.ts';
import type { ElectionState } from './state.ts';
import { NAME_WIDTH } from './timeline.ts';

const toneOf = (state: string): Tone =>
  state === 'LOOKING' ? 'warn' : state === 'LEADING' ? 'good' : 'plain';

/** A line a server, with a title; nothing when nobody had to be asked. */
export function askedLines({ told }: ElectionState, view: PaneView): Line[] {
  if (told.size === 0) return [];
  const lines: Line[] = [
    [span(' VOTES ASKED FOR', 'head'), span('  at the election ports of servers that tell nothing', 'dim')],
  ];
  const nodes = [...told.keys()].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  for (const node of nodes) {
    const vote = told.get(node);
    if (vote === undefined) continue;
    lines.push([
      span(' '),
      cell(nodeName(node), NAME_WIDTH - 2),
      span(' '),
      cell(vote.state, 10, toneOf(vote.state)),
      span(' for '),
      span(voteText(vote), 'bold'),
      span(` round ${vote.round}`),
      span(`  ${durationText(Math.max(0, view.nowMs - vote.atMs))} ago`, 'dim'),
    ]);
  }
  return lines;
}
