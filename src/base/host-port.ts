/** Hosts and ports as text. */

/** A host as it stands before a port: an IPv6 address in brackets. */
export const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** `host:port`, an IPv6 address in brackets. */
export const hostPort = (host: string, port: number): string => `${hostText(host)}:${port}`;

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '0:0:0:0:0:0:0:0']);

/** Whether a host only says that somebody listens everywhere: nobody can be reached there. */
export const isWildcard = (host: string): boolean => WILDCARDS.has(host);
