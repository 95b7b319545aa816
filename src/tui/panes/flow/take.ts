/** How events become the flow: packets are paired, proposals get their steps, all in constant time. */
import type { EventName, FieldsOf, ZktEvent } from '../../../events/table.ts';
import { PACKET } from '../../../protocol/quorum.ts';
import { keptText } from '../../kept.ts';
import { PerSecond } from '../../per-second.ts';
import type { Packet } from './pairs.ts';
import { type FlowState, type Moment, PROPOSALS_MAX, type Proposal, requestKey, type Step } from './state.ts';

/** Packets and moments of one proposal that are kept. */
const STEPS_MAX = 160;
/** Writes that are kept, by session and number. */
const REQUESTS_MAX = 2_048;
const REQUEST_STEPS_MAX = 32;
/** Rates kept: servers, peers and types together. */
const RATES_MAX = 4_096;
const LEARNERS_MAX = 256;
const LAGS_MAX = 60;
const TYPES_MAX = 64;

/** What the pane reads. */
export const FLOW_NAMES: readonly EventName[] = [
  'zab.packet-sent',
  'zab.packet-received',
  'zab.proposed',
  'zab.proposal-received',
  'zab.acked',
  'zab.committed',
  'zab.learner-sampled',
  'zab.packets-sampled',
  'request.received',
  'request.forwarded',
  'request.arrived',
  'request.prepared',
  'request.logged',
  'request.applied',
  'request.replied',
  'feed.dropped',
];

/** Operations that make no transaction: there is no proposal of them. */
const READS: ReadonlySet<string> = new Set([
  'ping',
  'exists',
  'getData',
  'getACL',
  'getChildren',
  'getChildren2',
  'sync',
  'multiRead',
  'auth',
  'sasl',
  'setWatches',
  'setWatches2',
  'addWatch',
  'checkWatches',
  'removeWatches',
  'getEphemerals',
  'getAllChildrenNumber',
  'whoAmI',
]);
/** Packets whose zxid names a proposal. */
const OF_PROPOSALS: ReadonlySet<number> = new Set([
  PACKET.PROPOSAL,
  PACKET.ACK,
  PACKET.COMMIT,
  PACKET.INFORM,
  PACKET.COMMITANDACTIVATE,
  PACKET.INFORMANDACTIVATE,
]);
/** Packets that come before their sender has said who it is. */
const FROM_STRANGERS: ReadonlySet<number> = new Set([PACKET.FOLLOWERINFO, PACKET.OBSERVERINFO]);

/** Takes an event in. */
export function takeFlow(state: FlowState, event: ZktEvent): void {
  const { node, time } = event;
  switch (event.name) {
    case 'zab.packet-sent':
      packet(state, 'sender', node, time, event.fields);
      return;
    case 'zab.packet-received':
      packet(state, 'receiver', node, time, event.fields);
      return;
    case 'zab.proposed':
      proposed(state, node, time, event.fields);
      return;
    case 'zab.proposal-received': {
      const { zxid, session, cxid, bytes, leader } = event.fields;
      const proposal = proposalOf(state, zxid);
      if (proposal === undefined || proposal.bytes >= 0) return;
      Object.assign(proposal, { session, cxid, bytes, leader: String(leader) });
      return;
    }
    case 'zab.acked':
      acked(state, event.fields.sid, event.fields.zxid, time);
      return;
    case 'zab.committed': {
      const proposal = proposalOf(state, event.fields.zxid);
      if (proposal === undefined) return;
      proposal.committedMs = time;
      if (proposal.leader === '') proposal.leader = node;
      moment(state, proposal, 'committed', { node, time, zxid: proposal.zxid });
      return;
    }
    case 'zab.learner-sampled':
      learner(state, time, event.fields);
      return;
    case 'zab.packets-sampled':
      rate(state, node, time, event.fields);
      return;
    case 'feed.dropped':
      state.seen.take(event);
      return;
    default:
      request(state, event);
  }
}

interface PacketFields {
  readonly peer: bigint;
  readonly type: number;
  readonly zxid: bigint;
  readonly bytes: number;
}

function packet(
  state: FlowState,
  at: 'sender' | 'receiver',
  node: string,
  time: number,
  { peer, type, zxid, bytes }: PacketFields,
): void {
  const other = peer < 0n ? '' : String(peer);
  const [from, to] = at === 'sender' ? [node, other] : [other, node];
  const key = `${type} ${FROM_STRANGERS.has(type) ? '' : from} ${to} ${zxid}`;
  const end = { at, node, time, key, unique: OF_PROPOSALS.has(type) };
  const known = state.pairs.match(end);
  if (known !== undefined) {
    if (at === 'sender') {
      known.sentMs = time;
      known.from = node;
    } else known.receivedMs = time;
    return;
  }
  const [sentMs, receivedMs] = at === 'sender' ? [time, -1] : [-1, time];
  const fresh: Packet = { kind: 'packet', type, from, to, zxid, bytes, sentMs, receivedMs };
  state.pairs.wait(end, fresh);
  state.rows.push(fresh);
  countSeen(state, type, time);
  if (!OF_PROPOSALS.has(type)) return;
  // Of what was before, only proposals that are known: an ACK of NEWLEADER names no proposal.
  const proposal = type === PACKET.PROPOSAL ? proposalOf(state, zxid) : state.proposals.get(zxid);
  if (proposal !== undefined) addStep(proposal, fresh);
}

function countSeen({ seenRates }: FlowState, type: number, time: number): void {
  let counts = seenRates.get(type);
  if (counts === undefined) {
    if (seenRates.size >= TYPES_MAX) return;
    counts = new PerSecond(4);
    seenRates.set(type, counts);
  }
  counts.add(time);
}

/** The proposal of a zxid; a new one unless the zxid names none. */
function proposalOf(state: FlowState, zxid: bigint): Proposal | undefined {
  if (zxid <= 0n) return undefined;
  const known = state.proposals.get(zxid);
  if (known !== undefined) return known;
  const proposal: Proposal = {
    zxid,
    leader: '',
    session: 0n,
    cxid: -1,
    bytes: -1,
    followers: -1,
    proposedMs: -1,
    committedMs: -1,
    acks: [],
    steps: [],
  };
  state.proposals.set(zxid, proposal);
  state.order.ring.push(proposal);
  state.order.count++;
  if (state.proposals.size > PROPOSALS_MAX) {
    for (const [oldest] of state.proposals) {
      state.proposals.delete(oldest);
      break;
    }
  }
  return proposal;
}

function addStep({ steps }: Proposal, step: Step): void {
  if (steps.length < STEPS_MAX) steps.push(step);
}

interface When {
  readonly node: string;
  readonly time: number;
  readonly zxid: bigint;
  readonly ms?: number;
}

function moment(
  state: FlowState,
  proposal: Proposal,
  what: Moment['what'],
  { node, time, zxid, ms = -1 }: When,
): void {
  const step: Moment = { kind: 'moment', what, node, atMs: time, zxid, ms };
  addStep(proposal, step);
  // What was applied is told by the story of a proposal; the stream is full enough without it.
  if (what !== 'applied') state.rows.push(step);
}

function proposed(state: FlowState, node: string, time: number, fields: FieldsOf<'zab.proposed'>): void {
  const { zxid, session, cxid, bytes, followers } = fields;
  const proposal = proposalOf(state, zxid);
  if (proposal === undefined) return;
  Object.assign(proposal, { leader: node, session, cxid, bytes, followers, proposedMs: time });
  moment(state, proposal, 'proposed', { node, time, zxid });
}

/** A server has everything up to that zxid on disk: each proposal is looked at once for each server. */
function acked(state: FlowState, sid: bigint, zxid: bigint, time: number): void {
  const { ring, count } = state.order;
  if (state.acked.size >= LEARNERS_MAX && !state.acked.has(sid)) return;
  const first = count - ring.length;
  let next = Math.max(first, state.acked.get(sid) ?? first);
  for (; next < count; next++) {
    const proposal = ring.at(next - first);
    if (proposal === undefined || proposal.zxid > zxid) break;
    proposal.acks.push({ sid, atMs: time });
  }
  state.acked.set(sid, next);
}

function learner(
  state: FlowState,
  atMs: number,
  { sid, kind, phase, lag, queuedBytes }: FieldsOf<'zab.learner-sampled'>,
): void {
  const known = state.learners.get(sid);
  if (known === undefined && state.learners.size >= LEARNERS_MAX) return;
  const lags = [...(known?.lags ?? []).slice(1 - LAGS_MAX), lag];
  state.learners.set(sid, { kind: keptText(kind), phase: keptText(phase), lag, queuedBytes, atMs, lags });
}

function rate(
  state: FlowState,
  node: string,
  atMs: number,
  { peer, type, sent, received, bytes, ms }: FieldsOf<'zab.packets-sampled'>,
): void {
  const key = `${node} ${peer} ${type}`;
  if (state.rates.size >= RATES_MAX && !state.rates.has(key)) return;
  const perS = 1000 / Math.max(1, ms);
  const [sentPerS, receivedPerS, bytesPerS] = [sent * perS, received * perS, bytes * perS];
  state.rates.set(key, { node, peer: String(peer), type, sentPerS, receivedPerS, bytesPerS, atMs });
}

const WHAT: Partial<Record<EventName, Moment['what']>> = {
  'request.received': 'received',
  'request.forwarded': 'forwarded',
  'request.arrived': 'arrived',
  'request.prepared': 'prepared',
  'request.logged': 'logged',
  'request.applied': 'applied',
  'request.replied': 'replied',
};

function request(state: FlowState, event: ZktEvent): void {
  const { name, node, time } = event;
  if (name === 'request.logged' || name === 'request.applied') {
    const { zxid } = event.fields;
    const proposal =
      state.proposals.get(zxid) ?? (name === 'request.logged' ? proposalOf(state, zxid) : undefined);
    const ms = name === 'request.logged' ? event.fields.ms : -1;
    if (proposal !== undefined) moment(state, proposal, WHAT[name] ?? 'logged', { node, time, zxid, ms });
    return;
  }
  const what = WHAT[name];
  if (what === undefined || !('op' in event.fields) || !('cxid' in event.fields)) return;
  const { session, cxid, op } = event.fields;
  if (READS.has(op)) return;
  const key = requestKey(session, cxid);
  let known = state.requests.get(key);
  if (known === undefined) {
    if (state.requests.size >= REQUESTS_MAX) {
      for (const [oldest] of state.requests) {
        state.requests.delete(oldest);
        break;
      }
    }
    known = { op: keptText(op), path: '', steps: [] };
    state.requests.set(key, known);
  }
  if (name === 'request.received') known.path = keptText(event.fields.path);
  const zxid = 'zxid' in event.fields ? event.fields.zxid : 0n;
  const ms = name === 'request.replied' ? event.fields.ms : -1;
  if (known.steps.length < REQUEST_STEPS_MAX)
    known.steps.push({ kind: 'moment', what, node, atMs: time, zxid, ms });
}
