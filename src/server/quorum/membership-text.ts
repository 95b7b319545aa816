/** The ensemble's configuration as the text that `/zookeeper/config`, NEWLEADER and notifications carry (facts 10.2). */
import { hex64, parse64 } from '../../base/brands.ts';
import type { Member, Membership } from './membership.ts';
import { type MembershipLine, parseMembership } from './membership-lines.ts';

const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** The line of one server, without `server.N=`; the role is always said. */
export function memberText(member: Member): string {
  const addresses = member.addresses.map((a) => `${hostText(a.host)}:${a.quorumPort}:${a.electionPort}`);
  const own = `${addresses.join('|')}:${member.role}`;
  return member.client === undefined ? own : `${own};${hostText(member.client.host)}:${member.client.port}`;
}

/** The lines of a dynamic file: servers, groups and weights; no version. */
export function membershipLines(membership: Membership): string[] {
  const servers = membership.members.map((m) => `server.${m.id}=${memberText(m)}`);
  const groups = [...membership.groups].map(([g, ids]) => `group.${g}=${ids.join(':')}`);
  const weights = [...membership.weights].map(([id, weight]) => `weight.${id}=${weight}`);
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
