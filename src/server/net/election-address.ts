/** Addresses of election ports: as configurations have them, and as the text of opening messages. */
import { hostPort, isWildcard } from '../../base/host-port.ts';

/** Where a server listens for elections. */
export interface ElectionAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, brackets around IPv6. */
export const textOfAddress = ({ host, port }: ElectionAddress): string => hostPort(host, port);

/**
 * The addresses of an opening message at which its sender can be dialled. Those that are no address, and
 * wildcards, which only tell that it listens everywhere, are left out.
 */
export function parseElectionAddresses(texts: readonly string[]): ElectionAddress[] {
  const found: ElectionAddress[] = [];
  for (const text of texts) {
    const colon = text.lastIndexOf(':');
    const portText = text.slice(colon + 1);
    if (colon < 0 || !/^\d{1,5}$/.test(portText)) continue;
    const bare = text.slice(0, colon);
    const host = bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
    const port = Number(portText);
    if (port < 1 || port > 65_535 || isWildcard(host) || !/^[0-9A-Za-z._:%-]{1,255}$/.test(host)) continue;
    found.push({ host, port });
  }
  return found;
}
