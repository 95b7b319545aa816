/** What each server did in an election, as bars on one axis of time. */
import { durationText } from '../../../formatters/duration-text.ts';
import { type Axis, axisText, columnOf } from '../../axis.ts';
import { Canvas } from '../../canvas.ts';
import type { Line, Tone } from '../../lines.ts';
import { nodeName } from '../../node-name.ts';
import type { PaneView } from '../../pane.ts';
import type { Doing, Election, Member } from './state.ts';

/** Columns of the names at the left. */
export const NAME_WIDTH = 14;
/** Columns of the words behind the bars. */
const WORDS_WIDTH = 30;

const LOOKS: Readonly<Record<Doing, { readonly char: string; readonly ascii: string; readonly tone: Tone }>> =
  {
    looking: { char: '░', ascii: '?', tone: 'warn' },
    joining: { char: '▒', ascii: '~', tone: 'accent' },
    settled: { char: '█', ascii: '=', tone: 'good' },
    gone: { char: '×', ascii: 'x', tone: 'bad' },
  };

/** How long a member was doing something, ms. */
function spentMs({ phases }: Member, doing: Doing, endMs: number): number {
  return phases.reduce((sum, phase, i) => {
    const until = phases[i + 1]?.fromMs ?? Math.max(endMs, phase.fromMs);
    return phase.doing === doing ? sum + until - phase.fromMs : sum;
  }, 0);
}

/** When the last thing happened that is drawn: the end, or now. */
export const endOf = (election: Election, nowMs: number): number =>
  election.over ? election.endMs : Math.max(election.startMs, nowMs);

function wordsOf(member: Member, endMs: number): string {
  const doing = member.phases.at(-1)?.doing;
  const looked = durationText(spentMs(member, 'looking', endMs));
  const joined = spentMs(member, 'joining', endMs);
  if (doing === 'looking') return `looking for ${looked}`;
  if (doing === 'gone') return `gone; looked ${looked}`;
  const role = member.decided?.state === 'LEADING' ? 'leads' : 'follows';
  if (doing === 'joining') return `${role}, not in step for ${durationText(joined)}`;
  return `${role}: ${looked} + ${durationText(joined)}`;
}

const toneOfWords = (member: Member): Tone => LOOKS[member.phases.at(-1)?.doing ?? 'gone'].tone;

/** The members of an election by id. */
export const membersOf = ({ members }: Election): Member[] =>
  [...members.values()].sort((a, b) => {
    const [x, y] = [Number(a.node), Number(b.node)];
    return Number.isNaN(x - y) ? (a.node < b.node ? -1 : 1) : x - y;
  });

/** The line of the axis, and a line a server: those that took part, then the others there are. */
export function timeline(election: Election, view: PaneView): Line[] {
  const { ascii, width, nowMs } = view;
  const members = membersOf(election);
  const others = view.servers.filter(({ node }) => !election.members.has(node));
  const room = Math.max(10, width - NAME_WIDTH - WORDS_WIDTH);
  const endMs = endOf(election, nowMs);
  // A tenth more: what has settled is to be seen.
  const toMs = election.startMs + Math.max((endMs - election.startMs) * 1.1, 0.01);
  const axis: Axis = { fromMs: election.startMs, toMs, width: room };
  const canvas = new Canvas(width, 1 + members.length + others.length);
  canvas.put(1, 0, 'TIME', 'head');
  canvas.put(NAME_WIDTH, 0, axisText(axis, election.startMs, ascii), 'dim');
  canvas.put(NAME_WIDTH + room + 1, 0, 'looked for one + got in step', 'dim');
  members.forEach((member, i) => {
    const y = i + 1;
    canvas.put(1, y, nodeName(member.node), 'plain', NAME_WIDTH - 2);
    member.phases.forEach(({ doing, fromMs }, k) => {
      const next = member.phases[k + 1];
      const { char, ascii: plain, tone } = LOOKS[doing];
      const from = columnOf(axis, fromMs);
      const to = next === undefined ? columnOf(axis, toMs) : Math.max(from, columnOf(axis, next.fromMs) - 1);
      canvas.fill(NAME_WIDTH + from, NAME_WIDTH + to, y, ascii ? plain : char, tone);
    });
    canvas.put(NAME_WIDTH + room + 1, y, wordsOf(member, endMs), toneOfWords(member));
  });
  others.forEach(({ node, up, mode }, i) => {
    const y = 1 + members.length + i;
    canvas.put(1, y, nodeName(node), 'dim', NAME_WIDTH - 2);
    const now = up ? (mode === '' ? '' : `; now ${mode}`) : '; does not answer now';
    canvas.put(NAME_WIDTH, y, `took no part${now}`, 'dim');
  });
  return canvas.lines();
}
