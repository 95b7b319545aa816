import { ZktError } from '../base/errors.ts';
import { hostPort } from '../base/host-port.ts';
import { pathFault } from '../protocol/paths.ts';
import { DEFAULT_PORT } from './limits.ts';

/** Where a server listens for clients. */
export interface ServerAddress {
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, an IPv6 address in brackets. */
export const addressText = ({ host, port }: ServerAddress): string => hostPort(host, port);

/** What a server list says. */
export interface ServerList {
  /** At least one, in the order written. */
  readonly servers: readonly ServerAddress[];
  /** The path all others are relative to; `''` for none, never ends in `/`. */
  readonly chroot: string;
}

const bad = (text: string, why: string): ZktError =>
  new ZktError('ZKT_USAGE', { why: `bad server list ${JSON.stringify(text)}: ${why}` });

/** Reads `host[:port],host[:port][/chroot]`. Throws ZKT_USAGE. */
export function parseServerList(text: string): ServerList {
  const slash = text.indexOf('/');
  const list = slash < 0 ? text : text.slice(0, slash);
  const path = slash < 0 ? '/' : text.slice(slash);
  const fault = pathFault(path);
  if (fault !== undefined) throw bad(text, fault);
  const servers = list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseAddress(text, part));
  if (servers.length === 0) throw bad(text, 'it names no server');
  return { servers, chroot: path === '/' ? '' : path };
}

function parseAddress(text: string, part: string): ServerAddress {
  const close = part.startsWith('[') ? part.indexOf(']') : 0;
  if (close < 0) throw bad(text, `${part} lacks a closing bracket`);
  const colon = part.indexOf(':', close);
  if (close === 0 && colon !== part.lastIndexOf(':')) throw bad(text, `put the address ${part} in brackets`);
  const host = close > 0 ? part.slice(1, close) : colon < 0 ? part : part.slice(0, colon);
  if (host === '' || (close > 0 && colon !== close + 1 && part.length !== close + 1)) {
    throw bad(text, `${part} is no host:port`);
  }
  if (colon < 0) return { host, port: DEFAULT_PORT };
  const digits = part.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65535) throw bad(text, `${digits} is no port`);
  return { host, port };
}
