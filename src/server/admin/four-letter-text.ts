/**
 * The texts of the four-letter words, byte by byte as Apache ZooKeeper 3.8 writes them (facts 11.1). Pure.
 */
import { hex0x, hex64 } from '../../base/brands.ts';
import { hostPort } from '../../base/host-port.ts';
import { OP } from '../../protocol/opcodes.ts';
import { metricLines } from './metric-lines.ts';
import { Real, realText } from './real.ts';
import type {
  BucketReport,
  ConfigurationReport,
  ConnectionReport,
  DigestReport,
  DumpReport,
  Metric,
  ServerReport,
  WatchCountReport,
} from './reports.ts';

/** `ruok`. */
export const ruokText = 'imok';
/** `crst`. */
export const crstText = 'Connection stats reset.\n';
/** `srst`. */
export const srstText = 'Server stats reset.\n';

/** Addresses to listen on that stand for all of them. */
const EVERYWHERE = /^(0\.0\.0\.0|[0:]+)$/;

/**
 * `admn`: where the HTTP admin is; an empty line where there is none. One that listens everywhere is told by
 * the address this client reached.
 */
export function admnText(
  at: { readonly host: string; readonly port: number } | undefined,
  reachedAddress: string,
): string {
  if (at === undefined) return '\n';
  // Everywhere may be IPv4 only, and the client may have come by IPv6: of this machine both ways are known.
  const reached = at.host === '0.0.0.0' && reachedAddress === '::1' ? '127.0.0.1' : reachedAddress;
  const host = EVERYWHERE.test(at.host) ? reached : at.host;
  return `http://${hostPort(host, at.port)}\n`;
}

/** `srvr`. */
export const srvrText = (r: ServerReport): string => versionLines(r) + statisticsLines(r);

/** `stat`. */
export const statText = (r: ServerReport, connections: readonly ConnectionReport[]): string =>
  `${versionLines(r)}Clients:\n${connections.map((c) => ` ${briefly(c)})\n`).join('')}\n${statisticsLines(r)}`;

const versionLines = (r: ServerReport): string => {
  const readOnly = r.readOnly ? 'READ-ONLY mode; serving only read-only clients\n' : '';
  return `Zookeeper version: ${r.version}\n${readOnly}`;
};

const statisticsLines = (r: ServerReport): string =>
  [
    `Latency min/avg/max: ${r.latency.min}/${realText(r.latency.average)}/${r.latency.max}`,
    `Received: ${r.received}`,
    `Sent: ${r.sent}`,
    `Connections: ${r.connections}`,
    `Outstanding: ${r.outstanding}`,
    `Zxid: ${hex0x(r.zxid)}`,
    `Mode: ${r.mode}`,
    `Node count: ${r.nodes}`,
    ...proposalLine(r.proposalBytes),
    '',
  ].join('\n');

const proposalLine = (p: ServerReport['proposalBytes']): string[] =>
  p === undefined ? [] : [`Proposal sizes last/min/max: ${p.last}/${p.min}/${p.max}`];

/** `cons`. */
export const consText = (connections: readonly ConnectionReport[]): string =>
  `${connections.map((c) => ` ${briefly(c)}${sessionPart(c)})\n`).join('')}\n`;

const briefly = (c: ConnectionReport): string =>
  `/${c.remote}[${c.reading ? 1 : 0}](queued=${c.queued},recved=${c.received},sent=${c.sent}`;

const sessionPart = ({ session: s }: ConnectionReport): string => {
  if (s === undefined) return '';
  const parts = [
    `,sid=${hex0x(s.id)}`,
    `lop=${shortOpName(s.lastOp)}`,
    `est=${s.establishedMs}`,
    `to=${s.timeoutMs}`,
    ...(s.lastCxid >= 0 ? [`lcxid=0x${s.lastCxid.toString(16)}`] : []),
    `lzxid=${hex0x(s.lastZxid)}`,
    `lresp=${s.lastResponseMs}`,
    `llat=${s.latency.last}`,
    `minlat=${s.latency.min}`,
    `avglat=${Math.floor(s.latency.average)}`,
    `maxlat=${s.latency.max}`,
  ];
  return parts.join(',');
};

const SHORT_OP_NAMES: ReadonlyMap<number, string> = new Map([
  [OP.createSession, 'SESS'],
  [OP.ping, 'PING'],
  [OP.create, 'CREA'],
  [OP.create2, 'CREA'],
  [OP.createTTL, 'CREA'],
  [OP.createContainer, 'CREA'],
  [OP.delete, 'DELE'],
  [OP.deleteContainer, 'DELE'],
  [OP.exists, 'EXIS'],
  [OP.getData, 'GETD'],
  [OP.setData, 'SETD'],
  [OP.getACL, 'GETA'],
  [OP.setACL, 'SETA'],
  [OP.getChildren, 'GETC'],
  [OP.getChildren2, 'GETC'],
  [OP.getAllChildrenNumber, 'GETACN'],
  [OP.sync, 'SYNC'],
  [OP.multi, 'MULT'],
  [OP.multiRead, 'MLTR'],
  [OP.reconfig, 'RECO'],
  [OP.check, 'CHEC'],
  [OP.checkWatches, 'CHKW'],
  [OP.removeWatches, 'REMW'],
  [OP.addWatch, 'ADDW'],
  [OP.setWatches, 'SETW'],
  [OP.setWatches2, 'STW2'],
  [OP.getEphemerals, 'GETE'],
  [OP.whoAmI, 'HOMI'],
  [OP.closeSession, 'CLOS'],
]);

/** Apache's short name of an operation; `NA` for none. */
export const shortOpName = (op: number): string => SHORT_OP_NAMES.get(op) ?? 'NA';

/**
 * `conf`. Apache 3.8 shows the size of the snapshots as that of the log and the other way round; here each is
 * its own.
 */
export const confText = (r: ConfigurationReport): string =>
  keyValues([
    ['clientPort', r.clientPort],
    ['secureClientPort', r.secureClientPort],
    ['dataDir', r.dataDir],
    ['dataDirSize', r.dataDirBytes],
    ['dataLogDir', r.dataLogDir],
    ['dataLogSize', r.dataLogBytes],
    ['tickTime', r.tickTimeMs],
    ['maxClientCnxns', r.connectionsPerAddressMax],
    ['minSessionTimeout', r.sessionTimeoutMinMs],
    ['maxSessionTimeout', r.sessionTimeoutMaxMs],
    ['clientPortListenBacklog', r.backlog],
    ['serverId', r.serverId],
  ]) + memberText(r.member);

/** The membership ends without a line break, as `/zookeeper/config` does. */
function memberText(m: ConfigurationReport['member']): string {
  if (m === undefined) return '';
  const lines = keyValues([
    ['initLimit', m.initLimitTicks],
    ['syncLimit', m.syncLimitTicks],
    ['electionAlg', m.electionAlgorithm],
    ['electionPort', m.electionPort],
    ['quorumPort', m.quorumPort],
    ['peerType', m.peerType === 'participant' ? 0 : 1],
  ]);
  return m.membership === undefined ? lines : `${lines}membership: \n${m.membership}`;
}

/** `dirs`. */
export const dirsText = (r: ConfigurationReport): string =>
  `datadir_size: ${r.dataDirBytes}\nlogdir_size: ${r.dataLogBytes}\n`;

/** `envi`: the pairs in their order. */
export const enviText = (pairs: readonly (readonly [key: string, value: string])[]): string =>
  `Environment:\n${keyValues(pairs)}`;

const keyValues = (pairs: readonly (readonly [string, string | number])[]): string =>
  pairs.map(([key, value]) => `${key}=${value}\n`).join('');

/** `dump`. */
export function dumpText(r: DumpReport): string {
  const connections = r.connections.reduce((sum, b) => sum + b.lines.length, 0);
  const ephemerals = r.ephemerals.map(
    ({ session, paths }) => `${hex0x(session)}:\n${paths.map((p) => `\t${p}\n`).join('')}`,
  );
  return [
    'SessionTracker dump:\n',
    ...sessionLines(r),
    'ephemeral nodes dump:\n',
    `Sessions with Ephemerals (${r.ephemerals.length}):\n`,
    ...ephemerals,
    'Connections dump:\n',
    `Connections Sets (${r.connections.length})/(${connections}):\n`,
    ...r.connections.map(bucketLines),
  ].join('');
}

function sessionLines({ sessions, global }: DumpReport): string[] {
  if (global !== undefined) {
    return [
      `Global Sessions(${global.length}):\n`,
      ...global.map(({ id, timeoutMs }) => `${hex0x(id)}\t${timeoutMs}ms\n`),
    ];
  }
  const count = sessions.reduce((sum, b) => sum + b.lines.length, 0);
  return [`Session Sets (${sessions.length})/(${count}):\n`, ...sessions.map(bucketLines)];
}

const bucketLines = ({ at, lines }: BucketReport): string =>
  `${lines.length} expire at ${at}:\n${lines.map((line) => `\t${line}\n`).join('')}`;

/** `wchs`. */
export const wchsText = (r: WatchCountReport): string =>
  `${r.connections} connections watching ${r.paths} paths\nTotal watches:${r.watches}\n`;

/** `wchc` and `wchp`: a head and the indented lines below it, for each, and an empty line. */
export const watchesText = (groups: Iterable<readonly [head: string, lines: readonly string[]]>): string => {
  let text = '';
  for (const [head, lines] of groups) text += `${head}\n${lines.map((line) => `\t${line}\n`).join('')}`;
  return `${text}\n`;
};

/** `hash`. */
export const hashText = (digests: readonly DigestReport[]): string =>
  digests.map(({ zxid, digest }) => `${hex64(zxid)}: ${BigInt.asUintN(64, digest)}\n`).join('');

/** `mntr`. */
export const mntrText = (metrics: readonly Metric[]): string =>
  metricLines(metrics)
    .map(([name, value]) => `zk_${name}\t${value instanceof Real ? realText(value.value) : value}\n`)
    .join('');
