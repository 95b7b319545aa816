/** From checked settings to the one `ServerConfig` that node, port and storage take. Pure. */
import { ZktError } from '../../base/errors.ts';
import type { Member } from '../quorum/membership.ts';
import { adminOf } from './build-admin.ts';
import { localSettings, memberWarnings, placeOf, quorumOf } from './build-quorum.ts';
import type { ConfigFiles, ConfigOptions } from './config-input.ts';
import type { KeyName, Settings } from './keys.ts';
import { badLine, type ReadSettings, type SourcedLine } from './read-settings.ts';
import type {
  ClientConfig,
  ConfigWarning,
  SecurityConfig,
  ServerConfig,
  SessionConfig,
  StorageConfig,
  TreeConfig,
} from './server-config.ts';

const LOOPBACK = '127.0.0.1';
const DEFAULT_DATA_DIR = './zkt-data';
const DEFAULT_PORT = 2181;
const RETAIN_COUNT_MIN = 3;
const KIB = 1024;

/** The configuration, or a `ZktError` that says which line is wrong or missing. Nothing is opened. */
export function buildConfig(told: ReadSettings, files: ConfigFiles, options: ConfigOptions): ServerConfig {
  const place = placeOf(told, files, options);
  const { membership, serverId, own } = place;
  const read = place.local ? { ...told, settings: localSettings(told) } : told;
  const { settings, given } = read;
  const warnings: ConfigWarning[] = [...read.warnings, ...memberWarnings(read, files, place)];
  const bareMember = files.file === undefined && membership !== undefined;
  const defaultDir = bareMember ? `${DEFAULT_DATA_DIR}/${serverId}` : DEFAULT_DATA_DIR;
  const dataDir = options.dataDir ?? (given.has('dataDir') ? settings.dataDir : defaultDir);
  if (files.file !== undefined && options.dataDir === undefined && !given.has('dataDir')) {
    throw new ZktError('ZKT_CONFIG_MISSING', {
      file: files.file,
      key: 'dataDir',
      why: 'it says where the data is; or give --data',
    });
  }
  if (given.has('secureClientPort')) {
    throw new ZktError('ZKT_UNSUPPORTED', { what: 'secureClientPort (TLS for clients), in this release,' });
  }
  const client = clientOf(read, files, options, own, warnings);
  return {
    file: files.file,
    serverId,
    client,
    admin: adminOf(read, files, place.local ? client.port : undefined),
    recorder: {
      enabled: settings['zkt.flightRecorder'],
      bytesMax: settings['zkt.flightRecorderSizeMb'] * KIB * KIB,
    },
    storage: storageOf(
      settings,
      dataDir,
      given.has('dataLogDir') ? settings.dataLogDir : dataDir,
      warnings,
      given,
    ),
    session: sessionOf(settings, given),
    security: securityOf(settings, given),
    tree: treeOf(settings),
    quorum: quorumOf(read, files, place),
    properties: read.properties,
    warnings,
  };
}

function clientOf(
  { settings, given }: ReadSettings,
  files: ConfigFiles,
  options: ConfigOptions,
  member: Member | undefined,
  warnings: ConfigWarning[],
): ClientConfig {
  const own = member?.client;
  const portLine = given.get('clientPort');
  if (files.file !== undefined && portLine === undefined && own === undefined && options.port === undefined) {
    throw new ZktError('ZKT_CONFIG_MISSING', {
      file: files.file,
      key: 'clientPort',
      why: 'clients connect to it',
    });
  }
  if (member !== undefined && own !== undefined) checkOneAddress(settings, given, options, member.id, own);
  const named = given.has('clientPortAddress') ? unbracket(settings.clientPortAddress) : LOOPBACK;
  const host = own?.host ?? named;
  const port = own?.port ?? options.port ?? (portLine !== undefined ? settings.clientPort : DEFAULT_PORT);
  if (portLine !== undefined && !given.has('clientPortAddress') && own === undefined) {
    warnings.push({
      file: portLine.file,
      line: portLine.line,
      message: `no clientPortAddress: the client port is on ${LOOPBACK} only; name an address (0.0.0.0 for all) to serve other hosts`,
    });
  }
  const throttler = settings.request_throttle_max_requests;
  const outstanding = settings.globalOutstandingLimit;
  const both = throttler > 0 && outstanding > 0;
  return {
    host,
    port,
    backlog: settings.clientPortListenBacklog > 0 ? settings.clientPortListenBacklog : undefined,
    keepAlive: settings.clientTcpKeepAlive,
    frameBytesMax: settings['jute.maxbuffer'],
    connectionsPerAddressMax: settings.maxClientCnxns,
    connectionsMax: settings.maxCnxns,
    connectRequestTimeoutMs: settings['nio.sessionlessCnxnTimeout'],
    frameTimeoutMs: settings['zkt.frameTimeoutMs'],
    outstandingRequestsMax: both ? Math.min(throttler, outstanding) : Math.max(throttler, outstanding),
    outstandingBytesMax: settings.largeRequestMaxBytes,
    unreadBytesMax: settings['zkt.unreadBytesMax'],
    slowRequestMs: settings.slowRequestThresholdMs,
    allowedWords: wordsOf(settings['4lw.commands.whitelist'], settings['readonlymode.enabled']),
  };
}

/** The servers' list tells clients where this server is: no other key may say it is elsewhere. */
function checkOneAddress(
  settings: Settings,
  given: ReadonlyMap<KeyName, SourcedLine>,
  options: ConfigOptions,
  id: number,
  own: { readonly host: string; readonly port: number },
): void {
  const expected = `what server.${id} says, ${own.host}:${own.port}; or leave it out`;
  if (options.port !== undefined && options.port !== own.port) {
    throw new ZktError('ZKT_USAGE', { why: `--port ${options.port}: expected ${expected}` });
  }
  const portLine = given.get('clientPort');
  if (portLine !== undefined && options.port === undefined && settings.clientPort !== own.port) {
    throw badLine(portLine, expected);
  }
  const hostLine = given.get('clientPortAddress');
  const host = unbracket(settings.clientPortAddress);
  if (hostLine === undefined || WILDCARDS.has(host) || host === own.host) return;
  // A name may well stand for the address; two addresses are two places.
  if (isAddress(host) && isAddress(own.host)) throw badLine(hostLine, expected);
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
const isAddress = (host: string): boolean => /^[0-9.]+$/.test(host) || host.includes(':');

const unbracket = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

/** A server that may turn read-only also answers `isro`, by which its clients find out. */
const wordsOf = (list: string, readOnlyMode: boolean): ReadonlySet<string> => {
  const words = splitList(list);
  return new Set(readOnlyMode ? [...words, 'isro'] : words);
};

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

function storageOf(
  settings: Settings,
  dataDir: string,
  dataLogDir: string,
  warnings: ConfigWarning[],
  given: ReadonlyMap<KeyName, SourcedLine>,
): StorageConfig {
  const retain = settings['autopurge.snapRetainCount'];
  if (retain < RETAIN_COUNT_MIN) {
    const line = given.get('autopurge.snapRetainCount');
    warnings.push({
      file: line?.file ?? '',
      line: line?.line ?? 0,
      message: `autopurge.snapRetainCount=${retain} is too few; ${RETAIN_COUNT_MIN} are kept`,
    });
  }
  const compression = { '': 'none', gz: 'gzip', snappy: 'snappy' } as const;
  return {
    dataDir,
    dataLogDir,
    autoCreate: settings['datadir.autocreate'],
    snapCount: settings.snapCount,
    snapSizeBytesMax: settings.snapSizeLimitInKb * KIB,
    logSizeBytesMax: settings.txnLogSizeLimitInKb * KIB,
    preallocBytes: settings.preAllocSize * KIB,
    forceSync: settings.forceSync,
    slowSyncMs: settings['fsync.warningthresholdms'],
    snapshotCompression: compression[settings['snapshot.compression.method']],
    emptyIsNew: settings['db.autocreate'],
    closeSessionPaths: settings['closeSessionTxn.enabled'],
    lastZxidInSnapshots: settings['serializeLastProcessedZxid.enabled'],
    trustEmptySnapshot: settings['snapshot.trust.empty'],
    digests: settings['digest.enabled'],
    purgeRetainCount: Math.max(retain, RETAIN_COUNT_MIN),
    purgeIntervalHours: settings['autopurge.purgeInterval'],
  };
}

function sessionOf(settings: Settings, given: ReadonlyMap<KeyName, SourcedLine>): SessionConfig {
  const { tickTime, minSessionTimeout: min, maxSessionTimeout: max } = settings;
  const timeoutMinMs = min < 0 ? 2 * tickTime : min;
  const timeoutMaxMs = max < 0 ? 20 * tickTime : max;
  const line = given.get('minSessionTimeout') ?? given.get('maxSessionTimeout');
  if (timeoutMinMs > timeoutMaxMs && line !== undefined) {
    throw badLine(
      line,
      `minSessionTimeout (${timeoutMinMs}) no larger than maxSessionTimeout (${timeoutMaxMs})`,
    );
  }
  return {
    tickTimeMs: tickTime,
    timeoutMinMs,
    timeoutMaxMs,
  };
}

const ENFORCEABLE: ReadonlySet<string> = new Set(['digest', 'ip', 'sasl', 'x509']);

/** A rule that names no scheme, or one there is none of, must not be taken for no rule. */
function enforcedSchemes(settings: Settings, given: ReadonlyMap<KeyName, SourcedLine>): string[] {
  const on = settings['enforce.auth.enabled'];
  const schemes = on ? splitList(settings['enforce.auth.schemes']) : [];
  const line = given.get('enforce.auth.schemes') ?? given.get('enforce.auth.enabled');
  if (on && line !== undefined && (schemes.length === 0 || !schemes.every((s) => ENFORCEABLE.has(s)))) {
    throw badLine(line, `enforce.auth.schemes to name some of ${[...ENFORCEABLE].join(', ')}`);
  }
  return settings.sessionRequireClientSASLAuth ? [...schemes, 'sasl'] : schemes;
}

const securityOf = (settings: Settings, given: ReadonlyMap<KeyName, SourcedLine>): SecurityConfig => ({
  skipAcl: settings.skipACL,
  superDigest: settings['DigestAuthenticationProvider.superDigest'] || undefined,
  digestEnabled: settings['DigestAuthenticationProvider.enabled'],
  digestAlgorithm: settings['DigestAuthenticationProvider.digestAlg'],
  enforceAuth: settings['enforce.auth.enabled'] || settings.sessionRequireClientSASLAuth,
  enforceAuthSchemes: enforcedSchemes(settings, given),
  identitiesPerConnectionMax: settings['zkt.identitiesPerConnectionMax'],
});

const treeOf = (settings: Settings): TreeConfig => ({
  extendedTypes: settings.extendedTypesEnabled,
  emulate353Ttl: settings.emulate353TTLNodes,
  enforceQuota: settings.enforceQuota,
  containerCheckIntervalMs: settings['znode.container.checkIntervalMs'],
  containersPerMinuteMax: settings['znode.container.maxPerMinute'],
  containerNeverUsedMs: settings['znode.container.maxNeverUsedIntervalMs'],
  multiOperationsMax: settings['zkt.multiOperationsMax'],
  watchesPerConnectionMax: settings['zkt.watchesPerConnectionMax'],
});
