/**
 * reconfig: a client asks for other members. It becomes a transaction that writes their configuration to
 * `/zookeeper/config`; its version is the zxid of that transaction (facts 2.7, 9.3).
 *
 * The order of the checks is part of the protocol, as everywhere: it decides which of several errors a client
 * sees.
 */
import { fromHalves } from '../../base/halves.ts';
import { PERMS } from '../../protocol/acl.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { ReconfigRequest } from '../../protocol/messages.ts';
import { OP } from '../../protocol/opcodes.ts';
import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import type { Member, Membership } from '../quorum/membership.ts';
import { parseMembership } from '../quorum/membership-lines.ts';
import { membershipText } from '../quorum/membership-text.ts';
import { QuorumRule } from '../quorum/quorums.ts';
import type { Plan, PlanContext, Writer } from './plan.ts';

/** What a leader knows that decides over a reconfiguration. */
export interface ReconfigRules {
  /** The configuration in force. */
  readonly committed: () => Membership;
  /** The newest one proposed or heard of. */
  readonly lastSeen: () => Membership;
  /** `standaloneEnabled`: two voters must stay, since one alone would stand alone at its next start. */
  readonly standaloneEnabled: boolean;
  /** `multiAddress.enabled`: a server may have several addresses. */
  readonly multiAddress: boolean;
  /** True for this server, and for a voting learner that is up to date and heard of. */
  readonly inStep: (sid: bigint) => boolean;
}

/** A client's reconfig: the transaction, or the code of what is wrong with it. */
export function planReconfig(ctx: PlanContext, rules: ReconfigRules, req: ReconfigRequest, by: Writer): Plan {
  const lastSeen = rules.lastSeen();
  if (lastSeen.version !== rules.committed().version || awaitsCommit(ctx, lastSeen)) {
    return ERR.RECONFIGINPROGRESS;
  }
  if (req.curConfigId !== -1n && req.curConfigId !== lastSeen.version) return ERR.BADVERSION;
  const version = fromHalves(by.at.zxidHi, by.at.zxidLo);
  const asked =
    req.newMembers === null
      ? changedMembers(req, lastSeen, version, rules.multiAddress)
      : parsedMembers(req.newMembers, version, rules.multiAddress);
  if (asked === undefined) return ERR.BADARGUMENTS;
  const rule = new QuorumRule(asked);
  if (rule.voters.length < (rules.standaloneEnabled ? 2 : 1)) return ERR.BADARGUMENTS;
  if (!rule.isQuorum(rules.inStep)) return ERR.NEWCONFIGNOQUORUM;
  const record = ctx.changes.get(SYSTEM_PATHS.config);
  if (record === undefined) return ERR.NONODE;
  if (!ctx.access.permits(record.acl, PERMS.WRITE, by.ids)) return ERR.NOAUTH;
  const data = Buffer.from(membershipText(asked));
  ctx.changes.setData(record, data, CONFIG_NODE_VERSION, by.at);
  return { type: OP.reconfig, path: SYSTEM_PATHS.config, data, version: CONFIG_NODE_VERSION };
}

/** The data version of `/zookeeper/config`, whatever is written to it. */
export const CONFIG_NODE_VERSION = -1;

/**
 * True while a reconfiguration that was planned is not heard of yet: the pending node is newer than what is
 * seen.
 */
function awaitsCommit(ctx: PlanContext, lastSeen: Membership): boolean {
  const record = ctx.changes.get(SYSTEM_PATHS.config);
  return record?.pending === true && record.mzxid > lastSeen.version;
}

/** The whole list: lines, or with commas between. */
function parsedMembers(text: string, version: bigint, multiAddress: boolean): Membership | undefined {
  const lines = text
    .split(/[,\r\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'))
    .map((line, i) => ({ ...pairOf(line), line: i + 1 }))
    .filter(({ key }) => key !== 'version');
  if (!lines.every(({ key }) => /^(server|group|weight)\./.test(key))) return undefined;
  const parsed = parseMembership(lines, multiAddress, version);
  return 'membership' in parsed ? parsed.membership : undefined;
}

const pairOf = (line: string): { key: string; value: string } => {
  const equals = line.indexOf('=');
  const end = equals < 0 ? line.length : equals;
  return { key: line.slice(0, end).trim(), value: line.slice(end + 1).trim() };
};

/**
 * Some leave, then some join, or come anew at other addresses or in another role. Only where each voter
 * counts 1.
 */
function changedMembers(
  req: ReconfigRequest,
  before: Membership,
  version: bigint,
  multiAddress: boolean,
): Membership | undefined {
  if (before.groups.size > 0) return undefined;
  const members = new Map(before.members.map((m) => [m.id, m]));
  for (const leaving of partsOf(req.leavingServers)) {
    if (!/^[-+]?\d{1,18}$/.test(leaving)) return undefined;
    members.delete(Number(leaving));
  }
  for (const joining of partsOf(req.joiningServers)) {
    const member = joiner(joining, multiAddress);
    if (member === undefined) return undefined;
    for (const other of members.values()) {
      if (other.id !== member.id && clash(member, other)) return undefined;
    }
    members.set(member.id, member);
  }
  const sorted = [...members.values()].sort((a, b) => a.id - b.id);
  return { members: sorted, groups: new Map(), weights: new Map(), version };
}

const partsOf = (list: string | null): string[] =>
  (list ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** `server.N=host:port:port[:role];[host:]port`; all three ports must be there. */
function joiner(text: string, multiAddress: boolean): Member | undefined {
  const { key, value } = pairOf(text);
  if (value.includes('=') || !key.startsWith('server.')) return undefined;
  // Read beside a voter that is not taken: an observer alone is no ensemble, but may well join one.
  const voter = { key: `server.${key === 'server.0' ? 1 : 0}`, value: 'x:1:2', line: 0 };
  const parsed = parseMembership([{ key, value, line: 1 }, voter], multiAddress, 0n);
  if (!('membership' in parsed)) return undefined;
  const member = parsed.membership?.members.find((m) => `server.${m.id}` !== voter.key);
  return member?.client === undefined ? undefined : member;
}

/**
 * Two servers cannot listen at one place; what each host has for itself (loopback, any address) says nothing.
 */
function clash(a: Member, b: Member): boolean {
  const taken = new Set(placesOf(b));
  return placesOf(a).some((place) => taken.has(place));
}

const placesOf = ({ addresses, client }: Member): string[] => {
  const places = addresses.flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: quorumPort },
    { host, port: electionPort },
  ]);
  if (client !== undefined) places.push(client);
  return places.filter(({ host }) => !OWN_HOST.test(host)).map(({ host, port }) => `${host} ${port}`);
};

const OWN_HOST = /^(localhost|127\..*|0\.0\.0\.0|::|::1|0:0:0:0:0:0:0:[01])$/i;
