/**
 * Where the servers of a local ensemble are: ids, roles, ports, directories, and what their zoo.cfg says.
 * Pure.
 */
import { ZktError } from '../../base/errors.ts';
import { localAdminPort } from '../../server/config/build-admin.ts';
import type { Member } from '../../server/quorum/membership.ts';
import { memberText } from '../../server/quorum/membership-text.ts';

/** Voters at most; more make an ensemble slower, not safer. */
export const SIZE_MAX = 9;
/** Observers at most. */
export const OBSERVERS_MAX = 9;
/** Client port of the first server. */
export const BASE_PORT = 2181;
/** From a server's client port to its quorum port and its election port: 2181, 2888, 3888. */
const QUORUM_OFFSET = 707;
const ELECTION_OFFSET = 1707;
const HOST = '127.0.0.1';
const PORT_MAX = 65_535;

/** What was asked for. */
export interface LayoutOptions {
  /** Voters, 1 to `SIZE_MAX`. */
  readonly size: number;
  readonly observers: number;
  readonly basePort: number;
}

/** One port a server is going to open. */
export interface PlannedPort {
  /** `client port of server 1`. */
  readonly what: string;
  readonly host: string;
  readonly port: number;
}

/** The servers, ascending by id from 1; voters first. Throws `ZKT_USAGE` when the ports do not fit. */
export function membersOf({ size, observers, basePort }: LayoutOptions): Member[] {
  const last = localAdminPort(basePort + size + observers - 1);
  if (last > PORT_MAX) {
    const why = `--base-port ${basePort} is too high: the last admin port would be ${last}`;
    throw new ZktError('ZKT_USAGE', { why });
  }
  if (size + observers > QUORUM_OFFSET) throw new ZktError('ZKT_USAGE', { why: 'too many servers' });
  return Array.from({ length: size + observers }, (_, i) => {
    const port = basePort + i;
    return {
      id: i + 1,
      addresses: [{ host: HOST, quorumPort: port + QUORUM_OFFSET, electionPort: port + ELECTION_OFFSET }],
      role: i < size ? 'participant' : 'observer',
      client: { host: HOST, port },
    };
  });
}

/** Every port that has to be free. A server that stands alone has no quorum and no election port. */
export const portsOf = (members: readonly Member[]): PlannedPort[] =>
  members.flatMap(({ id, client, addresses }) => {
    const named = (what: string, port: number): PlannedPort => ({
      what: `${what} port of server ${id}`,
      host: HOST,
      port,
    });
    const own =
      client === undefined ? [] : [named('client', client.port), named('admin', localAdminPort(client.port))];
    if (members.length === 1) return own;
    return [
      ...own,
      ...addresses.flatMap((a) => [named('quorum', a.quorumPort), named('election', a.electionPort)]),
    ];
  });

/** Client addresses of all servers, as `--servers` takes them. */
export const connectText = (members: readonly Member[]): string =>
  members.map(({ client }) => `${client?.host}:${client?.port}`).join(',');

/** The zoo.cfg of one of them; directories are absolute. One server alone is a standalone server. */
export function configText(
  member: Member,
  members: readonly Member[],
  where: { readonly dataDir: string; readonly secretFile: string },
): string {
  const alone = members.length === 1;
  const lines = [
    '# Written by `zkt up`, and again each time it starts. Settings of your own: zkt up -D key=value',
    'tickTime=2000',
    ...(alone ? [] : ['initLimit=10', 'syncLimit=5']),
    `dataDir=${escaped(where.dataDir)}`,
    ...(alone ? [`clientPort=${member.client?.port}`, `clientPortAddress=${HOST}`] : []),
    ...(member.role === 'observer' ? ['peerType=observer'] : []),
    '4lw.commands.whitelist=*',
    ...(member.client === undefined ? [] : [`admin.serverPort=${localAdminPort(member.client.port)}`]),
    ...(alone ? [] : [`zkt.sessionSecretFile=${escaped(where.secretFile)}`]),
    ...(alone ? [] : members.map((m) => `server.${m.id}=${memberText(m)}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** A backslash begins an escape in Java's properties. */
const escaped = (path: string): string => path.replaceAll('\\', '\\\\');

/**
 * A configuration that names a dynamic file was changed by `reconfig`: it is the ensemble's, no longer ours.
 */
export const isReconfigured = (text: string): boolean => /^\s*dynamicConfigFile\s*[=:]/m.test(text);
