/**
 * What the pane of elections knows. Events of all servers are grouped: an election begins when the first
 * server looks for a leader, and is over when all who took part have one. A server that looks alone and finds
 * the leader that stands is a small election of its own.
 */
import { Ring } from '../../../base/ring.ts';
import type { ZktEvent } from '../../../events/table.ts';
import { wordsOf } from '../../../formatters/event-words.ts';
import { kept, keptText } from '../../kept.ts';
import { Seen } from '../../seen.ts';

/** Elections that are kept. */
export const ELECTIONS_MAX = 50;
/** Servers of an election; others are left out. */
const MEMBERS_MAX = 64;
/** Events at the beginning of an election that are kept, and at its end. */
export const FIRST_EVENTS_MAX = 400;
export const LAST_EVENTS_MAX = 600;
/** Votes of a server in an election that are kept: the last ones. */
const VOTES_MAX = 32;
/** Changes of what a server does in an election that are kept. */
const PHASES_MAX = 64;
/** Events that may be why an election began. */
const CAUSES_MAX = 32;
/** What happened that long before an election may be why it began, ms. */
const CAUSE_MS = 10_000;
/** Who looks later than that after a server that looks alone began another election, ms. */
const TOGETHER_MS = 5_000;
/** Servers whose clocks or streams are that far apart may be in the same election, ms. */
const NEAR_MS = 1_000;
/** Events that late still belong to an election that is over, ms. */
const LATE_MS = 2_000;

/** A vote of a server, and why it is that. */
export interface CastVote {
  readonly atMs: number;
  /** Below 0 for no vote. */
  readonly leader: bigint;
  readonly zxid: bigint;
  readonly peerEpoch: number;
  readonly round: number;
  /** `first`, `told` (it was asked), or the rule of `election.vote-changed`. */
  readonly rule: string;
  /** Who told the better vote; -1 for nobody. */
  readonly from: bigint;
}
/** What a server does: looks, has chosen and gets in step, has settled, does not answer. */
export type Doing = 'looking' | 'joining' | 'settled' | 'gone';

/** A server in an election. */
export interface Member {
  readonly node: string;
  readonly votes: CastVote[];
  /** Votes that were forgotten. */
  votesLost: number;
  readonly phases: { readonly doing: Doing; readonly fromMs: number }[];
  sent: number;
  received: number;
  decided: { readonly state: string; readonly leader: bigint; readonly how: string } | undefined;
}

/** An election. */
export interface Election {
  readonly key: string;
  startMs: number;
  readonly members: Map<string, Member>;
  /** Somebody led when it began, and one server looks alone. */
  small: boolean;
  /** Why it began, in words; empty when that is not known. */
  readonly cause: string;
  leader: bigint;
  epoch: number;
  round: number;
  how: string;
  /** When the first server had decided, a leader was established, all had settled; below 0 for not yet. */
  decidedMs: number;
  establishedMs: number;
  endMs: number;
  over: boolean;
  notifications: number;
  readonly first: ZktEvent[];
  readonly last: Ring<ZktEvent>;
}

/** What a server said last when it was asked for its vote. */
export interface ToldVote extends Pick<CastVote, 'atMs' | 'leader' | 'zxid' | 'peerEpoch' | 'round'> {
  readonly state: string;
}

/** See the head of the file. */
export interface ElectionState {
  /** Oldest first. */
  readonly elections: Election[];
  /** The election a server took part in last, by node. */
  readonly current: Map<string, Election>;
  /** Servers that lead, as far as is known. */
  readonly leading: Set<string>;
  /** Servers that tell of their elections themselves. */
  readonly telling: Set<string>;
  /** Servers that do not, by what they said when they were asked. */
  readonly told: Map<string, ToldVote>;
  readonly causes: Ring<ZktEvent>;
  readonly seen: Seen;
  count: number;
}

/** An empty state. */
export const emptyElections = (): ElectionState => ({
  elections: [],
  current: new Map(),
  leading: new Set(),
  telling: new Set(),
  told: new Map(),
  causes: new Ring<ZktEvent>(CAUSES_MAX),
  seen: new Seen(),
  count: 0,
});

/** What a member does now. */
export const doingOf = (member: Member): Doing | undefined => member.phases.at(-1)?.doing;

/** The election that a server takes part in, or a new one: it looks for a leader. */
export function join(state: ElectionState, node: string, time: number): Election | undefined {
  const around = electionAt(state, time);
  if (around !== undefined) return enter(state, around, node, time);
  const current = state.current.get(node);
  const newest = state.elections.at(-1);
  const open =
    newest !== undefined && !newest.over && newest.establishedMs < 0 && time >= newest.startMs
      ? newest
      : undefined;
  const mine = current?.members.get(node);
  if (current !== undefined && mine !== undefined && !current.over && doingOf(mine) !== 'settled') {
    if (open === undefined || open === current) return enter(state, current, node, time);
  }
  return begin(state, node, time, open);
}

/**
 * The election that is under way at that time, as far as is known by now: a server that is listened to later
 * tells its past later, and was part of the same elections.
 */
function electionAt({ elections }: ElectionState, time: number): Election | undefined {
  for (let i = elections.length - 1; i >= 0; i--) {
    const election = elections[i];
    if (election === undefined || time < election.startMs - NEAR_MS) continue;
    const { establishedMs, over, endMs, small, startMs } = election;
    const end = establishedMs >= 0 ? establishedMs : over ? endMs : Number.POSITIVE_INFINITY;
    return time <= end && (!small || time - startMs < TOGETHER_MS) ? election : undefined;
  }
  return undefined;
}

function begin(
  state: ElectionState,
  node: string,
  time: number,
  absorbed: Election | undefined,
): Election | undefined {
  const standing = [...state.leading].some((leader) => leader !== node);
  const small = standing && absorbed === undefined;
  const causes = causesOf(state, node, time, small);
  const why =
    causes.find(({ name }) => name === 'peer.role-ended') ??
    causes.find((cause) => cause.name === 'server.starting' && cause.node === node) ??
    causes[0];
  const election: Election = {
    key: `#${++state.count}`,
    startMs: time,
    members: new Map(),
    small,
    cause: why === undefined ? '' : causeText(why),
    leader: -1n,
    epoch: -1,
    round: -1,
    how: '',
    decidedMs: -1,
    establishedMs: -1,
    endMs: -1,
    over: false,
    notifications: 0,
    first: [...causes],
    last: new Ring<ZktEvent>(LAST_EVENTS_MAX),
  };
  const later = state.elections.findIndex(({ startMs }) => startMs > time);
  state.elections.splice(later < 0 ? state.elections.length : later, 0, election);
  if (state.elections.length > ELECTIONS_MAX) forget(state);
  if (absorbed !== undefined) {
    absorbed.over = true;
    absorbed.endMs = time;
    for (const [other, member] of absorbed.members) {
      if (doingOf(member) === 'looking') enter(state, election, other, time);
    }
  }
  return enter(state, election, node, time);
}

const causeText = (event: ZktEvent): string =>
  event.name === 'server.starting' ? `Server ${keptText(event.node)} was started.` : keptText(wordsOf(event));

/** What happened just before: to the server itself, and to the others since the election before was over. */
function causesOf(state: ElectionState, node: string, time: number, small: boolean): ZktEvent[] {
  const before = state.elections.findLast(({ startMs }) => startMs < time)?.endMs ?? -1;
  return [...state.causes].filter((cause) => {
    if (time - cause.time > CAUSE_MS || cause.time > time) return false;
    return cause.node === node || (!small && cause.time > before);
  });
}

function forget(state: ElectionState): void {
  const gone = state.elections.shift();
  for (const [node, election] of state.current) if (election === gone) state.current.delete(node);
}

function enter(state: ElectionState, election: Election, node: string, time: number): Election | undefined {
  let member = election.members.get(node);
  if (member === undefined) {
    if (election.members.size >= MEMBERS_MAX) return undefined;
    member = { node, votes: [], votesLost: 0, phases: [], sent: 0, received: 0, decided: undefined };
    election.members.set(node, member);
    if (election.members.size > 1) election.small = false;
  }
  // As many servers as elections have members, each: a bounded map.
  if (state.current.size < ELECTIONS_MAX * MEMBERS_MAX) state.current.set(node, election);
  state.leading.delete(node);
  election.startMs = Math.min(election.startMs, time);
  become(election, member, 'looking', time);
  return election;
}

/** A member does something else from now on. */
export function become(election: Election, member: Member, doing: Doing, time: number): void {
  if (doingOf(member) === doing) return;
  if (member.phases.length >= PHASES_MAX) member.phases.shift();
  member.phases.push({ doing, fromMs: time });
  if (doing === 'looking') {
    member.decided = undefined;
    election.over = false;
    return;
  }
  const open = [...election.members.values()].some((it) => {
    const now = doingOf(it);
    return now === 'looking' || now === 'joining';
  });
  if (open) return;
  election.over = true;
  election.endMs = Math.max(election.endMs, time);
}

/** A vote was cast. */
export function cast(member: Member, vote: CastVote): void {
  if (member.votes.length >= VOTES_MAX) {
    member.votes.shift();
    member.votesLost++;
  }
  member.votes.push(vote);
}

/** Whether an event of that time still belongs to the election. */
export const accepts = (election: Election, time: number): boolean =>
  time >= election.startMs - NEAR_MS && (!election.over || time - election.endMs < LATE_MS);

/** Adds an event to the story of an election. */
export function tell(election: Election, event: ZktEvent): void {
  if (election.first.length < FIRST_EVENTS_MAX) election.first.push(kept(event));
  else election.last.push(kept(event));
}

/** Something that may be why an election will begin. */
export const mayCause = (state: ElectionState, event: ZktEvent): void => state.causes.push(kept(event));
