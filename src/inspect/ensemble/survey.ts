/** Finds the servers of an ensemble and asks them all. Every step has its time limit. */

import type { Credential } from '../../client/api.ts';
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import { connect } from '../../client/index.ts';
import type { Timers } from '../../ports/timers.ts';
import type { Membership } from '../../server/quorum/membership.ts';
import { parseMembershipText } from '../../server/quorum/membership-text.ts';
import type { AskPorts } from './ask-server.ts';
import { clientAddressOf, type EnsembleStatus, judge, lagBehind, newestMembership } from './judge.ts';
import { askWho, askZxid, plainHost, type ServerAnswer } from './server-answer.ts';

/** A server that is behind is asked again after these times: only what lasts is lag. */
const LAG_PAUSES_MS = [100, 400] as const;

/** Whom to ask, and how. */
export interface SurveyOptions {
  readonly servers: readonly ServerAddress[];
  /** For one question to one server. */
  readonly timeoutMs: number;
  /** For the session that reads the configuration where `conf` may not be asked. */
  readonly auth: readonly Credential[];
}

/** Asks the servers of the list, then the members of their configuration that are not in it. */
export async function survey(ports: AskPorts, options: SurveyOptions): Promise<EnsembleStatus> {
  const { servers, timeoutMs } = options;
  const ask = (at: readonly ServerAddress[]) => Promise.all(at.map((one) => askWho(ports, one, timeoutMs)));
  const named = withoutDoubles(await ask(servers));
  const able = named.filter(({ srvr }) => srvr !== undefined && srvr.mode !== 'standalone');
  const addresses = able.map((a) => a.address);
  const membership = newestMembership(named) ?? (await readConfiguration(addresses, timeoutMs, options.auth));
  const found = membership === undefined ? [] : notYetAsked(membership, named);
  const answers = withoutDoubles([...named, ...(await ask(found))]);
  const newest = newestMembership(answers) ?? membership;
  return judge(answers, newest, await lagsOf(ports, answers, timeoutMs));
}

/** The first of those that led to the same place. */
function withoutDoubles(answers: readonly ServerAnswer[]): ServerAnswer[] {
  const seen = new Set<string>();
  return answers.filter(({ reachedAt, address }) => {
    const key = reachedAt ?? keyOf(address);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

const keyOf = ({ host, port }: ServerAddress): string => addressText({ host: plainHost(host), port });

function notYetAsked(membership: Membership, answers: readonly ServerAnswer[]): ServerAddress[] {
  const ids = new Set(answers.map(({ id }) => id));
  const asked = new Set(answers.flatMap((a) => [keyOf(a.address), a.reachedAt]));
  return membership.members.flatMap((m) => {
    const at = clientAddressOf(m);
    return at === undefined || ids.has(m.id) || asked.has(keyOf(at)) ? [] : [at];
  });
}

/** The configuration as clients see it, from any of these servers; undefined where none tells it. */
export async function readConfiguration(
  servers: readonly ServerAddress[],
  timeoutMs: number,
  auth: readonly Credential[] = [],
): Promise<Membership | undefined> {
  if (servers.length === 0) return undefined;
  const client = connect({
    servers: servers.map(addressText).join(','),
    auth,
    readOnly: true,
    requestTimeoutMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
  });
  try {
    await client.connected(timeoutMs, 1);
    const { data } = await client.getConfig();
    return parseMembershipText(data?.toString('utf8') ?? '');
  } catch {
    return undefined;
  } finally {
    await client.close();
  }
}

const pause = (timers: Timers, ms: number): Promise<void> =>
  new Promise((resolve) => void timers.after(ms, resolve));

/** How far each follower and observer is behind what the leader had when it was first asked. */
async function lagsOf(
  ports: AskPorts,
  answers: readonly ServerAnswer[],
  timeoutMs: number,
): Promise<Map<string, number>> {
  const lags = new Map<string, number>();
  const zxids = answers.filter((a) => a.srvr?.mode === 'leader').map((a) => a.srvr?.zxid ?? -1n);
  if (zxids.length === 0) return lags;
  const leader = zxids.reduce((a, b) => (a > b ? a : b));
  const behind = new Set<ServerAnswer>();
  const note = (a: ServerAnswer, zxid: bigint | undefined): void => {
    if (zxid === undefined) return;
    const lag = lagBehind(leader, zxid);
    lags.set(addressText(a.address), lag);
    if (lag === 0) behind.delete(a);
    else behind.add(a);
  };
  for (const a of answers) if (/^(leader|follower|observer)$/.test(a.srvr?.mode ?? '')) note(a, a.srvr?.zxid);
  for (const ms of LAG_PAUSES_MS) {
    if (behind.size === 0) break;
    await pause(ports.timers, ms);
    const again = [...behind].map(async (a) => note(a, await askZxid(ports, a.address, timeoutMs)));
    await Promise.all(again);
  }
  return lags;
}
