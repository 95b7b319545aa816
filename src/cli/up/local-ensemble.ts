/** A local ensemble while it runs: its children, what is told of them, and their end. */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import type { ServerAddress } from '../../client/connect-string.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Net } from '../../ports/net.ts';
import type { Timers } from '../../ports/timers.ts';
import { type ChildEnd, type ChildOwner, ChildServer } from './child-server.ts';
import type { EnsembleLog } from './log-lines.ts';
import { type Modes, QuorumWatch } from './quorum-watch.ts';

/** A server that takes longer to stop is killed. */
const STOP_MS_MAX = 15_000;

/** What it takes of the world. */
export interface EnsembleWorld {
  readonly net: Net;
  readonly timers: Timers;
  readonly clock: Clock;
}

/** One server to run. */
export interface PlannedServer {
  readonly id: number;
  readonly client: ServerAddress;
  /** The program and its arguments. */
  readonly command: readonly string[];
}

/** See the top of the file. */
export class LocalEnsemble {
  private readonly children = new Map<number, ChildServer>();
  private readonly log: EnsembleLog;
  private readonly world: EnsembleWorld;
  private readonly watch: QuorumWatch;
  private readonly connect: string;
  /** Who led when it was last told; undefined before, and when nobody did. */
  private leader: number | undefined;
  private stopping = false;
  /** Servers that refused their configuration. */
  private readonly refused = new Set<number>();
  private hopeless: (exit: ExitCode) => void = () => {};

  /** `connect` is the address list for clients. */
  constructor(servers: readonly PlannedServer[], connect: string, log: EnsembleLog, world: EnsembleWorld) {
    this.log = log;
    this.world = world;
    this.connect = connect;
    for (const { id, command } of servers) {
      this.children.set(id, new ChildServer(command, this.ownerOf(id), world));
    }
    const clients = new Map(servers.map(({ id, client }) => [id, client]));
    this.watch = new QuorumWatch(world, clients, (modes) => this.heard(modes));
  }

  /** Runs all until `stop` or `kill`, or until no server accepts its configuration; answers the exit code. */
  run(stop: AbortSignal, kill: AbortSignal): Promise<ExitCode> {
    return new Promise((resolve) => {
      const end = (exit: ExitCode): void => {
        if (this.stopping) return;
        this.stopping = true;
        this.stopAll(kill).then((clean) =>
          resolve(kill.aborted ? EXIT.interrupted : clean ? exit : EXIT.failed),
        );
      };
      this.hopeless = end;
      stop.addEventListener('abort', () => end(EXIT.ok), { once: true });
      for (const child of this.children.values()) child.start();
      this.watch.look();
      if (stop.aborted) end(EXIT.ok);
    });
  }

  /**
   * SIGTERM to all, and SIGKILL to those that take too long or when `kill` says so. Answers whether none was
   * killed.
   */
  private async stopAll(kill: AbortSignal): Promise<boolean> {
    this.watch.close();
    const running = [...this.children].filter(([, child]) => child.running);
    this.say(`stopping ${running.length} ${running.length === 1 ? 'server' : 'servers'}`);
    let killed = false;
    const killRest = (): void => {
      killed = true;
      for (const [id, child] of running) {
        if (!child.running) continue;
        this.say(`server ${id} is killed: it did not stop`);
        void child.stop('SIGKILL');
      }
    };
    const timer = this.world.timers.after(STOP_MS_MAX, killRest);
    kill.addEventListener('abort', killRest, { once: true });
    await Promise.all(running.map(([, child]) => child.stop('SIGTERM')));
    timer.cancel();
    return !killed;
  }

  private ownerOf(id: number): ChildOwner {
    return {
      line: (text) => this.log.ofServer(id, text),
      started: () => this.watch.look(),
      died: (end) => this.died(id, end),
      restartsIn: (ms) => this.say(`server ${id} is started again in ${ms} ms`),
    };
  }

  private died(id: number, end: ChildEnd): boolean {
    this.watch.look();
    if (this.stopping) return false;
    this.say(`server ${id} ${endText(end)}`);
    if (end.code !== EXIT.usage) return true;
    this.say(`server ${id} refuses its configuration, and would again: it is not started any more`);
    this.refused.add(id);
    if (this.refused.size === this.children.size) this.hopeless(EXIT.usage);
    return false;
  }

  private heard(modes: Modes): void {
    const leader = [...modes].find(([, mode]) => mode === 'leader' || mode === 'standalone')?.[0];
    if (leader === this.leader) return;
    this.leader = leader;
    const alone = this.children.size === 1;
    if (leader === undefined) this.say(alone ? 'not serving' : 'no server leads: writes wait for a quorum');
    else if (alone) this.say(`serving. Connect with: zkt shell -s ${this.connect}`);
    else this.say(`server ${leader} leads. Connect with: zkt shell -s ${this.connect}`);
  }

  private say(text: string): void {
    this.log.own(text, this.world.clock.wallMs());
  }
}

function endText({ code, signal, error }: ChildEnd): string {
  if (error !== undefined) return `could not be started: ${error}`;
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
