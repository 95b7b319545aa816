/**
 * An ensemble of election machines on a shaken network, from one seed: delays, losses, servers that die and
 * come back, and a model of what follows a decision (a leader is established once a quorum follows it; who
 * waits in vain looks again). Only the machine is real.
 */
import { Prng } from '../../../src/base/prng.ts';
import { SILENT } from '../../../src/events/bus.ts';
import type { Notification } from '../../../src/protocol/election.ts';
import { Election } from '../../../src/server/election/election.ts';
import type { Candidate } from '../../../src/server/election/election-effects.ts';
import type { Decision } from '../../../src/server/election/vote.ts';
import type { Quorums } from '../../../src/server/quorum/quorums.ts';
import { TIMES } from './transcript.ts';

/** How the network is shaken. */
export interface Shaking {
  readonly delayMsMax: number;
  /** Chance that a message is lost, its connection with it; the next one greets. */
  readonly loss: number;
}

/** A role that is not established after this time is given up. */
const ROLE_PATIENCE_MS = 300;

/** One server: its machine, which a death replaces, and its role. */
export class Server {
  readonly sid: bigint;
  machine: Election | undefined;
  candidate: Candidate;
  decision: Decision | undefined;
  established = false;
  decidedMs = 0;
  outvotes = 0;
  looks = 0;

  constructor(sid: bigint, candidate: Candidate) {
    this.sid = sid;
    this.candidate = candidate;
  }
}

/** See the head of the file. */
export class ShakenEnsemble {
  readonly random: Prng;
  readonly servers = new Map<bigint, Server>();
  now = 0;
  private readonly quorums: Quorums;
  private readonly shaking: Shaking;
  private queue: { at: number; order: number; fn: () => void }[] = [];
  private order = 0;
  private readonly lastArrival = new Map<string, number>();

  constructor(seed: number, quorums: Quorums, shaking: Shaking) {
    this.random = new Prng(seed);
    this.quorums = quorums;
    this.shaking = shaking;
    const members = [quorums.current, quorums.pending].flatMap((rule) => rule?.membership.members ?? []);
    for (const id of new Set(members.map((m) => m.id))) {
      const sid = BigInt(id);
      const candidate = {
        zxid: BigInt(this.random.below(4)),
        peerEpoch: BigInt(this.random.below(3)),
        participant: quorums.isVoter(sid),
      };
      this.servers.set(sid, new Server(sid, candidate));
    }
  }

  server(sid: bigint): Server {
    return this.servers.get(sid) as Server;
  }

  after(ms: number, fn: () => void): void {
    this.queue.push({ at: this.now + ms, order: this.order++, fn });
  }

  start(sid: bigint): void {
    const server = this.server(sid);
    const effects = {
      send: (to: bigint, n: Notification) => this.send(sid, to, n),
      silent: () => {},
      decided: (decision: Decision) => this.soon(server, () => this.decided(server, decision)),
      configGossiped: () => {},
      outvoted: () => {
        server.outvotes++;
        this.soon(server, () => this.roleOver(server));
      },
    };
    server.machine = new Election(sid, TIMES, this.quorums, effects, SILENT);
    this.look(server);
  }

  kill(sid: bigint): void {
    const server = this.server(sid);
    server.machine = undefined;
    server.decision = undefined;
    server.established = false;
  }

  /** Runs until that time. */
  runTo(ms: number): void {
    for (;;) {
      const next = this.queue.reduce<(typeof this.queue)[number] | undefined>(
        (a, b) => (a === undefined || b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a),
        undefined,
      );
      let due = next?.at ?? Number.POSITIVE_INFINITY;
      let ticks: Server | undefined;
      for (const server of this.servers.values()) {
        const deadline = server.machine?.nextDeadline;
        if (deadline !== undefined && deadline < due) {
          due = deadline;
          ticks = server;
        }
      }
      if (due > ms) break;
      this.now = Math.max(this.now, due);
      if (ticks !== undefined) ticks.machine?.tick(this.now);
      else if (next !== undefined) {
        this.queue.splice(this.queue.indexOf(next), 1);
        next.fn();
      }
    }
    this.now = ms;
  }

  /** Who is established behind whom: `3<1 3<2`. Empty for nobody. */
  get followed(): Map<bigint, bigint> {
    const followed = new Map<bigint, bigint>();
    for (const s of this.servers.values())
      if (s.established && s.decision !== undefined) followed.set(s.sid, s.decision.leader);
    return followed;
  }

  private soon(server: Server, fn: () => void): void {
    const { machine } = server;
    this.after(0, () => {
      if (server.machine === machine) fn();
    });
  }

  private look(server: Server): void {
    server.looks++;
    server.decision = undefined;
    server.established = false;
    server.machine?.look(server.candidate, this.now);
  }

  private roleOver(server: Server): void {
    if (server.decision === undefined) return;
    server.machine?.rest();
    this.look(server);
  }

  private decided(server: Server, decision: Decision): void {
    server.decision = decision;
    server.decidedMs = this.now;
    this.watchRole(server, decision, this.now);
  }

  /** The model of a role: looked at every few ms until it is over. */
  private watchRole(server: Server, decision: Decision, since: number): void {
    this.after(10 + this.random.below(10), () => {
      if (server.decision !== decision) return;
      const holds =
        decision.leader === server.sid
          ? this.quorums.isQuorum((sid) => this.server(sid).decision?.leader === server.sid)
          : this.server(decision.leader).decision?.leader === decision.leader;
      const leaderStands = this.server(decision.leader).established;
      if (holds && !server.established && (leaderStands || decision.leader === server.sid)) {
        server.established = true;
        const epoch = decision.peerEpoch + 1n;
        server.candidate = { ...server.candidate, peerEpoch: epoch };
        server.machine?.epochEstablished(epoch);
      }
      // Who was established notices a lost leader at once, and a lost quorum; the others wait a while.
      if (!holds && (server.established || this.now - since > ROLE_PATIENCE_MS)) this.roleOver(server);
      else if (!server.established && this.now - since > ROLE_PATIENCE_MS) this.roleOver(server);
      else this.watchRole(server, decision, since);
    });
  }

  private send(from: bigint, to: bigint, n: Notification): void {
    const sender = this.server(from);
    const target = this.server(to);
    const delay = this.random.next() * this.shaking.delayMsMax;
    if (this.random.chance(this.shaking.loss)) {
      // The connection is lost with it; the new one begins with what holds then.
      this.after(delay * 4, () => this.greet(from, to));
      return;
    }
    const key = `${from} ${to}`;
    const at = Math.max(this.now + delay, this.lastArrival.get(key) ?? 0);
    this.lastArrival.set(key, at);
    const { machine } = sender;
    this.after(at - this.now, () => {
      if (target.machine !== undefined) target.machine.receive(from, n, this.now);
      else if (sender.machine === machine) machine?.reachable(to, false, this.now);
    });
  }

  private greet(from: bigint, to: bigint): void {
    const words = this.server(from).machine?.greeting(to);
    if (words !== undefined) this.send(from, to, words);
  }
}
