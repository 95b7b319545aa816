/**
 * The pane of elections: who voted for whom, when and why; how long each server looked and how long it took
 * to get in step; and the last elections, to open again.
 */
import type { ZktEvent } from '../../events/table.ts';
import { durationText, offsetText } from '../../formatters/duration-text.ts';
import { timeText } from '../../formatters/time-text.ts';
import { type Column, fitColumns, rowLine, titleLine } from '../columns.ts';
import { fitLines, scrolled } from '../fit.ts';
import { cell, clip, type Line, mark, type Span, span, type Tone, windowStart } from '../lines.ts';
import { nodeName } from '../node-name.ts';
import type { Pane, PaneDrawing, PaneView } from '../pane.ts';
import { askedLines } from './election/asked.ts';
import { voteMatrix } from './election/matrix.ts';
import {
  doingOf,
  ELECTIONS_MAX,
  type Election,
  type ElectionState,
  emptyElections,
} from './election/state.ts';
import { ELECTION_NAMES, takeElection } from './election/take.ts';
import { endOf, membersOf, timeline } from './election/timeline.ts';
import { storyText, storyTone } from './election/words.ts';

const SORTS = ['newest first', 'longest first'] as const;
/** Rows of the list that are shown at least. */
const LIST_ROWS_MIN = 3;

const tookMs = (election: Election, nowMs: number): number => {
  const end = election.establishedMs >= 0 ? election.establishedMs : endOf(election, nowMs);
  return end - election.startMs;
};

/** What came out of an election, and how that looks. */
function outcomeOf(election: Election, nowMs: number): { readonly text: string; readonly tone: Tone } {
  const took = durationText(tookMs(election, nowMs));
  const { leader, epoch, over } = election;
  if (election.establishedMs >= 0) {
    return { text: `server ${leader} leads epoch ${epoch} after ${took}`, tone: 'good' };
  }
  const alone = election.members.size === 1 ? nodeName([...election.members.keys()][0] ?? '') : 'servers';
  if (over && leader >= 0n) return { text: `${alone} joined server ${leader} after ${took}`, tone: 'good' };
  if (over) return { text: `ended without a leader after ${took}`, tone: 'bad' };
  const looking = membersOf(election).filter((member) => doingOf(member) === 'looking').length;
  const what = looking > 0 ? `${looking} looking for a leader` : 'a leader is chosen, not in step yet';
  return { text: `${what}, for ${took}`, tone: 'warn' };
}

/** How it went, in a line. */
function courseOf(election: Election): string {
  const { startMs, decidedMs, establishedMs, endMs, how, round } = election;
  const parts: string[] = [];
  if (decidedMs >= 0) parts.push(`decided ${offsetText(decidedMs - startMs)} (${how}, round ${round})`);
  if (establishedMs >= 0 && how !== 'asked') parts.push(`quorum ${offsetText(establishedMs - startMs)}`);
  if (election.over && endMs >= 0) parts.push(`all in step ${offsetText(endMs - startMs)}`);
  if (parts.length > 0) return parts.join(', ');
  return round < 0 ? 'nothing decided yet' : `round ${round}, nothing decided yet`;
}

function headLines(election: Election, view: PaneView): Line[] {
  const outcome = outcomeOf(election, view.nowMs);
  const first: Span[] = [
    span(` Election ${election.key}`, 'head'),
    span(` at ${timeText(election.startMs, 'ms')}: `),
    span(outcome.text, outcome.tone),
  ];
  const lines: Line[] = [first, [span(` ${courseOf(election)}`, 'dim')]];
  if (election.cause !== '') lines.push([span(` why it began: ${election.cause}`, 'dim')]);
  return lines;
}

function columnsFor(nowMs: number): Column<Election>[] {
  const outcome = (election: Election) => outcomeOf(election, nowMs);
  return [
    { title: '', width: 4, text: ({ key }) => key, tone: () => 'accent' },
    { title: 'AT', width: 12, text: ({ startMs }) => timeText(startMs, 'ms') },
    { title: 'TOOK', width: 8, align: 'right', text: (it) => durationText(tookMs(it, nowMs)) },
    { title: 'VOTERS', width: 6, align: 'right', text: ({ members }) => String(members.size) },
    {
      title: 'ROUND',
      width: 5,
      from: 100,
      align: 'right',
      text: ({ round }) => (round < 0 ? '-' : String(round)),
    },
    {
      title: 'TOLD',
      width: 4,
      from: 100,
      align: 'right',
      text: ({ notifications }) => String(notifications),
    },
    {
      title: 'OUTCOME',
      width: 30,
      grow: 1,
      text: (it) =>
        outcome(it)
          .text.replace(/ (after|for) [^,]*$/, '')
          .replace(/,$/, ''),
      tone: (it) => outcome(it).tone,
    },
    {
      title: 'WHY IT BEGAN',
      width: 30,
      grow: 2,
      from: 100,
      text: ({ cause }) => cause || '-',
      tone: () => 'dim',
    },
  ];
}

function listed(state: ElectionState, view: PaneView): Election[] {
  const wanted = view.filter.toLowerCase();
  const elections = state.elections.filter((election) => {
    if (wanted === '') return true;
    const servers = [...election.members.keys()].map(nodeName).join(' ');
    const text = `${election.key} ${outcomeOf(election, view.nowMs).text} ${election.cause} ${servers}`;
    return text.toLowerCase().includes(wanted);
  });
  elections.reverse();
  return view.sort === 1
    ? elections.sort((a, b) => tookMs(b, view.nowMs) - tookMs(a, view.nowMs))
    : elections;
}

/** The whole story of an election. */
function detail(election: Election | undefined, view: PaneView): Line[] {
  if (election === undefined) return [[span(' This election is forgotten by now. Esc goes back.', 'warn')]];
  return [
    ...headLines(election, view),
    ...timeline(election, view),
    ...voteMatrix(election, view, false),
    [span(' THE STORY', 'head')],
    ...storyLines(election, view),
  ];
}

function storyLines(election: Election, view: PaneView): Line[] {
  const lines: Line[] = [];
  const tell = (event: ZktEvent): void => {
    const tone = storyTone(event);
    lines.push([
      span(' '),
      cell(offsetText(event.time - election.startMs), 10, 'dim', 'right'),
      span(' '),
      cell(nodeName(event.node), view.width >= 120 ? 21 : 9, 'accent'),
      span(` ${storyText(event)}`, tone),
    ]);
  };
  const byTime = (events: Iterable<ZktEvent>): ZktEvent[] => [...events].sort((a, b) => a.time - b.time);
  byTime(election.first).forEach(tell);
  if (election.last.dropped > 0) {
    lines.push([span(`   … ${election.last.dropped} events in between are not kept …`, 'warn')]);
  }
  byTime(election.last).forEach(tell);
  return lines;
}

function nothing(state: ElectionState, view: PaneView): Line[] {
  const lines: Line[] = [
    [span(' No election has been seen.', 'dim')],
    [span(' One is shown when a server looks for a leader, or still remembers its last one.', 'dim')],
    [],
  ];
  for (const { node, mode, up, kind } of view.servers) {
    const now = up ? mode || 'answers' : 'does not answer';
    lines.push([
      span(' '),
      cell(nodeName(node), 21),
      cell(now, 16, up ? (mode === 'leader' ? 'good' : 'plain') : 'bad'),
      span(kind, 'dim'),
    ]);
  }
  const asked = askedLines(state, view);
  return asked.length === 0 ? lines : [...lines, [], ...asked];
}

function draw(state: ElectionState, view: PaneView): PaneDrawing {
  const elections = listed(state, view);
  const keys = elections.map(({ key }) => key);
  if (view.drill !== undefined) {
    const election = state.elections.find(({ key }) => key === view.drill);
    return { lines: fitLines(scrolled(detail(election, view), view), view), keys };
  }
  const chosen = view.chosen === undefined ? -1 : keys.indexOf(view.chosen);
  const shown = elections[Math.max(0, chosen)];
  if (shown === undefined) {
    const none: Line[] =
      view.filter === '' ? nothing(state, view) : [[span(' No election matches the filter.', 'dim')]];
    return { lines: fitLines(none, view), keys };
  }
  const head = [...headLines(shown, view), ...timeline(shown, view)];
  const list = Math.min(LIST_ROWS_MIN, elections.length) + 1;
  const room = view.height - head.length - list;
  const full = voteMatrix(shown, view, false);
  const matrix = full.length <= room ? full : voteMatrix(shown, view, true);
  const lines: Line[] = [...head, ...matrix.slice(0, Math.max(0, room))];
  const asked = askedLines(state, view);
  if (view.height - lines.length - asked.length > LIST_ROWS_MIN) lines.push(...asked);
  const left = Math.max(0, view.height - lines.length - 1);
  // On a high screen there is room for the story, too.
  const rows = left - elections.length > 6 ? elections.length : left > 30 ? 12 : left;
  const fitted = fitColumns(columnsFor(view.nowMs), view.width);
  lines.push(titleLine(fitted));
  const start = windowStart(elections.length, rows, chosen);
  elections.slice(start, start + rows).forEach((election, i) => {
    const line = clip(rowLine(fitted, election), view.width);
    lines.push(start + i === chosen ? mark(line, view.width) : line);
  });
  if (rows < left) {
    lines.push([span(` THE STORY OF ${shown.key}`, 'head'), span('  (Enter: all of it)', 'dim')]);
    lines.push(...storyLines(shown, view));
  }
  return { lines: fitLines(lines, view), keys };
}

/** The pane of elections. */
export const electionPane: Pane<ElectionState> = {
  id: 'election',
  title: 'Election',
  names: ELECTION_NAMES,
  sorts: SORTS,
  help: [
    'Above: one election, the newest or the chosen one: how long each server looked',
    'for a leader, then how long it took to get in step with it. ASCII: ? ~ =.',
    'VOTES: a row a server, a column a vote: leader, epoch (e), zxid. Below it when,',
    'and by which rule it is better than the one before: higher epoch, then later',
    'zxid, then higher id. The marked vote is the one that was decided on.',
    'told, got: notifications. Apache servers are asked for their votes.',
    `Below: the last ${ELECTIONS_MAX} elections. Enter: the whole story of one, with every`,
    'notification, the quorum, the epoch, and how each learner got its history.',
  ],
  create: emptyElections,
  take: takeElection,
  draw,
};
