/**
 * What one server of an ensemble tells about itself, in four-letter words; everything in it is foreign text.
 */
import { parse64 } from '../../base/brands.ts';
import { ZktError } from '../../base/errors.ts';
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { Membership } from '../../server/quorum/membership.ts';
import { parseMembershipText } from '../../server/quorum/membership-text.ts';
import { type AskPorts, askServer } from './ask-server.ts';

/** More text than this no server has about itself; a foreign one is not listened to for longer. */
const REPLY_BYTES_MAX = 1024 * 1024;
/** A complaint is shown up to here. */
const COMPLAINT_CHARS_MAX = 200;

/** The lines of `srvr`. Numbers that were none are undefined. */
export interface SrvrLines {
  readonly version: string;
  /** `standalone`, `leader`, `follower`, `observer` or `read-only`; what a server says, not checked. */
  readonly mode: string;
  readonly zxid: bigint | undefined;
  readonly connections: number | undefined;
  readonly outstanding: number | undefined;
  readonly nodes: number | undefined;
  /** `min/avg/max`, ms. */
  readonly latency: string;
}

/** What came of asking a server. */
export interface ServerAnswer {
  /** As it was named. */
  readonly address: ServerAddress;
  /** `address:port` it was reached at; undefined when it was not. */
  readonly reachedAt: string | undefined;
  /** Whether it said anything, sense or nonsense. */
  readonly heard: boolean;
  /** Undefined when it does not serve, or does not tell. */
  readonly srvr: SrvrLines | undefined;
  /** Names and values of `mntr` without `zk_`; empty where it may not be asked. */
  readonly monitor: ReadonlyMap<string, string>;
  /** Its id and the configuration it goes by, from `conf`; undefined where that may not be asked. */
  readonly id: number | undefined;
  readonly membership: Membership | undefined;
  /** Why there is no `srvr`. */
  readonly fault: string | undefined;
}

/** Asks a server who and how it is. Never rejects for what is wrong with the server: that is the answer. */
export async function askWho(
  ports: AskPorts,
  address: ServerAddress,
  timeoutMs: number,
): Promise<ServerAnswer> {
  let reachedAt: string | undefined;
  let heard = false;
  const ask = async (word: string): Promise<string> => {
    const reached = (host: string, port: number): void => {
      if (host !== '') reachedAt = addressText({ host: plainHost(host), port });
    };
    const options = { replyBytesMax: REPLY_BYTES_MAX, reached };
    const reply = await askServer(ports, address, Buffer.from(word), timeoutMs, options);
    heard = true;
    return reply.toString('utf8');
  };
  const silent = { srvr: undefined, monitor: new Map(), id: undefined, membership: undefined };
  try {
    const srvr = parseSrvr(await ask('srvr'));
    if ('fault' in srvr) return { address, reachedAt, heard, ...silent, fault: srvr.fault };
    const none = (): string => '';
    const [mntr, conf] = await Promise.all([ask('mntr').catch(none), ask('conf').catch(none)]);
    return {
      address,
      reachedAt,
      heard,
      srvr,
      monitor: parseMntr(mntr),
      ...parseConf(conf),
      fault: undefined,
    };
  } catch (error) {
    if (!(error instanceof ZktError)) throw error;
    return { address, reachedAt, heard, ...silent, fault: error.message };
  }
}

/** Asks for the zxid alone; undefined when it does not tell. */
export async function askZxid(
  ports: AskPorts,
  address: ServerAddress,
  timeoutMs: number,
): Promise<bigint | undefined> {
  const options = { replyBytesMax: REPLY_BYTES_MAX };
  try {
    const reply = await askServer(ports, address, Buffer.from('srvr'), timeoutMs, options);
    const srvr = parseSrvr(reply.toString('utf8'));
    return 'fault' in srvr ? undefined : srvr.zxid;
  } catch {
    return undefined;
  }
}

/** The host in the one form in which two names of it compare; every way to say loopback is 127.0.0.1. */
export function plainHost(host: string): string {
  const plain = host.toLowerCase().replace(/^::ffff:/, '');
  return plain === 'localhost' || plain === '::1' || plain.startsWith('127.') ? '127.0.0.1' : plain;
}

/** Reads the answer to `srvr` (facts 11.1), or says why it is none. */
export function parseSrvr(text: string): SrvrLines | { readonly fault: string } {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const version = fields.get('Zookeeper version');
  const mode = fields.get('Mode');
  if (version === undefined || mode === undefined) return { fault: complaint(text) };
  return {
    version: plainVersion(version),
    mode: mode.slice(0, COMPLAINT_CHARS_MAX),
    zxid: parse64(fields.get('Zxid') ?? ''),
    connections: number(fields.get('Connections')),
    outstanding: number(fields.get('Outstanding')),
    nodes: number(fields.get('Node count')),
    latency: (fields.get('Latency min/avg/max') ?? '').slice(0, COMPLAINT_CHARS_MAX),
  };
}

/** A version without the date, and without the commit that Apache's builds carry. */
export const plainVersion = (version: string): string =>
  version
    .replace(/, built on.*/, '')
    .replace(/-([0-9a-f]{40}|\$\{.*\})$/, '')
    .slice(0, COMPLAINT_CHARS_MAX);

function complaint(text: string): string {
  const line = (text.trim().split('\n')[0] ?? '').slice(0, COMPLAINT_CHARS_MAX);
  if (/not currently serving requests/.test(line))
    return 'not serving: it has no leader, or is not in step with it';
  if (/is not in the whitelist/.test(line))
    return 'it does not tell: srvr is not in its 4lw.commands.whitelist';
  return line === '' ? 'it said nothing' : `it said: ${line}`;
}

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Reads the answer to `mntr`. */
export const parseMntr = (text: string): Map<string, string> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const tab = line.indexOf('\t');
      return tab > 3 && line.startsWith('zk_') ? [[line.slice(3, tab), line.slice(tab + 1)]] : [];
    }),
  );

/** Reads the answer to `conf`: the id, and below `membership:` the text of the configuration. */
export function parseConf(text: string): Pick<ServerAnswer, 'id' | 'membership'> {
  const id = number(/^serverId=(\d{1,3})$/m.exec(text)?.[1]);
  const at = /^membership: *$/m.exec(text);
  if (at === null) return { id: undefined, membership: undefined };
  return { id, membership: parseMembershipText(text.slice(at.index + at[0].length)) };
}

/** A gauge of `mntr`; undefined where it was not told, or is no number. */
export const gauge = (answer: ServerAnswer, name: string): number | undefined =>
  number(answer.monitor.get(name));
