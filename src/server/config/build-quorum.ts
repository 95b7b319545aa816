/**
 * The ensemble's part of a configuration: who this server is, who the others are, and what it is told for
 * them. Pure.
 */
import { ZktError } from '../../base/errors.ts';
import { type Member, type Membership, memberOf } from '../quorum/membership.ts';
import { parseMembership } from '../quorum/membership-lines.ts';
import type { ConfigFiles, ConfigOptions } from './config-input.ts';
import type { KeyName, Settings } from './keys.ts';
import { LOCAL_LIMITS, localEnsemble } from './local-ensemble.ts';
import type { QuorumConfig } from './quorum-config.ts';
import { badLine, COMMAND_LINE, type ReadSettings, type SourcedLine } from './read-settings.ts';
import type { ConfigWarning } from './server-config.ts';

/** Servers after `--id`; an id is one byte of each session's number. */
const ID_TEXT = /^\d{1,3}$/;
const SIZE_FACTOR = 0.33;

/** Who takes part, and who of them this server is. */
export interface Place {
  /** 0 for a server that stands alone and has no id. */
  readonly serverId: number;
  /** This server's line; also that of one that stands alone, as far as it has a line. */
  readonly own: Member | undefined;
  /** Undefined for a server that stands alone. */
  readonly membership: Membership | undefined;
  /** No file says who takes part: a member of the ensemble on this host. */
  readonly local: boolean;
}

/** Finds the members and this server among them. Throws `ZktError`. */
export function placeOf(read: ReadSettings, files: ConfigFiles, options: ConfigOptions): Place {
  const local = files.file === undefined && read.membership.length === 0 && options.id !== undefined;
  const listed = local ? localEnsemble() : listedMembers(read, files);
  const alone = listed === undefined || standsAlone(read, files, listed);
  const written = options.id !== undefined && alone ? undefined : idInFile(files.myid);
  const id = options.id ?? written;
  if (alone) {
    const own = listed?.members.find((m) => m.id === id) ?? listed?.members[0];
    return { serverId: id ?? 0, own, membership: undefined, local };
  }
  checkMember(read, files, local);
  const file = files.file ?? (local ? '(defaults)' : COMMAND_LINE);
  if (id === undefined) {
    const why = 'a server of an ensemble must know which it is: a file myid in dataDir, or --id';
    throw new ZktError('ZKT_CONFIG_MISSING', { file, key: 'myid', why });
  }
  // The directory of another member: its epochs are promises that this server has not made.
  if (written !== undefined && written !== id) {
    throw badId(files.myid, `${id}, as --id says: is this directory another server's?`);
  }
  const own = memberOf(listed, BigInt(id));
  if (own === undefined) {
    if (local) {
      const why = `--id is 1, 2 or 3 where no configuration names the servers, not ${id}; \`zkt up\` runs other sizes`;
      throw new ZktError('ZKT_USAGE', { why });
    }
    const ids = listed.members.map((m) => m.id).join(', ');
    const why = `server ${id} is not in the configuration, which has ${ids}`;
    throw new ZktError('ZKT_CONFIG_MISSING', { file, key: `server.${id}`, why });
  }
  return { serverId: id, own, membership: listed, local };
}

/** The number in a `myid` file: its first line. */
function idInFile(myid: ConfigFiles['myid']): number | undefined {
  if (myid === undefined) return undefined;
  const line = firstLine(myid.text);
  if (ID_TEXT.test(line)) return Number(line);
  throw badId(myid, 'a server id, digits alone in the first line');
}

const firstLine = (text: string): string => (text.split('\n', 1)[0] as string).trim();

const badId = (myid: ConfigFiles['myid'], expected: string): ZktError<'ZKT_CONFIG_LINE'> =>
  new ZktError('ZKT_CONFIG_LINE', {
    file: myid?.file ?? 'myid',
    line: 1,
    key: 'myid',
    value: firstLine(myid?.text ?? '').slice(0, 80),
    expected,
  });

function listedMembers(read: ReadSettings, files: ConfigFiles): Membership | undefined {
  const { dynamic } = files;
  const stray = read.membership[0];
  if (dynamic !== undefined && stray !== undefined) {
    throw badLine(stray, 'the servers in one place: they are in the dynamicConfigFile');
  }
  const lines = dynamic?.lines ?? read.membership;
  const parsed = parseMembership(lines, read.settings['multiAddress.enabled'], dynamic?.version ?? 0n);
  if (!('expected' in parsed)) return parsed.membership;
  const at = lines.find((l) => l.key === parsed.line.key && l.line === parsed.line.line);
  throw badLine(at ?? { ...parsed.line, file: files.file ?? '' }, parsed.expected);
}

const votersOf = (membership: Membership): number =>
  membership.members.filter((m) => m.role === 'participant').length;

/** A single participant stands alone where that is allowed; observers of such a server cannot be. */
function standsAlone({ settings }: ReadSettings, files: ConfigFiles, listed: Membership): boolean {
  if (votersOf(listed) !== 1 || !settings.standaloneEnabled) return false;
  if (listed.members.length === 1) return true;
  const why = 'observers need more participants than one, or standaloneEnabled=false';
  throw new ZktError('ZKT_CONFIG_MISSING', { file: files.file ?? COMMAND_LINE, key: 'server.N', why });
}

/** Switched on, each of these would be a promise that is not kept. */
const REFUSED: Partial<Record<KeyName, string>> = {
  sslQuorum: 'TLS between servers',
  portUnification: 'TLS between servers',
  'quorum.auth.enableSasl': 'SASL between servers',
  'quorum.auth.serverRequireSasl': 'SASL between servers',
  'quorum.auth.learnerRequireSasl': 'SASL between servers',
};

/** The keys that every member needs are there, and none that cannot be kept. */
function checkMember({ settings, given }: ReadSettings, files: ConfigFiles, local: boolean): void {
  for (const [key, what] of Object.entries(REFUSED)) {
    if (settings[key as KeyName] !== true) continue;
    throw new ZktError('ZKT_UNSUPPORTED', { what: `${key}=true (${what}), in this release,` });
  }
  if (local) return;
  for (const key of ['initLimit', 'syncLimit'] as const) {
    if (given.has(key) && settings[key] > 0) continue;
    const why = 'an ensemble needs it';
    throw new ZktError('ZKT_CONFIG_MISSING', { file: files.file ?? COMMAND_LINE, key, why });
  }
}

/** What is worth a word about a member's configuration. */
export function memberWarnings(read: ReadSettings, files: ConfigFiles, place: Place): ConfigWarning[] {
  const { own, membership } = place;
  if (membership === undefined || own === undefined) return [];
  const { settings, given } = read;
  const lines = files.dynamic?.lines ?? read.membership;
  const first: SourcedLine | undefined = lines[0];
  const warnings: ConfigWarning[] = [];
  const warn = (line: SourcedLine | undefined, message: string): void => {
    warnings.push({ file: line?.file ?? '', line: line?.line ?? 0, message });
  };
  for (const { line, message } of doubles(lines, membership)) warn(line, message);
  const voters = votersOf(membership);
  if (voters <= 2) {
    warn(
      first,
      `with ${voters} voting server${voters === 1 ? '' : 's'} no failure of any is tolerated; have 3`,
    );
  } else if (voters % 2 === 0 && membership.groups.size === 0) {
    warn(
      first,
      `${voters} voting servers tolerate no more failures than ${voters - 1}; an odd number is better`,
    );
  }
  const peerType = given.get('peerType');
  if (peerType !== undefined && settings.peerType !== own.role) {
    warn(
      peerType,
      `peerType=${settings.peerType}, but server.${own.id} is ${own.role}: the server's line counts`,
    );
  }
  const count = given.get('commitLogCount');
  const countMin = settings['zkt.commitLogCountMin'];
  if (settings.commitLogCount < countMin) {
    warn(count, `commitLogCount=${settings.commitLogCount} is too few; ${countMin} are kept`);
  }
  if (settings.snapshotSizeFactor > 1) {
    warn(given.get('snapshotSizeFactor'), `snapshotSizeFactor is at most 1; ${SIZE_FACTOR} is taken`);
  }
  return warnings;
}

/** Lines that take another's place, and servers that cannot both be where they are said to be. */
function doubles(lines: readonly SourcedLine[], membership: Membership) {
  const found: { line: SourcedLine | undefined; message: string }[] = [];
  const keys = new Map<string, SourcedLine>();
  for (const line of lines) {
    const before = keys.get(line.key);
    if (before !== undefined && before.file === line.file && before.value !== line.value)
      found.push({ line, message: `${line.key} was already given in line ${before.line}; this line counts` });
    keys.set(line.key, line);
  }
  const taken = new Map<string, number>();
  for (const { id, addresses, client } of membership.members) {
    const ports = addresses.flatMap(({ host, quorumPort, electionPort }) => [
      `${host}:${quorumPort}`,
      `${host}:${electionPort}`,
    ]);
    for (const at of [...ports, ...(client === undefined ? [] : [`${client.host}:${client.port}`])]) {
      const other = taken.get(at);
      // Every host has an any-address of its own.
      if (other !== undefined && other !== id && !/^(0\.0\.0\.0|[0:]+):\d+$/.test(at))
        found.push({
          line: keys.get(`server.${id}`),
          message: `server.${other} and server.${id} both have ${at}`,
        });
      taken.set(at, id);
    }
  }
  return found;
}

/** The settings of a member of the ensemble on this host, where nobody gave others. */
export const localSettings = ({ settings, given }: ReadSettings): Settings => ({
  ...settings,
  tickTime: given.has('tickTime') ? settings.tickTime : LOCAL_LIMITS.tickTime,
  initLimit: given.has('initLimit') ? settings.initLimit : LOCAL_LIMITS.initLimit,
  syncLimit: given.has('syncLimit') ? settings.syncLimit : LOCAL_LIMITS.syncLimit,
});

/**
 * The file to rewrite: members from the command line would be there again at the next start, beside what was
 * written.
 */
function keptFileOf(read: ReadSettings, files: ConfigFiles): string | undefined {
  const onCommandLine = read.membership.some((l) => l.file === COMMAND_LINE);
  const pointer = read.given.get('dynamicConfigFile');
  if (onCommandLine || pointer?.file === COMMAND_LINE) return undefined;
  return read.settings.reconfigEnabled ? files.file : undefined;
}

/** The ensemble's part, defaults filled in. */
export function quorumOf(read: ReadSettings, files: ConfigFiles, place: Place): QuorumConfig {
  const { settings: s, given } = read;
  const factor = s.snapshotSizeFactor;
  const epochWait = s['leader.maxTimeToWaitForEpoch'];
  const handshake = s.quorumCnxnTimeoutMs;
  return {
    membership: place.membership,
    peerType: place.own?.role ?? s.peerType,
    standaloneEnabled: s.standaloneEnabled,
    reconfigEnabled: s.reconfigEnabled,
    dynamicConfigFile: given.has('dynamicConfigFile') ? s.dynamicConfigFile : undefined,
    keptFile: place.membership === undefined ? undefined : keptFileOf(read, files),
    initLimitTicks: s.initLimit,
    syncLimitTicks: s.syncLimit,
    connectToLearnerMasterLimitTicks: s.connectToLearnerMasterLimit || s.initLimit,
    leaderDialPauseMs: s.leaderConnectDelayDuringRetryMs,
    epochWaitMs: epochWait < 0 ? undefined : epochWait,
    listenOnAllAddresses: s.quorumListenOnAllIPs,
    multiAddress: s['multiAddress.enabled'],
    electionPortBindTries: s.electionPortBindRetry,
    cnxTimeoutMs: s.cnxTimeout,
    handshakeTimeoutMs: handshake > 0 ? handshake : s.tickTime * Math.max(s.syncLimit, 1),
    electionKeepAlive: s.tcpKeepAlive,
    minNotificationMs: s['fastleader.minNotificationInterval'],
    maxNotificationMs: Math.max(
      s['fastleader.maxNotificationInterval'],
      s['fastleader.minNotificationInterval'],
    ),
    finalizeWaitMs: s['zkt.finalizeWaitMs'],
    leaderServes: s.leaderServes,
    forceSnapshotSync: s.forceSnapshotSync,
    snapshotSizeFactor: factor > 1 ? SIZE_FACTOR : factor,
    committedLogMax: Math.max(s.commitLogCount, s['zkt.commitLogCountMin']),
    snapshotSyncsMax: s['leader.maxConcurrentSnapSyncs'],
    diffSyncsMax: s['leader.maxConcurrentDiffSyncs'],
    learnerQueueBytesMax: s['zkt.learnerQueueBytesMax'],
    epochTransactionsMax: s['zkt.epochTransactionsMax'],
    syncEnabled: s.syncEnabled,
    observerReconnectDelayMs: s['observer.reconnectDelayMs'],
    observerElectionDelayMs: s['observer.election.DelayMs'],
    localSessionsEnabled: s.localSessionsEnabled,
    localSessionsUpgradingEnabled: s.localSessionsUpgradingEnabled,
    readOnlyMode: s['readonlymode.enabled'],
    sessionSecret: files.sessionSecret,
  };
}
