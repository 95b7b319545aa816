/**
 * An ensemble of real servers, Apache's and zkt's in any mix, on free ports of 127.0.0.1 or in network
 * namespaces. Members may be killed, paused, restarted, and change their kind between two lives on the same
 * directory.
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Client, type ClientOptions, connect } from '../../src/client/index.ts';
import { type SeenTree, seeTree, treeDifferences } from '../golden/tree-walk.ts';
import { freePort, tempDir } from './apache.ts';
import { Member, type Mode, type SharedOptions, type SyncKind } from './ensemble-member.ts';
import { type Kind, SUPER } from './servers.ts';

/** Who is in it. Server ids count from 1: first the participants, then the observers. */
export interface EnsembleOptions extends SharedOptions {
  readonly participants: readonly Kind[];
  readonly observers?: readonly Kind[];
  /** Where member `sid` is: its address, and what its command runs within. Default: 127.0.0.1. */
  readonly place?: (sid: number) => { readonly host: string; readonly within: readonly string[] };
}

const SERVE_MS = 40_000;
const POLL_MS = 30;
/** Not ended yet, for `endAllEnsembles`. */
const alive = new Set<Ensemble>();

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds` answers something; rejects with the members' words otherwise. */
export async function eventually<T>(
  what: string,
  holds: () => Promise<T | undefined | false> | T | undefined | false,
  ms = SERVE_MS,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await holds();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`in vain for ${what}`);
    await pause(POLL_MS);
  }
}

/** See the head of the file. */
export class Ensemble {
  readonly dir = tempDir('ensemble');
  readonly members: readonly Member[];
  private readonly clients: Client[] = [];

  private constructor(members: (dir: string) => Member[]) {
    this.members = members(this.dir);
    alive.add(this);
  }

  /** Plans one; nothing runs yet. */
  static async plan(options: EnsembleOptions): Promise<Ensemble> {
    const { participants, observers = [], place = () => ({ host: '127.0.0.1', within: [] }) } = options;
    const kinds = [...participants, ...observers];
    const ports: number[] = [];
    while (ports.length < 3 * kinds.length) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    const ensemble = new Ensemble((dir) =>
      kinds.map((kind, i) => {
        const own = path.join(dir, String(i + 1));
        mkdirSync(own, { recursive: true });
        const [quorumPort, electionPort, clientPort] = ports.slice(3 * i) as [number, number, number];
        const role = i < participants.length ? 'participant' : 'observer';
        const where = place(i + 1);
        const at = { ...where, quorumPort, electionPort, clientPort };
        return new Member({ sid: i + 1, kind, role, dir: own, ...at }, options);
      }),
    );
    for (const member of ensemble.members) member.configure(ensemble.lines);
    return ensemble;
  }

  /** Plans one, starts all of it, and waits until it serves. */
  static async started(options: EnsembleOptions): Promise<Ensemble> {
    const ensemble = await Ensemble.plan(options);
    try {
      await ensemble.start();
    } catch (error) {
      await ensemble.end();
      throw error;
    }
    return ensemble;
  }

  /** The `server.N` lines. */
  get lines(): string[] {
    return this.members.map((member) => member.line);
  }

  member(sid: number): Member {
    const member = this.members[sid - 1];
    if (member === undefined) throw new Error(`no server ${sid}`);
    return member;
  }

  /** Starts these, or all, and waits until they serve; answers the leader's sid if it is one of them. */
  async start(...sids: number[]): Promise<number | undefined> {
    const which = sids.length === 0 ? this.members.map((member) => member.sid) : sids;
    for (const sid of which) this.member(sid).start();
    return this.serving(...which);
  }

  /**
   * Waits until these serve. Rejects with their logs when they do not, or when one ended that nobody ended.
   */
  async serving(...sids: number[]): Promise<number | undefined> {
    let modes: (Mode | undefined)[] = [];
    const all = async (): Promise<boolean> => {
      const crashed = sids.filter((sid) => this.member(sid).crashed);
      if (crashed.length > 0) throw new Error(`server ${crashed} ended by itself\n${this.tails()}`);
      modes = await Promise.all(sids.map((sid) => this.member(sid).mode()));
      return modes.every((mode) => mode !== undefined && mode !== 'read-only');
    };
    await eventually(`servers ${sids} to serve`, all).catch((error: Error) => {
      throw new Error(`${error.message}; they are ${modes}\n${this.tails()}`);
    });
    const leader = modes.indexOf('leader');
    return leader < 0 ? undefined : sids[leader];
  }

  /** Who leads; waits until somebody does. */
  async leader(ms = SERVE_MS): Promise<number> {
    const leading = async (): Promise<number | undefined> => {
      for (const { sid, mode } of await this.modes()) if (mode === 'leader') return sid;
      return undefined;
    };
    return eventually('a leader', leading, ms).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.tails()}`);
    });
  }

  /** What all say they are. */
  async modes(): Promise<{ sid: number; mode: Mode | undefined }[]> {
    return Promise.all(this.members.map(async (it) => ({ sid: it.sid, mode: await it.mode() })));
  }

  async stop(...sids: number[]): Promise<void> {
    await Promise.all(sids.map((sid) => this.member(sid).end('SIGTERM')));
  }
  async kill(...sids: number[]): Promise<void> {
    await Promise.all(sids.map((sid) => this.member(sid).end('SIGKILL')));
  }

  /** Stops it in good order and starts it on the same directory as a server of this kind. */
  async replace(sid: number, kind: Kind): Promise<void> {
    await this.stop(sid);
    this.member(sid).kind = kind;
    await this.start(sid);
  }

  /** Restarts others until this one leads. It needs the newest history, as it has when nobody writes. */
  async lead(sid: number): Promise<void> {
    const now = await this.leader();
    if (now === sid) return;
    // Without the leader, the largest id of those that are there wins: those above it are away too.
    const away = this.members.filter(({ sid: its, options }) => {
      return options.role === 'participant' && (its === now || its > sid) && its !== sid;
    });
    const voters = this.members.filter(({ options }) => options.role === 'participant').length;
    if (voters - away.length > voters / 2) {
      const gone = away.map((member) => member.sid);
      await this.stop(...gone);
      await eventually(`server ${sid} to lead`, async () => (await this.member(sid).mode()) === 'leader');
      await this.start(...gone);
      await this.allServing();
      return;
    }
    // Too many to be away at once: it and its voters first, the others once it leads.
    const all = this.members.filter((member) => member.running).map((member) => member.sid);
    await this.stop(...all);
    const few = this.members.filter(({ sid: its, options }) => its < sid && options.role === 'participant');
    const first = [sid, ...few.map((member) => member.sid)];
    await this.start(...first);
    await this.start(...all.filter((it) => !first.includes(it)));
  }

  /** Waits until all that run serve. */
  async allServing(): Promise<void> {
    await this.serving(...this.members.filter((member) => member.running).map((member) => member.sid));
  }

  /** `host:port` of these, or all, for a client. */
  servers(...sids: number[]): string {
    const which = sids.length === 0 ? this.members : sids.map((sid) => this.member(sid));
    return which.map((member) => member.address).join();
  }

  /** A client of these servers (all without sids), closed with the ensemble. */
  async client(sids: readonly number[] = [], options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = connect({ servers: this.servers(...sids), sessionTimeoutMs: 20_000, ...options });
    this.clients.push(client);
    await client.connected(30_000);
    return client;
  }

  /** The tree of one server, with every stat and ACL, up to date with the leader, by one who may see all. */
  async tree(sid: number): Promise<SeenTree> {
    const eye = connect({ servers: this.servers(sid), sessionTimeoutMs: 30_000, auth: [SUPER] });
    try {
      await eye.connected(30_000);
      await eye.sync('/');
      return await seeTree(eye);
    } finally {
      await eye.close();
    }
  }

  /** Where the trees of all running servers differ; empty when they are equal. */
  async differences(): Promise<string[]> {
    const [first, ...others] = this.members.filter((member) => member.running);
    if (first === undefined) return [];
    const tree = await this.tree(first.sid);
    // Each server wrote the node of the configuration for itself.
    const withoutTimes = (seen: SeenTree): SeenTree =>
      new Map([...seen].map(([at, text]) => [at, at === '/zookeeper/config' ? dataOf(text) : text]));
    const found: string[] = [];
    for (const { sid } of others) {
      const differences = treeDifferences(withoutTimes(tree), withoutTimes(await this.tree(sid)));
      found.push(...differences.map((text) => `servers ${first.sid} and ${sid}: ${text}`));
    }
    return found;
  }

  /** How a learner was brought up to date in its present life. Its log may be a moment late. */
  async synced(sid: number): Promise<SyncKind> {
    const member = this.member(sid);
    const told = (): SyncKind | undefined => member.syncs(true).at(-1)?.how;
    return eventually(`word of how server ${sid} was brought up to date`, told, 5000);
  }

  /** The ends of all logs, for messages. */
  tails(lines = 12): string {
    const of = (member: Member): string =>
      `--- server ${member.sid} (${member.kind})\n${member.log().trimEnd().split('\n').slice(-lines).join('\n')}`;
    return this.members.map(of).join('\n');
  }

  /** Closes the clients, kills the servers, removes everything; `ZKT_KEEP` keeps the directories. */
  async end(): Promise<void> {
    alive.delete(this);
    const closing = Promise.all(this.clients.map((client) => client.close()));
    for (const member of this.members) member.signal('SIGCONT');
    await this.kill(...this.members.map((member) => member.sid));
    await closing;
    if (process.env.ZKT_KEEP === undefined) rmSync(this.dir, { recursive: true, force: true });
    else console.info(`kept: ${this.dir}`);
  }
}

const dataOf = (node: string): string => (JSON.parse(node) as { data: string }).data;

/** Ends what a failed test left. */
export async function endAllEnsembles(): Promise<void> {
  await Promise.all([...alive].map((ensemble) => ensemble.end()));
}
