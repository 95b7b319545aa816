/** From what servers said to what is wrong, in words. Pure: answers in, a verdict out. */
import { counterOf, epochOf, hex0x, hex64 } from '../../base/brands.ts';
import { isWildcard } from '../../base/host-port.ts';
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { Member, Membership } from '../../server/quorum/membership.ts';
import { membershipText } from '../../server/quorum/membership-text.ts';
import { gauge, plainHost, type ServerAnswer } from './server-answer.ts';

/** A row of `zkt status`. What is not known is not there. */
export interface ServerStatus {
  readonly server: string;
  readonly id?: number;
  readonly version?: string;
  /** `standalone`, `leader`, `follower`, `observer`, `read-only`; not there when it does not serve. */
  readonly mode?: string;
  readonly epoch?: number;
  readonly zxid?: string;
  /** Transactions the leader had that this server did not have a moment later. */
  readonly lag?: number;
  readonly connections?: number;
  readonly outstanding?: number;
  readonly nodes?: number;
  /** `min/avg/max`, ms. */
  readonly latency?: string;
  /** From here on only from `mntr`. */
  readonly watches?: number;
  readonly ephemerals?: number;
  readonly uptimeMs?: number;
  /** What is wrong with it, in words. */
  readonly problem?: string;
}

/** The whole. */
export interface EnsembleStatus {
  readonly healthy: boolean;
  /** Whether any server said anything. */
  readonly reached: boolean;
  /** True for one server that stands alone. */
  readonly alone: boolean;
  /** What is wrong with the whole, in words. */
  readonly problems: readonly string[];
  /** `server N`, or its address where its id is not known. */
  readonly leader: string | undefined;
  readonly epoch: number | undefined;
  /** Of the voters and the observers: how many serve, and how many there should be where that is known. */
  readonly voters: { readonly serving: number; readonly total: number | undefined };
  readonly observers: { readonly serving: number; readonly total: number | undefined };
  /** Version of the configuration, in hex; undefined where none is known. */
  readonly configVersion: string | undefined;
  readonly servers: readonly ServerStatus[];
}

/** A server that was asked, or a member of the configuration, or both. */
interface Place {
  readonly answer: ServerAnswer | undefined;
  readonly member: Member | undefined;
  readonly id: number | undefined;
}

/** `lags`: by the server's address as text, how far behind the leader it was found to be. */
export function judge(
  answers: readonly ServerAnswer[],
  membership: Membership | undefined,
  lags: ReadonlyMap<string, number>,
): EnsembleStatus {
  const places = placesOf(answers, membership);
  const leaders = places.filter((p) => modeOf(p) === 'leader');
  const leader = newest(leaders);
  const [voters, observers] = [
    tally(places, membership, 'participant'),
    tally(places, membership, 'observer'),
  ];
  const alone = places.length === 1 && modeOf(places[0]) === 'standalone';
  const heard = leader?.answer === undefined ? undefined : gauge(leader.answer, 'synced_followers');
  const servers = places.map((p) => rowOf(p, { membership, lags, leader, heard, voters: voters.total }));
  const problems = wholeProblems(places, leaders, voters, membership);
  return {
    healthy: problems.length === 0 && servers.every(({ problem }) => problem === undefined),
    reached: answers.some((a) => a.heard),
    alone,
    problems,
    leader: leader === undefined ? undefined : nameOf(leader),
    epoch: leader?.answer?.srvr?.zxid === undefined ? undefined : epochOf(leader.answer.srvr.zxid),
    voters,
    observers,
    configVersion: membership === undefined ? undefined : hex64(membership.version),
    servers,
  };
}

const modeOf = (place: Place | undefined): string | undefined => place?.answer?.srvr?.mode;

const nameOf = ({ id, answer }: Place): string =>
  id !== undefined ? `server ${id}` : answer === undefined ? 'a server' : addressText(answer.address);

const newest = (leaders: readonly Place[]): Place | undefined =>
  leaders.reduce<Place | undefined>((best, p) => {
    const zxid = p.answer?.srvr?.zxid ?? -1n;
    return best === undefined || zxid > (best.answer?.srvr?.zxid ?? -1n) ? p : best;
  }, undefined);

function tally(places: readonly Place[], membership: Membership | undefined, role: Member['role']) {
  const modes = role === 'participant' ? ['leader', 'follower'] : ['observer'];
  const serving = places.filter((p) => modes.includes(modeOf(p) ?? ''));
  if (membership === undefined) return { serving: serving.length, total: undefined };
  const total = membership.members.filter((m) => m.role === role).length;
  const asked = places.filter((p) => p.member?.role === role && p.answer !== undefined).length;
  // One that says it is somebody else does not count; one that does not say who it is may be one that is
  // missing.
  const unnamed = serving.filter((p) => p.member === undefined && p.id === undefined).length;
  const members = serving.filter((p) => p.member !== undefined).length;
  return { serving: members + Math.min(unnamed, total - asked), total };
}

// ---- who is who ----

/** Members in the order of their ids, each with its answer; then those asked that are no member. */
function placesOf(answers: readonly ServerAnswer[], membership: Membership | undefined): Place[] {
  const left = new Set(answers);
  const take = (found: ServerAnswer | undefined): ServerAnswer | undefined => {
    if (found !== undefined) left.delete(found);
    return found;
  };
  const members = membership?.members ?? [];
  const byMember = new Map<Member, ServerAnswer>();
  const rules: ((m: Member, a: ServerAnswer) => boolean)[] = [
    (m, a) => a.id === m.id,
    (m, a) => a.id === undefined && isClientAddress(m, a),
    // Without a client address in the configuration: the only server on that host.
    (m, a) => a.id === undefined && m.client === undefined && isOnlyOn(hostsOf(m), a, answers),
  ];
  for (const rule of rules) {
    for (const m of members) {
      if (byMember.has(m)) continue;
      const answer = take([...left].find((a) => rule(m, a)));
      if (answer !== undefined) byMember.set(m, answer);
    }
  }
  // Servers whose ids are not known may be the members that are missing.
  const unnamed = [...left].filter((a) => a.id === undefined && a.srvr !== undefined).length;
  const missing = members.filter((m) => !byMember.has(m) && m.client === undefined).length;
  const shown = members.filter((m) => byMember.has(m) || m.client !== undefined || missing > unnamed);
  return [
    ...shown.map((m) => ({ answer: byMember.get(m), member: m, id: m.id })),
    ...[...left].map((a) => ({ answer: a, member: undefined, id: a.id })),
  ];
}

const hostsOf = (m: Member): string[] => m.addresses.map((a) => plainHost(a.host));

/** Where a member's clients connect; the wildcard address stands for the host of its quorum port. */
export function clientAddressOf(m: Member): ServerAddress | undefined {
  if (m.client === undefined) return undefined;
  const wildcard = isWildcard(m.client.host);
  const host = wildcard ? m.addresses[0]?.host : m.client.host;
  return host === undefined ? undefined : { host, port: m.client.port };
}

function isClientAddress(m: Member, answer: ServerAnswer): boolean {
  const at = clientAddressOf(m);
  if (at === undefined) return false;
  const wanted = addressText({ host: plainHost(at.host), port: at.port });
  const { host, port } = answer.address;
  return wanted === addressText({ host: plainHost(host), port }) || wanted === answer.reachedAt;
}

const isOnlyOn = (hosts: readonly string[], a: ServerAnswer, all: readonly ServerAnswer[]): boolean =>
  hosts.includes(plainHost(a.address.host)) &&
  all.filter((other) => hosts.includes(plainHost(other.address.host))).length === 1;

// ---- one server ----

interface Whole {
  readonly membership: Membership | undefined;
  readonly lags: ReadonlyMap<string, number>;
  readonly leader: Place | undefined;
  /** Followers the leader says it has. */
  readonly heard: number | undefined;
  readonly voters: number | undefined;
}

function rowOf(place: Place, whole: Whole): ServerStatus {
  const { answer, member, id } = place;
  const at = answer?.address ?? (member === undefined ? undefined : clientAddressOf(member));
  const problems = problemsOf(place, whole);
  const lag = answer === undefined ? undefined : whole.lags.get(addressText(answer.address));
  return {
    server: at === undefined ? (member?.addresses[0]?.host ?? '?') : addressText(at),
    ...(id !== undefined && { id }),
    ...(answer?.srvr !== undefined && columnsOf(answer)),
    ...(lag !== undefined && { lag }),
    ...(problems.length > 0 && { problem: problems.join('; ') }),
  };
}

function columnsOf(answer: ServerAnswer): Partial<ServerStatus> {
  const { zxid, ...srvr } = answer.srvr as NonNullable<ServerAnswer['srvr']>;
  const known = {
    ...srvr,
    epoch: zxid === undefined ? undefined : epochOf(zxid),
    zxid: zxid === undefined ? undefined : hex0x(zxid),
    watches: gauge(answer, 'watch_count'),
    ephemerals: gauge(answer, 'ephemerals_count'),
    uptimeMs: gauge(answer, 'uptime'),
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
}

function problemsOf(place: Place, whole: Whole): string[] {
  const { answer, member, id } = place;
  if (answer === undefined) return unasked(whole);
  if (answer.srvr === undefined) return [answer.fault ?? 'it said nothing'];
  const problems: string[] = [];
  const { mode } = answer.srvr;
  if (answer.srvr.zxid === undefined) problems.push('it tells no zxid: is it a ZooKeeper server?');
  if (mode === 'read-only') problems.push('read-only: it is cut off from its quorum');
  if (mode === 'leader' && whole.leader !== place) {
    problems.push(
      `a second leader: ${whole.leader === undefined ? '?' : nameOf(whole.leader)} leads a newer epoch`,
    );
  }
  const lag = whole.lags.get(addressText(answer.address)) ?? 0;
  if (lag > 0) problems.push(`lagging: ${lag} transactions behind the leader`);
  if (whole.membership !== undefined) {
    if (mode === 'standalone') problems.push('it stands alone, outside the ensemble');
    else if (member === undefined && id !== undefined)
      problems.push(`server ${id} is not in the configuration`);
    problems.push(...differences(answer, whole.membership));
  }
  return problems;
}

/** A member that was not asked is no trouble where the leader says that all its followers are there. */
const unasked = ({ heard, voters }: Whole): string[] =>
  heard !== undefined && voters !== undefined && heard + 1 >= voters
    ? []
    : ['not asked: the configuration does not tell its client port; name it with -s'];

function differences(answer: ServerAnswer, newest: Membership): string[] {
  const own = answer.membership;
  if (own === undefined) return [];
  if (own.version !== newest.version) {
    return [`configuration version ${hex64(own.version)}, others have ${hex64(newest.version)}`];
  }
  return sortedText(own) === sortedText(newest) ? [] : ['its configuration differs from that of others'];
}

/** Client addresses aside: a static configuration file may leave out those of other servers. */
const sortedText = (membership: Membership): string => {
  const members = membership.members.map((m) => ({ ...m, client: undefined }));
  return membershipText({ ...membership, members })
    .split('\n')
    .sort()
    .join('\n');
};

// ---- the whole ----

function wholeProblems(
  places: readonly Place[],
  leaders: readonly Place[],
  voters: EnsembleStatus['voters'],
  membership: Membership | undefined,
): string[] {
  if (!places.some((p) => p.answer?.heard)) return ['no server answers'];
  const problems: string[] = [];
  if (leaders.length > 1)
    problems.push(`${leaders.length} servers say that they lead: ${leaders.map(nameOf).join(', ')}`);
  const modes = places.map(modeOf);
  const standalone = modes.filter((mode) => mode === 'standalone').length;
  if (leaders.length === 0 && (membership !== undefined || standalone < places.length)) {
    const of = voters.total === undefined ? '' : ` of ${voters.total}`;
    // Members the list does not name may be fine: where the configuration is not known nothing is said of
    // them.
    if (membership !== undefined || !modes.includes('follower')) {
      const serve = of === '' && voters.serving === 1 ? 'voter serves' : 'voters serve';
      problems.push(`no leader, so no quorum: ${voters.serving}${of} ${serve}`);
    }
  }
  return problems;
}

/** The newest configuration that any of them goes by. */
export const newestMembership = (answers: readonly ServerAnswer[]): Membership | undefined =>
  answers.reduce<Membership | undefined>(
    (best, { membership: m }) =>
      m !== undefined && (best === undefined || m.version > best.version) ? m : best,
    undefined,
  );

/**
 * Transactions of the leader that a server at `zxid` does not have. A leader that has written nothing in its
 * epoch yet leaves none behind; from an older epoch the count is that of the leader's epoch alone, so at
 * least that many.
 */
export function lagBehind(leader: bigint, zxid: bigint): number {
  if (zxid >= leader) return 0;
  return epochOf(zxid) === epochOf(leader) ? counterOf(leader) - counterOf(zxid) : counterOf(leader);
}
