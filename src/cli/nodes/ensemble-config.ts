/**
 * The text of `/zookeeper/config`: a line `server.N=host:quorum:election:role;client` for each member, and
 * `version=hex`.
 */

/**
 * The version, in hex as it stands there, and for each member where clients connect (empty where it does not
 * say).
 */
export function clientAddresses(text: string): { version: string; servers: string[] } {
  let version = '';
  const servers: string[] = [];
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    const key = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (key === 'version') version = value;
    else if (key.startsWith('server.')) {
      const semicolon = value.indexOf(';');
      servers.push(semicolon < 0 ? '' : value.slice(semicolon + 1));
    }
  }
  return { version, servers };
}

/** The members of a configuration file, as `reconfig` sends them: `server.N=…` separated by commas. */
export function membersOf(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => /^(server|group|weight)\./.test(line))
    .join(',');
}
