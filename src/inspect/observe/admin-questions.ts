/**
 * What the AdminServer of an Apache server tells (facts 11.2), where there is one at the usual port. Of
 * several servers on one host only one has that port: it is the one asked for when it names the same client
 * port. Answers are foreign: bounded, and checked before anything is made of them.
 */
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { HttpAsking } from '../../ports/http.ts';
import type { Membership } from '../../server/quorum/membership.ts';
import { parseMembershipText } from '../../server/quorum/membership-text.ts';
import type { ConnectionLine } from './session-words.ts';

/** Where it listens unless it is told otherwise. */
const ADMIN_PORT = 8080;
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const ENTRIES_MAX = 50_000;

type Json = Readonly<Record<string, unknown>>;

/** See the head of the file. */
export class AdminQuestions {
  private readonly http: HttpAsking;
  private readonly address: ServerAddress;
  private readonly timeoutMs: number;
  private asking: { cancel(): void } | undefined;
  private closed = false;

  constructor(http: HttpAsking, address: ServerAddress, timeoutMs: number) {
    this.http = http;
    this.address = address;
    this.timeoutMs = timeoutMs;
  }

  /** Whether it is there, and is this server's: then its id. */
  async find(): Promise<{ readonly id: number } | undefined> {
    const answer = await this.ask('configuration');
    if (answer?.client_port !== this.address.port) return undefined;
    const id = answer.server_id;
    return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? { id } : undefined;
  }

  /** Names and values as `mntr` has them; empty where it does not tell. */
  async monitor(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const [name, value] of Object.entries((await this.ask('monitor')) ?? {})) {
      if (typeof value === 'number' || typeof value === 'string') found.set(name, String(value));
    }
    return found;
  }

  /** As `cons` has them. */
  async connections(): Promise<ConnectionLine[]> {
    const list = (await this.ask('connections'))?.connections;
    if (!Array.isArray(list)) return [];
    return list.slice(0, ENTRIES_MAX).flatMap((entry: unknown) => {
      if (typeof entry !== 'object' || entry === null) return [];
      const { remote_socket_address: remote, session_id, session_timeout, packets_received } = entry as Json;
      if (typeof remote !== 'string') return [];
      const session = longOf(session_id);
      const timeoutMs = countOf(session_timeout);
      return [
        { remote: remote.slice(0, 64), session, timeoutMs, received: Math.max(0, countOf(packets_received)) },
      ];
    });
  }

  /** Who leads; undefined where it does not tell. */
  async leader(): Promise<number | undefined> {
    const id = (await this.ask('leader'))?.leader_id;
    return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
  }

  /** The epoch it is in; undefined where it does not tell. */
  async epoch(): Promise<number | undefined> {
    const epoch = (await this.ask('zabstate'))?.zab_epoch;
    return typeof epoch === 'number' && Number.isSafeInteger(epoch) && epoch >= 0 ? epoch : undefined;
  }

  /** Who belongs to the ensemble; without a version. */
  async membership(): Promise<Membership | undefined> {
    const config = (await this.ask('voting_view'))?.current_config;
    if (typeof config !== 'object' || config === null) return undefined;
    const lines = Object.entries(config).flatMap(([id, member]: [string, unknown]) => {
      const line = typeof member === 'object' && member !== null ? lineOf(member as Json) : undefined;
      return line === undefined || !/^\d{1,3}$/.test(id) ? [] : [`server.${id}=${line}`];
    });
    return lines.length === 0 ? undefined : parseMembershipText(lines.join('\n'));
  }

  /** Asks no more. */
  close(): void {
    this.closed = true;
    this.asking?.cancel();
  }

  private ask(name: string): Promise<Json | undefined> {
    if (this.closed) return Promise.resolve(undefined);
    const { http, timeoutMs } = this;
    const url = `http://${addressText({ host: this.address.host, port: ADMIN_PORT })}/commands/${name}`;
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      let status = 0;
      const question = http.get(
        url,
        { timeoutMs },
        {
          begun: (code) => {
            status = code;
          },
          data: (chunk) => {
            bytes += chunk.length;
            if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
            else {
              question.cancel();
              resolve(undefined);
            }
          },
          ended: (error) => {
            resolve(error === undefined && status === 200 ? jsonOf(Buffer.concat(chunks)) : undefined);
          },
        },
      );
      this.asking = question;
    });
  }
}

/** Numbers beyond 2^53, as sessions are, become text, so that nothing of them is lost. */
function jsonOf(body: Buffer): Json | undefined {
  const whole = body
    .toString('utf8')
    .replace(/"(?:[^"\\]|\\.)*"|-?\d{16,20}/g, (token) => (token.startsWith('"') ? token : `"${token}"`));
  try {
    const json: unknown = JSON.parse(whole);
    return typeof json === 'object' && json !== null ? (json as Json) : undefined;
  } catch {
    return undefined;
  }
}

function longOf(value: unknown): bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value !== 0) return BigInt(value);
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value)
    ? BigInt.asIntN(64, BigInt(value))
    : undefined;
}

const countOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : -1;

/** A line of the configuration, without `server.N=`. */
function lineOf(member: Json): string | undefined {
  const { server_addresses: servers, election_addresses: elections, client_address, learner_type } = member;
  const [server, election] = [firstOf(servers), firstOf(elections)];
  if (server === undefined || election === undefined) return undefined;
  const port = election.slice(election.lastIndexOf(':') + 1);
  const role = learner_type === 'observer' || learner_type === 'OBSERVER' ? 'observer' : 'participant';
  const client = typeof client_address === 'string' && client_address !== '' ? `;${client_address}` : '';
  return `${server}:${port}:${role}${client}`;
}

const firstOf = (list: unknown): string | undefined =>
  Array.isArray(list) && typeof list[0] === 'string' && /^[^\s|;]{1,300}:\d{1,5}$/.test(list[0])
    ? list[0]
    : undefined;
