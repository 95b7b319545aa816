/**
 * The lines that say who is in the ensemble: `server.N=`, `group.G=`, `weight.N=`.
 *
 * `server.N=host:quorumPort:electionPort[:role][|more addresses][;[clientHost:]clientPort]`; a role is
 * `participant` or `observer` in any case, IPv6 addresses stand in brackets. Pure: texts in, a membership or
 * a fault out.
 */
import type { Member, Membership, ServerAddress } from './membership.ts';

/** One `key=value`, with its place for errors (from 1; 0 where there is none). */
export interface MembershipLine {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** What is wrong with which line. */
export interface MembershipFault {
  readonly line: MembershipLine;
  readonly expected: string;
}

const EXPECTED_SERVER = 'host:quorumPort:electionPort[:participant|observer][;[host:]clientPort]';
const ID_MAX = 255;

/** True for keys that belong to the membership. */
export const isMembershipKey = (key: string): boolean => /^(server|group|weight)\./.test(key);

const port = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const value = Number(text);
  return value > 0 && value <= 65_535 ? value : undefined;
};

/** Parts between colons, with `[…]` as one part. Undefined for unbalanced brackets. */
const splitHost = (text: string): string[] | undefined => {
  if (!text.startsWith('[')) return text.includes('[') || text.includes(']') ? undefined : text.split(':');
  const end = text.indexOf(']');
  if (end < 0 || (text[end + 1] !== ':' && end + 1 !== text.length)) return undefined;
  const host = text.slice(1, end);
  const rest = text.slice(end + 2);
  return rest.includes('[') || rest.includes(']') ? undefined : [host, ...rest.split(':')];
};

const validHost = (host: string | undefined): host is string =>
  host !== undefined && /^[0-9A-Za-z._:%-]{1,255}$/.test(host);

/** One `server.N=` value; undefined where it is none, or several addresses are not `allowed`. */
function parseMember(id: number, text: string, severalAllowed: boolean): Member | undefined {
  const semicolon = text.indexOf(';');
  const own = semicolon < 0 ? text : text.slice(0, semicolon);
  const client = semicolon < 0 ? undefined : parseClient(text.slice(semicolon + 1).trim());
  if (semicolon >= 0 && client === undefined) return undefined;
  const addresses: ServerAddress[] = [];
  let role: Member['role'] = 'participant';
  const parts = own.split('|');
  if (parts.length > 1 && !severalAllowed) return undefined;
  for (const part of parts) {
    const [host, quorum, election, roleText, ...more] = splitHost(part.trim()) ?? [];
    const quorumPort = port(quorum);
    const electionPort = port(election);
    if (!validHost(host) || quorumPort === undefined || electionPort === undefined) return undefined;
    if (quorumPort === electionPort || more.length > 0) return undefined;
    if (roleText !== undefined) {
      const lower = roleText.toLowerCase();
      if (lower !== 'participant' && lower !== 'observer') return undefined;
      role = lower;
    }
    addresses.push({ host, quorumPort, electionPort });
  }
  return { id, addresses, role, client };
}

const parseClient = (text: string): Member['client'] => {
  const parts = splitHost(text);
  if (parts === undefined) return undefined;
  if (parts.length === 1) {
    const only = port(parts[0]);
    return only === undefined ? undefined : { host: '0.0.0.0', port: only };
  }
  const value = port(parts[1]);
  return parts.length === 2 && validHost(parts[0]) && value !== undefined
    ? { host: parts[0], port: value }
    : undefined;
};

/** The ensemble the lines describe, undefined when there are none; or the line that is wrong. */
export function parseMembership(
  lines: readonly MembershipLine[],
  severalAddresses: boolean,
  version: bigint,
): { membership: Membership | undefined } | MembershipFault {
  const members = new Map<number, Member>();
  const groups = new Map<number, readonly number[]>();
  const weights = new Map<number, number>();
  for (const line of lines) {
    const dot = line.key.indexOf('.');
    const family = line.key.slice(0, dot);
    const idText = line.key.slice(dot + 1);
    const id = /^\d{1,9}$/.test(idText) ? Number(idText) : undefined;
    if (id === undefined) return { line, expected: `a number after ${family}.` };
    if (family === 'server') {
      if (id > ID_MAX) return { line, expected: `a server id up to ${ID_MAX}` };
      const member = parseMember(id, line.value, severalAddresses);
      if (member === undefined) return { line, expected: EXPECTED_SERVER };
      members.set(id, member);
    } else if (family === 'weight') {
      if (!/^\d{1,9}$/.test(line.value)) return { line, expected: 'a weight from 0 on' };
      weights.set(id, Number(line.value));
    } else {
      const ids = line.value.split(':');
      if (!ids.every((s) => /^\d{1,9}$/.test(s.trim())))
        return { line, expected: 'server ids with : between' };
      groups.set(
        id,
        ids.map((s) => Number(s)),
      );
    }
  }
  const fault = checkWhole(lines, members, groups, weights);
  if (fault !== undefined) return fault;
  if (members.size === 0) return { membership: undefined };
  const sorted = [...members.values()].sort((a, b) => a.id - b.id);
  return { membership: { members: sorted, groups, weights, version } };
}

/** What holds over several lines: groups name voters once each and all of them, weights name servers. */
function checkWhole(
  lines: readonly MembershipLine[],
  members: ReadonlyMap<number, Member>,
  groups: ReadonlyMap<number, readonly number[]>,
  weights: ReadonlyMap<number, number>,
): MembershipFault | undefined {
  const lineOf = (key: string): MembershipLine =>
    lines.findLast((l) => l.key === key) ?? { key, value: '', line: 0 };
  if (members.size > 0 && [...members.values()].every((m) => m.role === 'observer')) {
    const first = [...members.values()][0] as Member;
    return { line: lineOf(`server.${first.id}`), expected: 'at least one participant beside the observers' };
  }
  const grouped = new Set<number>();
  for (const [group, ids] of groups) {
    const line = lineOf(`group.${group}`);
    for (const id of ids) {
      if (grouped.has(id)) return { line, expected: `server ${id} in one group only` };
      if (!members.has(id)) return { line, expected: `servers that have a server.${id} line` };
      grouped.add(id);
    }
  }
  for (const id of weights.keys()) {
    if (!members.has(id))
      return { line: lineOf(`weight.${id}`), expected: `a server that has a server.${id} line` };
  }
  if (groups.size === 0) {
    const [weighed] = weights.keys();
    if (weighed === undefined) return undefined;
    return { line: lineOf(`weight.${weighed}`), expected: 'group.G lines: weights count within groups' };
  }
  for (const member of members.values()) {
    if (member.role === 'participant' && !grouped.has(member.id)) {
      return { line: lineOf(`server.${member.id}`), expected: `server ${member.id} in one of the groups` };
    }
  }
  return undefined;
}
