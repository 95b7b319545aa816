/** The HTTP admin's part of a configuration. Pure. */
import type { ConfigFiles } from './config-input.ts';
import { badLine, type ReadSettings } from './read-settings.ts';
import type { AdminConfig } from './server-config.ts';
import { token as tokenKind } from './value-kinds.ts';

const LOOPBACK = '127.0.0.1';
/** From a server's client port to its admin port, for servers that share a host: 2181, 8081. */
const LOCAL_OFFSET = 5900;

/** The admin port of a server among others on one host. */
export const localAdminPort = (clientPort: number): number => clientPort + LOCAL_OFFSET;

/** Addresses that only this machine can ask. */
const isLoopback = (host: string): boolean =>
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host === '::1' || host.toLowerCase() === 'localhost';

/**
 * Where the admin is and who may ask it. `localClientPort` is that of a server of the ensemble on this host,
 * which has neighbours. Throws `ZktError` for an address that others can reach without a token.
 */
export function adminOf(
  read: ReadSettings,
  files: ConfigFiles,
  localClientPort: number | undefined,
): AdminConfig {
  const { settings, given } = read;
  const host = given.has('admin.serverAddress') ? settings['admin.serverAddress'] : LOOPBACK;
  const token = tokenOf(read, files);
  const addressLine = given.get('admin.serverAddress');
  const enabled = settings['admin.enableServer'];
  if (enabled && addressLine !== undefined && token === undefined && !isLoopback(host)) {
    throw badLine(
      addressLine,
      'a token (zkt.adminTokenFile, at best) for an address that others can reach; or 127.0.0.1; or admin.enableServer=false',
    );
  }
  const portGiven = given.has('admin.serverPort');
  const neighbour = !portGiven && localClientPort !== undefined && localClientPort > 0;
  return {
    enabled,
    host,
    port: neighbour ? localAdminPort(localClientPort) : settings['admin.serverPort'],
    portGiven,
    commandUrl: settings['admin.commandURL'],
    idleTimeoutMs: settings['admin.idleTimeout'],
    token,
  };
}

function tokenOf({ settings, given }: ReadSettings, files: ConfigFiles): string | undefined {
  const line = given.get('zkt.adminTokenFile');
  if (given.has('zkt.adminToken')) {
    if (line !== undefined) throw badLine(line, 'one token: zkt.adminToken is given too');
    return settings['zkt.adminToken'];
  }
  if (line === undefined) return undefined;
  const text = files.adminToken?.trim() ?? '';
  const token = tokenKind.parse(text);
  if (token === undefined) throw badLine(line, `a file of ${tokenKind.expected}`);
  return token;
}
