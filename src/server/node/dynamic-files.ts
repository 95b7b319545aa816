/**
 * What stands in the files of a dynamic configuration, byte for byte as Apache ZooKeeper writes it (facts
 * 10.2): the dynamic file, and zoo.cfg once its servers have moved there. Pure: texts in, texts out.
 */
import { hex64 } from '../../base/brands.ts';
import { javaPropertiesOrder } from '../../formatters/java-hash-order.ts';
import { parseProperties } from '../config/java-properties.ts';
import type { Membership } from '../quorum/membership.ts';
import { isMembershipKey } from '../quorum/membership-lines.ts';
import { membershipLines } from '../quorum/membership-text.ts';

/**
 * The dynamic file: its lines sorted as texts, the last without an end. A file in force has its version in
 * its name.
 */
export const dynamicText = (membership: Membership): string => membershipLines(membership).sort().join('\n');

/** The file of a configuration that is not in force yet: it has its version in a line. */
export const pendingText = (membership: Membership): string =>
  [...membershipLines(membership), `version=${hex64(membership.version)}`].sort().join('\n');

/** The name of the file of a configuration in force. */
export const dynamicName = (zooCfg: string, version: bigint): string => `${zooCfg}.dynamic.${hex64(version)}`;
/** The name of the file of a configuration that is not in force yet. */
export const pendingName = (zooCfg: string): string => `${zooCfg}.dynamic.next`;
/** The name of the zoo.cfg from before its servers moved. */
export const backupName = (zooCfg: string): string => `${zooCfg}.bak`;

/** Keys whose place is in the dynamic file. */
const MOVED: ReadonlySet<string> = new Set(['dynamicConfigFile', 'peerType']);
/** Keys that a client address in the server's own line stands for. */
const CLIENT_ADDRESS: ReadonlySet<string> = new Set(['clientPort', 'clientPortAddress']);

/**
 * A zoo.cfg whose servers are in another file from now on: comments and order are lost, as with Apache.
 * `ownClient` says that this server's line has a client address, which is then not said twice. The last line
 * points to `dynamicFile`. Undefined for a text that is no properties file.
 */
export function zooCfgText(before: string, dynamicFile: string, ownClient: boolean): string | undefined {
  const lines = parseProperties(before.replace(/^\ufeff/, ''));
  if (!Array.isArray(lines)) return undefined;
  const values = new Map<string, string>();
  for (const { key, value } of lines) values.set(key, value);
  const kept = javaPropertiesOrder([...values.keys()]).filter(
    (key) => !isMembershipKey(key) && !MOVED.has(key) && !(ownClient && CLIENT_ADDRESS.has(key)),
  );
  const text = kept.map((key) => `${escapedKey(key)}=${escaped(values.get(key) as string)}\n`);
  return `${text.join('')}dynamicConfigFile=${escaped(dynamicFile)}\n`;
}

// Apache writes keys and values as they are, and so loses every backslash once more each time it writes the
// file.
const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

const escapedKey = (key: string): string => escaped(key).replace(/[\s=:#!]/g, (c) => `\\${c}`);
