/**
 * Plays a scenario: each statement in turn; then everything is healed, has to recover and to agree, and is
 * judged.
 */
import { ZktError } from '../../base/errors.ts';
import type { Client } from '../../client/api.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import { ERR, errName } from '../../protocol/error-codes.ts';
import { NO_NODE } from '../../server/tree/node-store.ts';
import type { Violation } from '../checkers/history.ts';
import { CLUSTER_PORTS, type Cluster, type ClusterOptions, type SimClient } from '../cluster.ts';
import type { SimTools } from '../node-kit.ts';
import type { SimNode } from '../sim-node.ts';
import { Broken, FINISH_MS, type Listen, WatchedCluster } from '../watched-cluster.ts';
import type { ClientStatement, ScenarioLine, Selector, ServerState, Statement } from './scenario-text.ts';

/** What came of a scenario. */
export interface ScenarioOutcome {
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  readonly fingerprint: string;
}

/** How long a `wait` for a state may take, ms. */
const WAIT_MS = 60_000;

/** Plays the lines of `parseScenario`. Throws `ZKT_SCENARIO` for what makes no sense when it is its turn. */
export function playScenario(
  lines: readonly ScenarioLine[],
  file: string,
  tools: SimTools,
  listen?: Listen,
): Promise<ScenarioOutcome> {
  return new ScenarioRun(lines, file, tools, listen).play();
}

/** What must be known before the cluster is made. */
function setupOf(lines: readonly ScenarioLine[]): ClusterOptions {
  const found = { servers: 3, observers: 0, seed: 1 };
  const config: string[] = [];
  for (const { statement } of lines) {
    if (statement.kind === 'servers' || statement.kind === 'observers' || statement.kind === 'seed') {
      found[statement.kind] = statement.count;
    } else if (statement.kind === 'config') config.push(statement.text);
  }
  return { ...found, config };
}

class ScenarioRun {
  private readonly lines: readonly ScenarioLine[];
  private readonly file: string;
  private readonly watched: WatchedCluster;
  private readonly cluster: Cluster;
  private readonly names = new Map<string, SimNode>();
  private readonly clients = new Map<string, SimClient>();
  private readonly begun: { readonly client: string; readonly work: Promise<unknown> }[] = [];
  private readonly dead = new Set<string>();
  private line = 0;

  constructor(lines: readonly ScenarioLine[], file: string, tools: SimTools, listen?: Listen) {
    this.lines = lines;
    this.file = file;
    this.watched = new WatchedCluster(setupOf(lines), tools, listen);
    this.cluster = this.watched.cluster;
  }

  async play(): Promise<ScenarioOutcome> {
    const { watched, cluster } = this;
    watched.watch();
    try {
      for (const { line, text, statement } of this.lines) {
        this.line = line;
        cluster.say('', `--- ${text}`);
        await this.do(statement);
      }
      watched.healAll();
      await watched.recovered();
      const awaited = this.begun.filter(({ client }) => !this.dead.has(client)).map(({ work }) => work);
      await watched.finished('every operation ends', Promise.all(awaited));
      await watched.judge();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    } finally {
      watched.end();
    }
    return {
      violations: watched.violations,
      simulatedMs: cluster.now,
      fingerprint: cluster.fingerprint.toString(),
    };
  }

  private error(why: string): Error {
    return new ZktError('ZKT_SCENARIO', { file: this.file, line: this.line, why });
  }

  private fail(text: string): never {
    this.watched.say('the scenario goes as written', `line ${this.line}: ${text}`);
    throw new Broken();
  }

  private async do(s: Statement): Promise<void> {
    const { watched } = this;
    switch (s.kind) {
      case 'servers':
      case 'observers':
      case 'seed':
      case 'config':
        return;
      case 'wait':
        return watched.pass(s.ms);
      case 'wait-leader':
        return watched.until(`line ${this.line}`, () => this.hasLeader() === s.is, WAIT_MS);
      case 'wait-agreed':
        return watched.until(`line ${this.line}`, () => watched.agreed(), WAIT_MS);
      case 'wait-state': {
        const nodes = this.servers(s.who);
        return watched.until(`line ${this.line}`, () => nodes.every((n) => isIn(n, s.state)), WAIT_MS);
      }
      case 'operation':
        return this.operation(s);
      case 'client':
        this.clients.set(s.name, this.dial(s.name, s.to));
        return;
      case 'die':
        this.client(s.name).die();
        this.dead.add(s.name);
        return;
      case 'expect-data':
      case 'expect-leader':
      case 'expect-state':
        this.expect(s);
        return;
      case 'call':
        this.names.set(s.name, this.one(s.who));
        return;
      default:
        this.machine(s);
    }
  }

  /** What is done to machines and links. */
  private machine(s: Statement): void {
    const { cluster } = this;
    switch (s.kind) {
      case 'start':
        for (const node of this.servers(s.who)) {
          cluster.heldDown.delete(node);
          node.start();
        }
        return;
      case 'kill':
      case 'stop':
      case 'power-cut':
        for (const node of this.servers(s.who)) {
          cluster.heldDown.add(node);
          if (s.kind === 'kill') node.kill();
          else if (s.kind === 'stop') node.stop();
          else node.powerCut();
        }
        return;
      case 'pause':
        for (const node of this.servers(s.who)) node.pause();
        return;
      case 'resume':
        for (const node of this.servers(s.who)) node.resume();
        return;
      case 'wipe':
        for (const node of this.servers(s.who)) {
          if (node.up) throw this.error(`${node.name} must be down to get an empty disk`);
          node.wipe();
          this.watched.invariants.forget(node);
        }
        return;
      case 'crash':
        for (const node of this.servers(s.who)) {
          cluster.heldDown.add(node);
          node.crashAfter(s.calls, s.how);
        }
        return;
      case 'heal':
        cluster.net.heal();
        return;
      case 'cut':
        this.cut(this.hosts(s.who), this.hosts(s.from), s.bothWays, s.port && CLUSTER_PORTS[s.port]);
        return;
      case 'isolate':
        this.isolate(s.who, s.clients);
        return;
      case 'clock':
        for (const node of this.servers(s.who)) {
          node.clock.wallOffsetMs += s.jumpMs;
          if (s.rate !== 1 || s.jumpMs === 0) node.clock.setRate(s.rate, cluster.now);
        }
        return;
      case 'slow-disk':
        for (const node of this.servers(s.who)) node.slowSyncMs = s.ms;
        return;
      case 'disk':
        for (const node of this.servers(s.who)) troubleDisk(node, s.how, s.call);
        return;
      default:
        throw this.error(`${s.kind} cannot be done`);
    }
  }

  private cut(a: ReadonlySet<string>, b: ReadonlySet<string>, bothWays: boolean, port?: number): void {
    const where = port === undefined ? {} : { ports: new Set([port]) };
    this.cluster.net.trouble({ kind: 'cut', from: a, to: b, ...where });
    if (bothWays) this.cluster.net.trouble({ kind: 'cut', from: b, to: a, ...where });
  }

  private isolate(who: Selector, clients: boolean): void {
    const inside = this.hosts(who);
    const outside = new Set(this.cluster.nodes.map((n) => n.name).filter((name) => !inside.has(name)));
    if (clients) for (const { name } of this.cluster.clients) outside.add(name);
    this.cut(inside, outside, true);
  }

  private dial(name: string, to: Selector | undefined): SimClient {
    if (this.clients.has(name)) throw this.error(`there is a client ${name} already`);
    if (to === undefined) return this.cluster.dial(name);
    const servers = this.servers(to).map((n) => `${n.address}:${CLUSTER_PORTS.client}`);
    return this.cluster.dial(name, { servers: servers.join(',') });
  }

  private async operation(s: ClientStatement): Promise<void> {
    const { client } = this.client(s.client);
    const work = doOperation(client, s);
    if (s.begins) {
      this.begun.push({ client: s.client, work });
      return;
    }
    let outcome: string | undefined;
    work.then((result) => {
      outcome = result;
    });
    await this.watched.until(`line ${this.line} is answered`, () => outcome !== undefined, FINISH_MS);
    if (outcome !== '') this.fail(outcome ?? '');
  }

  private expect(s: Statement): void {
    if (s.kind === 'expect-leader') {
      const { leader } = this.cluster;
      const [expected] = this.servers(s.who);
      if (leader !== expected) this.fail(`${leader?.name ?? 'nobody'} leads, not ${expected?.name}`);
    } else if (s.kind === 'expect-state') {
      for (const node of this.servers(s.who)) {
        if (!isIn(node, s.state)) this.fail(`${node.name} is ${node.mode}, not ${s.state}`);
      }
    } else if (s.kind === 'expect-data') {
      for (const node of this.servers(s.who)) {
        const found = dataOn(node, s.path);
        if (found !== s.data) {
          this.fail(`${s.path} on ${node.name} is ${found ?? 'not there'}, not ${s.data ?? 'absent'}`);
        }
      }
    }
  }

  // ---- names ----

  private hasLeader(): boolean {
    return this.cluster.leader !== undefined;
  }

  private client(name: string): SimClient {
    const found = this.clients.get(name);
    if (found === undefined) throw this.error(`there is no client ${name}`);
    return found;
  }

  private one(who: Selector): SimNode {
    const [node, ...more] = this.servers(who);
    if (node === undefined || more.length > 0) throw this.error(`${who.join()} must be one server`);
    return node;
  }

  private hosts(who: Selector): ReadonlySet<string> {
    const names = who.filter((name) => this.clients.has(name));
    const nodes = this.servers(who.filter((name) => !this.clients.has(name)));
    return new Set([...names, ...nodes.map((n) => n.name)]);
  }

  private servers(who: Selector): SimNode[] {
    return who.flatMap((name) => this.named(name));
  }

  private named(name: string): readonly SimNode[] {
    const { nodes, leader } = this.cluster;
    if (name.startsWith('!')) {
      const without = this.named(name.slice(1));
      return nodes.filter((n) => !without.includes(n));
    }
    if (name === 'all') return nodes;
    if (name === 'followers') return nodes.filter((n) => n.mode === 'follower');
    if (name === 'leader') {
      if (leader === undefined) this.fail('there is no leader');
      return [leader];
    }
    const node = this.names.get(name) ?? nodes.find((n) => String(n.id) === name);
    if (node === undefined) throw this.error(`there is no server ${name}`);
    return [node];
  }
}

const isIn = (node: SimNode, state: ServerState): boolean =>
  state === 'serving' ? node.handle?.mode !== undefined : node.mode === state;

function troubleDisk(node: SimNode, how: 'full' | 'well' | 'fails', call: string): void {
  if (how === 'well') {
    node.diskFault = undefined;
    node.slowSyncMs = 0;
  } else if (how === 'full') {
    node.diskFault = (at) => (at === 'write' || at === 'create' ? { code: 'ENOSPC' } : undefined);
  } else {
    node.diskFault = (at) => {
      if (at !== call) return undefined;
      node.diskFault = undefined;
      return { code: 'EIO' };
    };
  }
}

/** A node's data in a server's memory. */
function dataOn(node: SimNode, path: string): string | undefined {
  const tree = node.handle?.database?.tree;
  const found = tree?.find(path) ?? NO_NODE;
  if (tree === undefined || found === NO_NODE) return undefined;
  const length = tree.store.dataLength(found);
  if (length <= 0) return '';
  const at = tree.store.dataOffset(found);
  return tree.store.dataSlab(found).toString('utf8', at, at + length);
}

/** Does it; answers what is wrong with the outcome, or nothing. */
async function doOperation(client: Client, s: ClientStatement): Promise<string> {
  const wanted = s.err === ERR.OK ? 'success' : errName(s.err);
  try {
    const found = await perform(client, s);
    if (s.err !== ERR.OK) return `it succeeded, and should fail with ${wanted}`;
    const compares = s.op === 'get' && s.data !== undefined && found !== s.data;
    return compares ? `${s.path} is ${found}, not ${s.data}` : '';
  } catch (error) {
    if (!(error instanceof KeeperError)) throw error;
    return s.begins || error.code === s.err ? '' : `${errName(error.code)} instead of ${wanted}`;
  }
}

async function perform(
  client: Client,
  { op, path, data, mode }: ClientStatement,
): Promise<string | undefined> {
  switch (op) {
    case 'create':
      return (await client.create(path, data ?? '', { mode })).path;
    case 'set':
      await client.set(path, data ?? '');
      return undefined;
    case 'delete':
      await client.delete(path);
      return undefined;
    case 'get':
      return (await client.get(path)).data?.toString();
    case 'exists':
      if ((await client.exists(path)) === undefined) throw new KeeperError(ERR.NONODE, path);
      return undefined;
    case 'sync':
      await client.sync(path);
      return undefined;
    default:
      await client.close();
      return undefined;
  }
}
