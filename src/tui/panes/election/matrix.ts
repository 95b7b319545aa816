/** The votes of an election: a row a voter, a column for each vote of each round, with why it is that. */
import { offsetText } from '../../../formatters/duration-text.ts';
import { ruleText, voteText } from '../../../formatters/vote-words.ts';
import { cell, type Line, type Span, span, type Tone, widthOf } from '../../lines.ts';
import { nodeName } from '../../node-name.ts';
import type { PaneView } from '../../pane.ts';
import type { CastVote, Election, Member } from './state.ts';
import { membersOf, NAME_WIDTH } from './timeline.ts';

/** The narrowest column of a vote. */
const VOTE_WIDTH_MIN = 21;

interface Column {
  readonly round: number;
  /** The how many-th vote of the round. */
  readonly step: number;
}

const votesIn = ({ votes }: Member, round: number): CastVote[] =>
  votes.filter((vote) => vote.round === round);

function columnsOf(members: readonly Member[]): Column[] {
  const rounds = [...new Set(members.flatMap(({ votes }) => votes.map(({ round }) => round)))];
  return rounds
    .sort((a, b) => a - b)
    .flatMap((round) => {
      const most = Math.max(...members.map((member) => votesIn(member, round).length));
      return Array.from({ length: most }, (_, step) => ({ round, step }));
    });
}

/** The words under a vote. */
const whyText = (vote: CastVote, startMs: number, wide: boolean): string => {
  const told = wide && vote.from >= 0n ? `, told by ${vote.from}` : '';
  return `${offsetText(vote.atMs - startMs)} ${ruleText(vote)}${told}`;
};

function toneOf(vote: CastVote, member: Member): Tone {
  if (vote !== member.votes.at(-1)) return 'plain';
  if (member.decided === undefined) return 'warn';
  return member.decided.leader === vote.leader ? 'good' : 'plain';
}

/**
 * The lines of the matrix, with a title; each voter takes two lines, or one where it has to be `short`: then
 * the rule stands behind the vote.
 */
export function voteMatrix(election: Election, view: PaneView, short: boolean): Line[] {
  const members = membersOf(election);
  const columns = columnsOf(members);
  const wide = view.width >= 120;
  const room = view.width - NAME_WIDTH;
  const widest = members
    .flatMap(({ votes }) => votes)
    .reduce((most, vote) => {
      const why = whyText(vote, election.startMs, wide);
      const text = short
        ? widthOf(voteText(vote)) + 1 + widthOf(ruleText(vote))
        : Math.max(widthOf(voteText(vote)) + 2, widthOf(why));
      return Math.max(most, Math.min(text, 44));
    }, VOTE_WIDTH_MIN);
  const fitting = Math.max(1, Math.floor((room + 1) / (widest + 1)));
  const shown = columns.slice(-fitting);
  const hidden = columns.length - shown.length;
  const arrow = view.ascii ? '>' : '›';
  const title: Span[] = [cell(' VOTES', NAME_WIDTH, 'head')];
  shown.forEach(({ round, step }, i) => {
    const before = i === 0 && hidden > 0 ? `(${hidden} before) ` : '';
    const text =
      step === 0 ? `round ${round}: first vote` : step === 1 ? `${arrow} changed to` : `${arrow} then to`;
    title.push(cell(`${before}${text}`, widest, step === 0 ? 'head' : 'dim'), span(' '));
  });
  const lines: Line[] = [title];
  for (const member of members) {
    const votes = shown.map(({ round, step }) => votesIn(member, round)[step]);
    const tone = (vote: CastVote | undefined): Tone => (vote === undefined ? 'dim' : toneOf(vote, member));
    const check = (vote: CastVote): string =>
      toneOf(vote, member) === 'good' ? (view.ascii ? ' *' : ' ✓') : '';
    const upper = votes.flatMap((vote): Span[] => {
      if (vote === undefined) return [cell('', widest), span(' ')];
      const text = short ? `${voteText(vote)} ${ruleText(vote)}` : voteText(vote) + check(vote);
      return [cell(text, widest, tone(vote)), span(' ')];
    });
    lines.push([span(' '), cell(nodeName(member.node), NAME_WIDTH - 2), span(' '), ...upper]);
    if (short) continue;
    const lower = votes.flatMap((vote): Span[] => {
      const text = vote === undefined ? '' : whyText(vote, election.startMs, wide);
      return [cell(text, widest, 'dim'), span(' ')];
    });
    const told = `told${member.sent} got${member.received}`.replace(/(\d)/, ' $1').replace(/got/, 'got ');
    lines.push([span(' '), cell(told, NAME_WIDTH - 1, 'dim'), ...lower]);
  }
  return lines;
}
