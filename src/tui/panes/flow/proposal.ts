/** One proposal: its whole way over all servers. */
import { epochOf, hex0x } from '../../../base/brands.ts';
import { durationText, offsetText } from '../../../formatters/duration-text.ts';
import { bytesText } from '../../../formatters/quantity-text.ts';
import { timeText } from '../../../formatters/time-text.ts';
import { type Line, span } from '../../lines.ts';
import type { PaneView } from '../../pane.ts';
import { wrapText } from '../../wrap.ts';
import { type Clocks, clocksOf } from './clocks.ts';
import { laneRow, lanesFor, laneTitles, type Row } from './lanes.ts';
import { type FlowState, type Proposal, type Request, requestKey, type Step } from './state.ts';

/** The write a proposal is of, as far as it was seen. */
const requestOf = (state: FlowState, { session, cxid }: Proposal): Request | undefined =>
  session === 0n ? undefined : state.requests.get(requestKey(session, cxid));

/** A proposal of which every part that its leader tells was seen. */
export const isComplete = ({ proposedMs, committedMs, steps }: Proposal): boolean =>
  proposedMs >= 0 && committedMs >= 0 && steps.length >= 3;

/** The server that made it, as events name it; empty when that is not known. */
const leaderOf = ({ leader, steps }: Proposal): string =>
  leader !== '' ? leader : (steps.find((step) => step.kind === 'moment')?.node ?? '');

/** What is written, in a few words. */
export function writeText(state: FlowState, proposal: Proposal): string {
  const request = requestOf(state, proposal);
  if (request === undefined) return proposal.bytes < 0 ? '' : 'a transaction';
  return request.path === '' ? request.op : `${request.op} ${request.path}`;
}

interface Told {
  readonly clocks: Clocks;
  /** When it was proposed, or the first that was seen of it. */
  readonly zeroMs: number;
  readonly steps: readonly Step[];
}

/** Causes before effects at one time. */
const RANK: Readonly<Record<string, number>> = {
  received: 0,
  forwarded: 1,
  arrived: 2,
  prepared: 3,
  proposed: 4,
  packet: 5,
  logged: 5,
  committed: 6,
  applied: 8,
  replied: 9,
};
const rankOf = (step: Step): number =>
  step.kind === 'moment' ? (RANK[step.what] ?? 5) : step.type === 4 || step.type === 8 ? 7 : 5;

/** The steps of a proposal in the order they happened, on one clock. */
function toldOf(state: FlowState, proposal: Proposal, whole: boolean): Told {
  const request = requestOf(state, proposal);
  const all: Step[] = [...proposal.steps, ...(whole ? (request?.steps ?? []) : [])];
  const steps = whole ? all : all.filter((step) => step.kind === 'packet' || step.what !== 'applied');
  const clocks = clocksOf(steps, leaderOf(proposal));
  const at = new Map(steps.map((step) => [step, clocks.at(step)]));
  const time = (step: Step): number => at.get(step) ?? 0;
  steps.sort((a, b) => time(a) - time(b) || rankOf(a) - rankOf(b));
  const first = steps[0] === undefined ? 0 : time(steps[0]);
  return { clocks, zeroMs: proposal.proposedMs >= 0 ? proposal.proposedMs : first, steps };
}

/** How many servers had it on disk when it was committed, of how many; and whose ACK made the quorum. */
export function quorumText(proposal: Proposal, wide: boolean): string {
  const before = proposal.acks.filter(({ atMs }) => atMs <= proposal.committedMs);
  if (before.length === 0) return '';
  const voters = proposal.followers < 0 ? '' : ` of ${proposal.followers + 1}`;
  const last = before.at(-1);
  return `${before.length}${voters} acks${last === undefined || !wide ? '' : `, the last by server ${last.sid}`}`;
}

/** Head lines: what it is, and what took how long. */
function proposalHead(state: FlowState, proposal: Proposal, view: PaneView): Line[] {
  const write = writeText(state, proposal);
  const { zxid, session, cxid, bytes, proposedMs, committedMs } = proposal;
  const lines: Line[] = [
    [
      span(` ${hex0x(zxid)}`, 'head'),
      span(`  ${write}`, 'bold'),
      span(bytes < 0 ? '' : `  ${bytesText(bytes)}`),
      span(proposedMs < 0 ? '' : `  at ${timeText(proposedMs, 'ms')}`, 'dim'),
    ],
  ];
  const fsyncs = proposal.steps.flatMap((step) =>
    step.kind === 'moment' && step.what === 'logged' ? [step] : [],
  );
  const slowest = fsyncs.reduce<(typeof fsyncs)[number] | undefined>(
    (most, step) => (most === undefined || step.ms > most.ms ? step : most),
    undefined,
  );
  const parts: string[] = [];
  const leader = leaderOf(proposal);
  parts.push(`epoch ${epochOf(zxid)}${leader === '' ? '' : ` of server ${leader}`}`);
  if (session !== 0n) parts.push(`session ${hex0x(session)} request ${cxid}`);
  if (committedMs >= 0 && proposedMs >= 0) {
    const quorum = quorumText(proposal, true);
    parts.push(`committed ${offsetText(committedMs - proposedMs)}${quorum === '' ? '' : ` (${quorum})`}`);
  } else parts.push(committedMs < 0 ? 'its commit was not seen' : 'its proposal was not seen');
  if (slowest !== undefined && slowest.ms >= 0) {
    parts.push(`slowest fsync ${durationText(slowest.ms)} on server ${slowest.node}`);
  }
  for (const text of wrapText(parts.join(', '), view.width - 2)) lines.push([span(` ${text}`, 'dim')]);
  return lines;
}

/** The lines of a proposal: lanes with every step, times since it was proposed. */
export function proposalLines(state: FlowState, proposal: Proposal, view: PaneView, whole: boolean): Line[] {
  const { clocks, zeroMs, steps } = toldOf(state, proposal, whole);
  const lanes = lanesFor(steps, view);
  const lines = [...proposalHead(state, proposal, view), laneTitles(lanes, view)];
  for (const step of steps) {
    const words =
      step.kind === 'moment' && step.what === 'committed'
        ? quorumText(proposal, view.width >= 120)
        : undefined;
    const row: Row = {
      step,
      time: offsetText(clocks.at(step) - zeroMs),
      timeTone: 'dim',
      ...(words === undefined ? {} : { words }),
    };
    lines.push(laneRow(row, lanes, clocks, view));
  }
  const off = [...clocks.corrections].filter(([, ms]) => ms !== 0);
  if (off.length > 0) {
    const text = off.map(([node, ms]) => `server ${node} by ${offsetText(-ms)}`).join(', ');
    lines.push([span(` Clocks disagree and were put right: ${text}.`, 'warn')]);
  }
  return lines;
}
