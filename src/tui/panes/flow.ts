/**
 * The pane of the flow: what leader and learners send each other, a lane a server, time downward; how fast,
 * how far behind each learner is, and the whole way of one proposal.
 */
import { hex0x } from '../../base/brands.ts';
import { offsetText } from '../../formatters/duration-text.ts';
import { bytesText, countText, percentText } from '../../formatters/quantity-text.ts';
import { timeText } from '../../formatters/time-text.ts';
import { PACKET } from '../../protocol/quorum.ts';
import { sparkline } from '../charts.ts';
import { fitLines, scrolled } from '../fit.ts';
import { clip, type Line, mark, type Span, span, type Tone } from '../lines.ts';
import { packetName } from '../packets.ts';
import type { Pane, PaneDrawing, PaneView } from '../pane.ts';
import { clocksOf } from './flow/clocks.ts';
import { laneRow, lanesFor, laneTitles, type Row } from './flow/lanes.ts';
import { isComplete, proposalLines, quorumText, writeText } from './flow/proposal.ts';
import { emptyFlow, type FlowState, PROPOSALS_MAX, type Proposal, type Step } from './flow/state.ts';
import { FLOW_NAMES, takeFlow } from './flow/take.ts';

const SORTS = ['by time, no pings', 'by time', 'one proposal at a time'] as const;
const WITH_PINGS = 1;
const ONE_AT_A_TIME = 2;
/**
 * Steps that are looked at for a picture by time, for each line of it: servers tell of the same time one
 * after another.
 */
const STEPS_PER_LINE = 4;
/** A rate is that of the last sample, unless that is older, ms. */
const RATE_FRESH_MS = 5_000;

/** Packets a second by type, and bytes; each packet once, though both ends may count it. */
function ratesOf(state: FlowState, nowMs: number): { byType: Map<number, number>; bytesPerS: number } {
  const fresh = [...state.rates.values()].filter(({ atMs }) => nowMs - atMs < RATE_FRESH_MS);
  const counting = new Set(fresh.map(({ node }) => node));
  const byType = new Map<number, number>();
  let bytesPerS = 0;
  for (const rate of fresh) {
    const silent = !counting.has(rate.peer);
    const perS = rate.sentPerS + (silent ? rate.receivedPerS : 0);
    byType.set(rate.type, (byType.get(rate.type) ?? 0) + perS);
    const packets = rate.sentPerS + rate.receivedPerS;
    bytesPerS += packets === 0 ? 0 : (rate.bytesPerS * perS) / packets;
  }
  return { byType, bytesPerS };
}

const FIRST_TYPES: readonly number[] = [PACKET.PROPOSAL, PACKET.ACK, PACKET.COMMIT, PACKET.INFORM];

function rateLine(state: FlowState, view: PaneView): Line {
  const { byType, bytesPerS } = ratesOf(state, view.nowMs);
  const sampled = byType.size > 0;
  if (!sampled) {
    for (const [type, counts] of state.seenRates) {
      const perS = counts.last(2, view.nowMs)[0] ?? 0;
      if (perS > 0) byType.set(type, perS);
    }
  }
  const types = [...new Set([...FIRST_TYPES, ...byType.keys()])].sort(
    (a, b) => rankOf(a) - rankOf(b) || a - b,
  );
  const line: Span[] = [span(sampled ? ' packets/s' : ' packets/s seen', 'dim')];
  for (const type of types) {
    const perS = byType.get(type) ?? 0;
    if (perS === 0 && type === PACKET.INFORM) continue;
    line.push(span(`  ${packetName(type)} `, 'dim'), span(countText(perS), perS > 0 ? 'bold' : 'dim'));
  }
  if (sampled) line.push(span(`  ${bytesText(bytesPerS)}/s`));
  return line;
}

const rankOf = (type: number): number => {
  const first = FIRST_TYPES.indexOf(type);
  return first < 0 ? FIRST_TYPES.length : first;
};

function learnerLine(state: FlowState, view: PaneView): Line | undefined {
  const line: Span[] = [];
  const learners = [...state.learners].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [sid, { kind, phase, lag, queuedBytes, atMs, lags }] of learners) {
    if (view.nowMs - atMs > RATE_FRESH_MS) continue;
    const tone: Tone = lag < 0 ? 'dim' : lag <= 10 ? 'good' : lag <= 1000 ? 'warn' : 'bad';
    const calm = phase === 'serving' || phase === '';
    const what = view.width >= 120 ? ` ${kind} ${phase} ` : calm ? ' ' : ` ${phase} `;
    line.push(span(` server ${sid}`, 'accent'), span(what, calm ? 'dim' : 'warn'));
    line.push(span(lag < 0 ? 'lag unknown' : `${countText(lag)} behind`, tone));
    if (queuedBytes > 0) line.push(span(`, ${bytesText(queuedBytes)} waiting`, 'warn'));
    if (view.width >= 120) line.push(span(' '), span(sparkline(lags, 20, view.ascii), tone));
    line.push(span('  '));
  }
  return line.length === 0 ? undefined : line;
}

function seenLine(state: FlowState, view: PaneView): Line | undefined {
  const share = state.seen.share(view.nowMs);
  const losses = state.seen.losses(view.nowMs);
  const slow = losses.reduce((sum, loss) => sum + loss.slow, 0);
  const garbled = losses.reduce((sum, loss) => sum + loss.garbled, 0);
  if (share >= 1 && slow === 0 && garbled === 0) return undefined;
  const parts: string[] = [];
  if (share < 1) {
    parts.push(
      `About ${percentText(share)} of the time is seen, in bursts: only proposals seen whole are shown.`,
    );
  }
  if (slow > 0) parts.push(`${countText(slow)} events were lost, since we read too slowly.`);
  if (garbled > 0) parts.push(`${countText(garbled)} lines were no events.`);
  return [span(` ${parts.join(' ')}`, 'warn')];
}

/** Proposals that can be chosen, oldest first. */
function proposalsOf(state: FlowState, view: PaneView): Proposal[] {
  const wanted = view.filter.toLowerCase();
  const partly = state.seen.share(view.nowMs) < 1;
  return [...state.proposals.values()].filter((proposal) => {
    if (partly && !isComplete(proposal)) return false;
    if (wanted === '') return true;
    const { zxid, session } = proposal;
    const text = `${hex0x(zxid)} ${hex0x(session)} ${writeText(state, proposal)}`;
    return text.toLowerCase().includes(wanted);
  });
}

/** The zxid of the proposal a step belongs to; undefined for what belongs to none. */
const proposalZxid = (state: FlowState, step: Step): bigint | undefined => {
  const named =
    step.kind === 'moment' ||
    step.type === PACKET.PROPOSAL ||
    step.type === PACKET.ACK ||
    step.type === PACKET.COMMIT ||
    step.type === PACKET.INFORM;
  return named && state.proposals.has(step.zxid) ? step.zxid : undefined;
};

/** The newest steps, those of proposals that are not shown left out. */
function stepsOf(
  state: FlowState,
  view: PaneView,
  shown: ReadonlySet<bigint>,
  until: bigint | undefined,
): Step[] {
  const { rows } = state;
  const steps: Step[] = [];
  let last = rows.length - 1;
  if (until !== undefined) {
    // The picture ends some rows below the chosen proposal.
    for (let i = last; i >= 0; i--) {
      const step = rows.at(i);
      if (step !== undefined && step.zxid === until) {
        last = Math.min(last, i + view.height * 2);
        break;
      }
    }
  }
  const most = Math.max(100, STEPS_PER_LINE * view.height);
  for (let i = last; i >= 0 && steps.length < most; i--) {
    const step = rows.at(i);
    if (step === undefined) continue;
    if (step.kind === 'packet' && step.type === PACKET.PING && view.sort !== WITH_PINGS) continue;
    const zxid = proposalZxid(state, step);
    if (zxid !== undefined && !shown.has(zxid)) continue;
    if (zxid === undefined && view.filter !== '') continue;
    steps.push(step);
  }
  return steps.reverse();
}

/** Why there may be nothing to see. */
function nothingSent(view: PaneView): Line[] {
  const lines: Line[] = [[span(' Nothing has been sent between servers that could be seen.', 'dim')]];
  if (view.servers.some(({ kind }) => kind === 'apache')) {
    lines.push(
      [span(' Apache servers do not tell what they send each other. A zkt server beside them', 'dim')],
      [span(' does: what it sends them, and what they send it.', 'dim')],
    );
  }
  if (view.servers.some(({ mode }) => mode === 'standalone')) {
    lines.push([span(' A server that stands alone has nobody to send to.', 'dim')]);
  }
  return lines;
}

/** The picture by time: the newest at the bottom, or the chosen proposal in the middle. */
function streamLines(state: FlowState, view: PaneView, shown: readonly Proposal[], rows: number): Line[] {
  const chosen = shown.find(({ zxid }) => hex0x(zxid) === view.chosen);
  const steps = stepsOf(state, view, new Set(shown.map(({ zxid }) => zxid)), chosen?.zxid);
  if (steps.length === 0) return nothingSent(view);
  const leader = view.servers.find(({ mode }) => mode === 'leader')?.node ?? shown.at(-1)?.leader ?? '';
  const clocks = clocksOf(steps, leader);
  const at = new Map(steps.map((step) => [step, clocks.at(step)]));
  const ordered = steps
    .map((step, i) => ({ step, i, time: at.get(step) ?? 0 }))
    .sort((a, b) => a.time - b.time || a.i - b.i);
  const lanes = lanesFor(steps, view);
  const room = Math.max(0, rows - 1);
  const last = chosen === undefined ? -1 : ordered.findLastIndex(({ step }) => step.zxid === chosen.zxid);
  const first = chosen === undefined ? -1 : ordered.findIndex(({ step }) => step.zxid === chosen.zxid);
  const bottom = Math.max(0, ordered.length - room);
  const middle = last - first >= room ? first : Math.floor((first + last - room) / 2);
  const start = first < 0 ? bottom : Math.max(0, Math.min(bottom, middle));
  const lines: Line[] = [laneTitles(lanes, view)];
  for (const { step, time } of ordered.slice(start, start + room)) {
    const zxid = proposalZxid(state, step);
    const proposal = zxid === undefined ? undefined : state.proposals.get(zxid);
    const since = proposal === undefined || proposal.proposedMs < 0 ? undefined : time - proposal.proposedMs;
    const begins = step.kind === 'moment' && step.what === 'proposed';
    const words =
      proposal === undefined || step.kind !== 'moment'
        ? undefined
        : begins
          ? writeText(state, proposal)
          : step.what === 'committed'
            ? quorumText(proposal, view.width >= 120)
            : undefined;
    const row: Row = {
      step,
      time: since === undefined || begins ? timeText(time, 'ms').slice(3) : offsetText(since),
      timeTone: begins ? 'accent' : 'dim',
      ...(words === undefined ? {} : { words }),
    };
    const line = laneRow(row, lanes, clocks, view);
    lines.push(
      chosen !== undefined && zxid === chosen.zxid ? mark(clip(line, view.width), view.width) : line,
    );
  }
  return lines;
}

function draw(state: FlowState, view: PaneView): PaneDrawing {
  const shown = proposalsOf(state, view);
  const keys = shown.map(({ zxid }) => hex0x(zxid));
  if (view.drill !== undefined) {
    const proposal = [...state.proposals.values()].find(({ zxid }) => hex0x(zxid) === view.drill);
    const lines: Line[] =
      proposal === undefined
        ? [[span(' This proposal is forgotten by now. Esc goes back.', 'warn')]]
        : proposalLines(state, proposal, view, true);
    return { lines: fitLines(scrolled(lines, view), view), keys };
  }
  const head = [rateLine(state, view), learnerLine(state, view), seenLine(state, view)];
  const lines = head.filter((line): line is Line => line !== undefined);
  const rows = view.height - lines.length;
  if (view.sort === ONE_AT_A_TIME) {
    const chosen = shown.find(({ zxid }) => hex0x(zxid) === view.chosen);
    const one = chosen ?? shown.findLast(isComplete) ?? shown.at(-1);
    if (one === undefined) lines.push([span(' No proposal has been seen.', 'dim')]);
    else {
      const place = `proposal ${shown.indexOf(one) + 1} of ${shown.length} kept`;
      lines.push([span(` ${place}${chosen === undefined ? ', the newest' : ''}`, 'dim')]);
      lines.push(...proposalLines(state, one, view, false));
    }
  } else lines.push(...streamLines(state, view, shown, rows));
  return { lines: fitLines(lines, view), keys };
}

/** The pane of the flow. */
export const flowPane: Pane<FlowState> = {
  id: 'flow',
  title: 'ZAB flow',
  names: FLOW_NAMES,
  sorts: SORTS,
  help: [
    'What leader and learners send each other: a lane a server, time downward, an',
    'arrow a packet. Left: the time since the proposal, or the time of day. Right:',
    'zxid, size, and how long the packet was on its way.',
    'Marks: proposed, on disk (with its fsync), quorum: from there on the write is',
    'committed. Above: packets a second, and how far each learner is behind.',
    's: with pings, or one proposal at a time. The arrows choose a proposal; Enter',
    'tells its whole way, from the client and back.',
    `The last ${PROPOSALS_MAX} proposals are kept. Clocks that disagree are put right.`,
  ],
  create: emptyFlow,
  take: takeFlow,
  draw,
};
