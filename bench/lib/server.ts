/**
 * The servers under test as child processes, with the same zoo.cfg on the same disk. Apache ZooKeeper runs as
 * Debian starts it: its own JVM defaults and a heap of 1 GiB.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findApache, freePort } from '../../test/interop/apache.ts';
import type { Subject } from './options.ts';

/** The command line as users have it; the working directory is the root of the repository. */
export const ZKT_MAIN = path.resolve('bin', 'zkt');

const HEAP = '-Xmx1g';
/** Of /proc: the same on every Linux since 2.4. */
const CLOCK_TICKS_PER_SECOND = 100;
const SERVE_MS_MAX = 120_000;
const STOP_MS_MAX = 30_000;

/** Still running; killed when this process ends, so that a failed run leaves nothing behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A data directory and the server on it, started and stopped as often as needed. */
export class TestServer {
  readonly subject: Subject;
  readonly dir: string;
  readonly port: number;
  /** The program of a zkt server. */
  private readonly main: string;
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();

  private constructor(subject: Subject, dir: string, port: number, main: string) {
    this.subject = subject;
    this.dir = dir;
    this.port = port;
    this.main = main;
  }

  /** A fresh data directory below `parent`; nothing runs yet. `main` is another build of zkt. */
  static async create(subject: Subject, parent: string | undefined, main = ZKT_MAIN): Promise<TestServer> {
    const dir = mkdtempSync(path.join(parent ?? tmpdir(), `zkt-bench-${subject}-`));
    mkdirSync(path.join(dir, 'data'));
    return new TestServer(subject, dir, await freePort(), main);
  }

  /** `127.0.0.1:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /**
   * Starts it, with further lines of zoo.cfg; answers the time from the start of the process until it serves,
   * ms.
   */
  async start(config: readonly string[] = []): Promise<number> {
    const file = path.join(this.dir, 'zoo.cfg');
    const lines = [
      'tickTime=2000',
      `dataDir=${path.join(this.dir, 'data')}`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'maxClientCnxns=0',
      'admin.enableServer=false',
      '4lw.commands.whitelist=*',
      ...config,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const log = openSync(this.logFile, 'a');
    const [command, args] = this.subject === 'apache' ? apacheCommand(file) : zktCommand(file, this.main);
    const from = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.child = child;
    running.add(child);
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        running.delete(child);
        resolve();
      });
    });
    await this.awaitServing(from + SERVE_MS_MAX);
    return performance.now() - from;
  }

  /** SIGTERM, and the end awaited. */
  async stop(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await this.exited;
    clearTimeout(timer);
    this.child = undefined;
  }

  /** SIGKILL, and the end awaited. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
    this.child = undefined;
  }

  /** `srvr`'s word for what it is; '' while it serves nobody. */
  async mode(): Promise<string> {
    return /^Mode: (.*)$/m.exec(await srvr(this.port))?.[1] ?? '';
  }

  /** Stops it and removes its directory. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Resident memory, MB; 0 where the system does not tell. */
  get residentMb(): number {
    try {
      const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  }

  /**
   * Share of one core the server uses for `spanMs` from `delayMs` on (above 1 with several threads); 0 where
   * the system does not tell. Unlike throughput it hardly depends on what else the machine does.
   */
  async cpuShare(delayMs: number, spanMs: number): Promise<number> {
    await pause(delayMs);
    const [before, from] = [this.cpuMs, performance.now()];
    await pause(spanMs);
    return (this.cpuMs - before) / (performance.now() - from);
  }

  /** User and system time of the process so far, ms. */
  private get cpuMs(): number {
    try {
      const stat = readFileSync(`/proc/${this.child?.pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * (1000 / CLOCK_TICKS_PER_SECOND);
    } catch {
      return 0;
    }
  }

  /** Snapshots there are. */
  get snapshots(): string[] {
    return readdirSync(path.join(this.dir, 'data', 'version-2')).filter((it) => it.startsWith('snapshot.'));
  }

  /** Names and sizes of the snapshots: the same text twice means that none is being written. */
  get sizes(): string {
    const dir = path.join(this.dir, 'data', 'version-2');
    return readdirSync(dir)
      .filter((it) => !it.startsWith('log.'))
      .map((it) => `${it} ${statSync(path.join(dir, it), { throwIfNoEntry: false })?.size}`)
      .sort()
      .join('\n');
  }

  /** Standard output and error of all processes so far. */
  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  private get logFile(): string {
    return path.join(this.dir, 'server.log');
  }

  private async awaitServing(deadline: number): Promise<void> {
    while (performance.now() < deadline) {
      if (this.child?.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`${this.subject} ended instead of serving:\n${this.log}`);
      }
      if (/^Mode: /m.test(await srvr(this.port))) return;
      await pause(5);
    }
    throw new Error(`${this.subject} did not serve in time:\n${this.log}`);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function apacheCommand(config: string): [string, string[]] {
  const install = findApache();
  if (install === undefined) {
    throw new Error(
      'Apache ZooKeeper is not installed: apt-get install zookeeper, or measure with --only zkt',
    );
  }
  const classPath = `${install.jar}:/usr/share/java/slf4j-nop.jar`;
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  return [install.java, [HEAP, '-cp', classPath, main, config]];
}

const zktCommand = (config: string, main: string): [string, string[]] => [
  process.execPath,
  [...nodeOptions(), main, 'server', '--config', config],
];

/**
 * Options of Node for the server: none, as users have it; `ZKT_BENCH_NODE_OPTIONS=--cpu-prof` profiles it.
 */
const nodeOptions = (): string[] => (process.env.ZKT_BENCH_NODE_OPTIONS ?? '').split(' ').filter(Boolean);

/** The answer to `srvr`; '' when there is none. */
function srvr(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(text));
  });
}
