/**
 * The ensemble's configuration as the text that `/zookeeper/config`, NEWLEADER and notifications carry (facts
 * 10.2).
 */
import { hex64, parse64 } from '../../base/brands.ts';
import { hostPort, hostText } from '../../base/host-port.ts';
import type { Member, Membership } from './membership.ts';
import { type MembershipLine, parseMembership } from './membership-lines.ts';

/** The line of one server, without `server.N=`; the role is always said. */
export function memberText(member: Member): string {
  const addresses = member.addresses.map((a) => `${hostText(a.host)}:${a.quorumPort}:${a.electionPort}`);
  const own = `${addresses.join('|')}:${member.role}`;
  return member.client === undefined ? own : `${own};${hostPort(member.client.host, member.client.port)}`;
}

/** The lines of a dynamic file: servers, groups and weights; no version. */
export function membershipLines(membership: Membership): string[] {
  const servers = membership.members.map((m) => `server.${m.id}=${memberText(m)}`);
  if (membership.groups.size === 0) return servers;
  const byNumber = (a: number, b: number): number => a - b;
  const groups = [...membership.groups]
    .sort(([a], [b]) => a - b)
    .map(([g, ids]) => `group.${g}=${[...ids].sort(byNumber).join(':')}`);
  // As Apache has it, what every voter weighs is said once there are groups.
  const voters = membership.members.filter((m) => m.role === 'participant').map((m) => m.id);
  const weighed = [...new Set([...voters, ...membership.weights.keys()])].sort(byNumber);
  const weights = weighed.map((id) => `weight.${id}=${membership.weights.get(id) ?? 1}`);
  return [...servers, ...groups, ...weights];
}

/** The text of a configuration: its lines, the last of them `version=<hex>`, without a newline at the end. */
export const membershipText = (membership: Membership): string =>
  [...membershipLines(membership), `version=${hex64(membership.version)}`].join('\n');

/** Reads what `membershipText` wrote, or Apache; undefined for a text that describes no ensemble. */
export function parseMembershipText(text: string): Membership | undefined {
  const lines: MembershipLine[] = [];
  let version = 0n;
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '') continue;
    const equals = line.indexOf('=');
    if (equals < 0) return undefined;
    const key = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (key === 'version') {
      const parsed = parse64(value);
      if (parsed === undefined) return undefined;
      version = parsed;
    } else lines.push({ key, value, line: i + 1 });
  }
  const result = parseMembership(lines, true, version);
  return 'membership' in result ? result.membership : undefined;
}
