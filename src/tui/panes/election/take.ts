/** How events become elections. */
import type { EventName, FieldsOf, ZktEvent } from '../../../events/table.ts';
import { keptText } from '../../kept.ts';
import {
  accepts,
  become,
  cast,
  type Doing,
  doingOf,
  type Election,
  type ElectionState,
  join,
  type Member,
  mayCause,
  tell,
} from './state.ts';

/** What the pane reads. */
export const ELECTION_NAMES: readonly EventName[] = [
  'peer.state',
  'peer.leaderless',
  'peer.role-ended',
  'election.round-started',
  'election.notification-sent',
  'election.notification-received',
  'election.vote-changed',
  'election.decided',
  'election.config-heard',
  'election.connected',
  'election.disconnected',
  'election.unreachable',
  'election.notification-ignored',
  'election.vote-told',
  'quorum.peer-refused',
  'learner.connected',
  'learner.ready',
  'learner.gone',
  'zab.epoch-chosen',
  'zab.epoch-entered',
  'zab.epoch-accepted',
  'zab.established',
  'zab.stepped-down',
  'zab.sync-chosen',
  'zab.sync-sent',
  'zab.sync-started',
  'zab.synced',
  'zab.leader-left',
  'zab.leader-refused',
  'server.starting',
  'server.stopping',
  'server.stopped',
  'server.failed',
  'source.lost',
  'feed.dropped',
];

/** What may be why an election begins. */
const CAUSES: ReadonlySet<EventName> = new Set<EventName>([
  'peer.role-ended',
  'zab.leader-left',
  'zab.stepped-down',
  'learner.gone',
  'source.lost',
  'server.starting',
  'server.stopping',
  'server.failed',
]);
/** Who is gone. */
const GONE: ReadonlySet<EventName> = new Set<EventName>(['source.lost', 'server.stopped', 'server.failed']);
const SERVERS_MAX = 256;

/** The server an event is about, where that is another than the one that tells it: a learner of a leader. */
const ABOUT: ReadonlySet<EventName> = new Set<EventName>([
  'learner.connected',
  'learner.ready',
  'zab.sync-chosen',
  'zab.sync-sent',
]);

/** Takes an event in. */
export function takeElection(state: ElectionState, event: ZktEvent): void {
  const { node, time } = event;
  switch (event.name) {
    case 'feed.dropped':
      state.seen.take(event);
      return;
    case 'peer.state':
      changed(state, event.fields.state, event);
      return;
    case 'election.round-started': {
      tells(state, node);
      const looks = state.current.get(node)?.members.get(node);
      const election =
        looks !== undefined && doingOf(looks) === 'looking'
          ? state.current.get(node)
          : join(state, node, time);
      if (election !== undefined) roundStarted(election, event.fields, event);
      return;
    }
    case 'election.vote-told':
      told(state, event.fields, event);
      return;
    default:
      if (CAUSES.has(event.name)) mayCause(state, event);
      if (GONE.has(event.name)) gone(state, event);
      if (event.name.startsWith('election.')) tells(state, node);
      inElection(state, event);
  }
}

/**
 * It tells of its elections itself, and need not be asked. What state it is in, who asks tells too:
 * `peer.state` says nothing of that.
 */
function tells(state: ElectionState, node: string): void {
  if (state.telling.size < SERVERS_MAX) state.telling.add(node);
  state.told.delete(node);
}

const roundStarted = (
  election: Election,
  { round, zxid, peerEpoch, votes }: FieldsOf<'election.round-started'>,
  event: ZktEvent,
): void => {
  const member = election.members.get(event.node);
  const leader = votes ? sidOf(event.node) : -1n;
  if (member !== undefined) {
    cast(member, { atMs: event.time, leader, zxid, peerEpoch, round, rule: 'first', from: -1n });
  }
  election.round = Math.max(election.round, round);
  tell(election, event);
};

const sidOf = (node: string): bigint => (/^\d{1,18}$/.test(node) ? BigInt(node) : -1n);

/** A server looks, or does so no longer. */
function changed(state: ElectionState, to: string, event: ZktEvent): void {
  const { node, time } = event;
  if (to === 'LOOKING') {
    const election = join(state, node, time);
    if (election !== undefined) tell(election, event);
    return;
  }
  const election = state.current.get(node);
  const member = election?.members.get(node);
  if (election === undefined || member === undefined) {
    if (to === 'LEADING' && state.leading.size < SERVERS_MAX) state.leading.add(node);
    return;
  }
  if (doingOf(member) === 'looking') become(election, member, 'joining', time);
  if (accepts(election, time)) tell(election, event);
}

/** What a server that tells nothing by itself said when it was asked. */
function told(
  state: ElectionState,
  { state: doing, leader, zxid, peerEpoch, round }: FieldsOf<'election.vote-told'>,
  event: ZktEvent,
): void {
  const { node, time } = event;
  if (state.telling.has(node)) return;
  if (state.told.size < SERVERS_MAX || state.told.has(node)) {
    state.told.set(node, { state: keptText(doing), leader, zxid, peerEpoch, round, atMs: time });
  }
  const before = state.current.get(node)?.members.get(node);
  let election = state.current.get(node);
  if (doing === 'LOOKING') {
    if (before === undefined || doingOf(before) !== 'looking') election = join(state, node, time);
  } else if (doing === 'LEADING' && state.leading.size < SERVERS_MAX) state.leading.add(node);
  const member = election?.members.get(node);
  if (election === undefined || member === undefined) return;
  const last = member.votes.at(-1);
  const same = last?.leader === leader && last.zxid === zxid && last.peerEpoch === peerEpoch;
  const settles = doing !== 'LOOKING' && doingOf(member) !== 'settled';
  if (!same && (settles || doing === 'LOOKING')) {
    cast(member, { atMs: time, leader, zxid, peerEpoch, round, rule: 'told', from: -1n });
    election.round = Math.max(election.round, round);
  }
  if (settles) {
    member.decided = { state: keptText(doing), leader, how: 'asked' };
    decide(election, leader, 'asked', time);
    if (doing === 'LEADING') {
      election.establishedMs = time;
      election.epoch = peerEpoch;
    }
    become(election, member, 'settled', time);
  }
  if ((!same || settles) && accepts(election, time)) tell(election, event);
}

function gone(state: ElectionState, { node, time }: ZktEvent): void {
  state.leading.delete(node);
  state.told.delete(node);
  const election = state.current.get(node);
  const member = election?.members.get(node);
  if (election !== undefined && member !== undefined && !election.over)
    become(election, member, 'gone', time);
}

/** An event of a server that takes part in an election, or of another about it. */
function inElection(state: ElectionState, event: ZktEvent): void {
  const { time } = event;
  const about = aboutWhom(event);
  const theirs = about === undefined ? undefined : state.current.get(about);
  const mine = state.current.get(event.node);
  const isTheirs = theirs !== undefined && accepts(theirs, time);
  const election = isTheirs && (ABOUT.has(event.name) || mine === undefined || mine.over) ? theirs : mine;
  if (election === undefined || !accepts(election, time)) return;
  // Between elections, connections come and go by themselves.
  const member = election.members.get(event.node);
  if (member !== undefined) note(state, election, member, event);
  if (event.name === 'learner.ready' && about !== undefined && !state.telling.has(about)) {
    const learner = election.members.get(about);
    if (learner !== undefined) become(election, learner, 'settled', time);
  }
  tell(election, event);
}

function aboutWhom({ name, fields }: ZktEvent): string | undefined {
  if (name === 'election.notification-sent') return String(fields.to);
  if (name === 'election.notification-received') return String(fields.from);
  if (ABOUT.has(name) && 'sid' in fields) return String(fields.sid);
  return undefined;
}

function decide(election: Election, leader: bigint, how: string, time: number): void {
  if (election.decidedMs < 0 || time < election.decidedMs) election.decidedMs = time;
  if (election.establishedMs < 0) election.leader = leader;
  if (election.how === '' || how === 'quorum') election.how = how;
}

function note(state: ElectionState, election: Election, member: Member, event: ZktEvent): void {
  const { time, node } = event;
  const becomes = (doing: Doing): void => become(election, member, doing, time);
  switch (event.name) {
    case 'election.notification-sent':
      member.sent++;
      election.notifications++;
      break;
    case 'election.notification-received':
      member.received++;
      break;
    case 'election.vote-changed': {
      const { leader, zxid, peerEpoch, round, rule, from } = event.fields;
      cast(member, { atMs: time, leader, zxid, peerEpoch, round, rule: keptText(rule), from });
      election.round = Math.max(election.round, round);
      break;
    }
    case 'election.decided': {
      const { state: doing, leader, how, round, zxid, peerEpoch } = event.fields;
      // A leader that stands is joined without a vote for it having been told.
      if (member.votes.at(-1)?.leader !== leader) {
        cast(member, { atMs: time, leader, zxid, peerEpoch, round, rule: keptText(how), from: -1n });
      }
      member.decided = { state: keptText(doing), leader, how: keptText(how) };
      election.round = Math.max(election.round, round);
      decide(election, leader, keptText(how), time);
      becomes('joining');
      break;
    }
    case 'zab.established':
      election.leader = sidOf(node);
      election.epoch = event.fields.epoch;
      election.establishedMs = time;
      if (state.leading.size < SERVERS_MAX) state.leading.add(node);
      becomes('settled');
      break;
    case 'zab.synced':
      election.leader = event.fields.leader;
      election.epoch = event.fields.epoch;
      becomes('settled');
      break;
    default:
  }
}
