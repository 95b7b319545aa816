/** Addresses as text. */

/** A host as it stands before a port: an IPv6 address in brackets. */
export const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** `host:port`, an IPv6 address in brackets. */
export const hostPort = (host: string, port: number): string => `${hostText(host)}:${port}`;
