/** Who belongs to the ensemble that is observed, and who leads it, as far as any server told. */
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { Member, Membership } from '../../server/quorum/membership.ts';
import { clientAddressOf } from '../ensemble/judge.ts';
import { plainHost } from '../ensemble/server-answer.ts';

/** Members taken from one configuration; an ensemble has at most 255. */
const MEMBERS_MAX = 255;

/** An election is over by then, or will take long. */
const UNSETTLED_MS = 5_000;

/** The one form of an address by which two are compared. */
export const placeOf = ({ host, port }: ServerAddress): string =>
  addressText({ host: plainHost(host), port });

/** See the head of the file. */
export class Roster {
  /** Ids by who said last that it leads. */
  leader: number | undefined;
  private newest: Membership | undefined;
  private unsettledMs = Number.NEGATIVE_INFINITY;

  /** The newest configuration that was told. */
  get membership(): Membership | undefined {
    return this.newest;
  }

  /** A server looks for a leader, or the leader is lost: for a while, much may change in a short time. */
  unsettle(nowMs: number): void {
    this.unsettledMs = nowMs + UNSETTLED_MS;
  }

  /** Whether that is so now. */
  isUnsettled(nowMs: number): boolean {
    return nowMs < this.unsettledMs;
  }

  /** Takes a configuration that a server told; true when it is news. */
  offer(membership: Membership): boolean {
    if (membership.members.length === 0 || membership.members.length > MEMBERS_MAX) return false;
    const { newest } = this;
    if (newest === undefined || membership.version > newest.version) {
      this.newest = membership;
      return true;
    }
    if (membership.version !== 0n || newest.version !== 0n) return false;
    // Static configurations have no version: while they are changed server by server, all are true.
    const members = joined(newest.members, membership.members);
    if (members === undefined) return false;
    this.newest = { ...newest, members };
    return true;
  }

  /** The member of that id. */
  member(id: number): Member | undefined {
    return this.newest?.members.find((m) => m.id === id);
  }

  /**
   * The id of the server at that client address: of the member that has it, or, where the configuration tells
   * no client addresses, of the only member on that host.
   */
  idAt(address: ServerAddress, reachedHost: string): number | undefined {
    const members = this.newest?.members ?? [];
    const hosts = new Set([plainHost(address.host), plainHost(reachedHost)]);
    const byClient = members.find((m) => {
      const at = clientAddressOf(m);
      return at !== undefined && at.port === address.port && hosts.has(plainHost(at.host));
    });
    if (byClient !== undefined) return byClient.id;
    const onHost = members.filter((m) => m.addresses.some((a) => hosts.has(plainHost(a.host))));
    const only = onHost.length === 1 ? onHost[0] : undefined;
    return only?.client === undefined ? only?.id : undefined;
  }
}

/** Members of both, and the client addresses that either tells; undefined where the second adds nothing. */
function joined(known: readonly Member[], told: readonly Member[]): Member[] | undefined {
  const byId = new Map(known.map((m) => [m.id, m]));
  let news = false;
  for (const m of told) {
    const before = byId.get(m.id);
    if (
      before === undefined ? byId.size >= MEMBERS_MAX : before.client !== undefined || m.client === undefined
    ) {
      continue;
    }
    byId.set(m.id, before === undefined ? m : { ...before, client: m.client });
    news = true;
  }
  return news ? [...byId.values()].sort((a, b) => a.id - b.id) : undefined;
}
