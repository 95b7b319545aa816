/** One server of an ensemble, Apache's or zkt's, as a process of its own on a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect as dial } from 'node:net';
import path from 'node:path';
import { apacheServerCommand } from './apache.ts';
import { type Kind, SUPER } from './servers.ts';
import { ZKT_BIN } from './zkt.ts';

/** What a server says it is: the `Mode:` of `srvr`; undefined while it serves nobody. */
export type Mode = 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only';
/** How a learner was brought up to date. */
export type SyncKind = 'DIFF' | 'TRUNC' | 'SNAP';

/** Where a member is and what it is told. */
export interface MemberOptions {
  readonly sid: number;
  readonly kind: Kind;
  readonly role: 'participant' | 'observer';
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly clientPort: number;
  /** The member's own directory: zoo.cfg, log, `data`. */
  readonly dir: string;
  /** Words before the command, such as `ip netns exec NAME`. */
  readonly within?: readonly string[];
}

/** What all members are told. */
export interface SharedOptions {
  /** More lines of zoo.cfg, stronger than those of {@link zooCfg}. */
  readonly config?: readonly string[];
  /** Java's system properties by their full names. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Allow reconfig; the members are then in a dynamic file. */
  readonly reconfig?: boolean;
}

const PROPERTIES: Readonly<Record<string, string>> = {
  'zookeeper.extendedTypesEnabled': 'true',
  'znode.container.checkIntervalMs': '3600000',
  'zookeeper.preAllocSize': '64',
  'zookeeper.DigestAuthenticationProvider.superDigest': `super:${createHash('sha1').update(SUPER.auth).digest('base64')}`,
};
/** Processes still running, killed when this one ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** See the head of the file. Its kind may change between two lives. */
export class Member {
  readonly options: MemberOptions;
  kind: Kind;
  /** Lives so far. */
  lives = 0;
  private readonly shared: SharedOptions;
  private child: ChildProcess | undefined;
  private gone: Promise<void> = Promise.resolve();
  private wanted = true;
  /** Where the log of the present life begins, bytes. */
  private lifeBegins = 0;

  constructor(options: MemberOptions, shared: SharedOptions) {
    this.options = options;
    this.kind = options.kind;
    this.shared = shared;
    mkdirSync(this.dataDir, { recursive: true });
    writeFileSync(path.join(this.dataDir, 'myid'), String(options.sid));
  }

  get sid(): number {
    return this.options.sid;
  }
  /** `host:port`, for clients. */
  get address(): string {
    return `${this.options.host}:${this.options.clientPort}`;
  }
  get dataDir(): string {
    return path.join(this.options.dir, 'data');
  }
  /** Where logs, snapshots and epoch files are. */
  get filesDir(): string {
    return path.join(this.dataDir, 'version-2');
  }
  get running(): boolean {
    return this.child !== undefined;
  }
  get pid(): number {
    return this.child?.pid ?? -1;
  }
  /** Its line of the configuration. */
  get line(): string {
    const { sid, host, quorumPort, electionPort, role, clientPort } = this.options;
    return `server.${sid}=${host}:${quorumPort}:${electionPort}:${role};${host}:${clientPort}`;
  }

  /** Writes its configuration: these are the members. What reconfig wrote is forgotten. */
  configure(members: readonly string[]): void {
    const { dir } = this.options;
    const dynamic = path.join(dir, 'zoo.cfg.dynamic');
    const lines = zooCfg(this.dataDir, this.options.role, this.shared.config ?? []);
    if (this.shared.reconfig === true) {
      writeFileSync(dynamic, `${members.join('\n')}\n`);
      lines.push('reconfigEnabled=true', `dynamicConfigFile=${dynamic}`);
    } else lines.push(...members);
    writeFileSync(path.join(dir, 'zoo.cfg'), `${lines.join('\n')}\n`);
  }

  /** Starts the process; it serves later. */
  start(): void {
    if (this.child !== undefined) throw new Error(`server ${this.sid} runs already`);
    this.lives++;
    this.lifeBegins = existsSync(this.logFile) ? statSync(this.logFile).size : 0;
    this.wanted = true;
    const [command, ...args] = [...(this.options.within ?? []), ...this.command()] as [string, ...string[]];
    const log = openSync(this.logFile, 'a');
    const child = spawn(command, args, { cwd: this.options.dir, stdio: ['ignore', log, log] });
    closeSync(log);
    running.add(child);
    this.child = child;
    this.gone = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => {
        running.delete(child);
        if (this.child === child) this.child = undefined;
        resolve();
      });
    });
  }

  private command(): string[] {
    const config = path.join(this.options.dir, 'zoo.cfg');
    const properties = { ...PROPERTIES, ...this.shared.properties };
    if (this.kind === 'Apache') return apacheServerCommand(properties, config);
    const defines = Object.entries(properties).flatMap((it) => ['-D', it.join('=')]);
    const logging = ['--log-format', 'json', '--log-level', process.env.ZKT_LOG_LEVEL ?? 'info'];
    return [process.execPath, ZKT_BIN, 'server', '--config', config, ...logging, ...defines];
  }

  /** Ends the process and waits for it. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.wanted = false;
    this.child?.kill(signal);
    await this.gone;
  }

  /** SIGSTOP and SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  /** Resolves when the process has ended, however it ended. */
  get exited(): Promise<void> {
    return this.gone;
  }

  /** True when it ended though nobody ended it. */
  get crashed(): boolean {
    return this.wanted && this.lives > 0 && this.child === undefined;
  }

  /** Empties the data directory, but for `myid`. */
  wipe(): void {
    rmSync(this.filesDir, { recursive: true, force: true });
  }

  get logFile(): string {
    return path.join(this.options.dir, `server.log`);
  }
  /** All it said so far, in all its lives. */
  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  /** A four-letter word; empty when there is no answer. */
  word(word: string, timeoutMs = 1000): Promise<string> {
    return new Promise((resolve) => {
      let reply = '';
      const { host, clientPort } = this.options;
      const socket = dial(clientPort, host, () => socket.write(word));
      socket.setTimeout(timeoutMs, () => socket.destroy());
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        reply += chunk;
      });
      socket.once('error', () => {});
      socket.once('close', () => resolve(reply));
    });
  }

  /** What it is to its clients. */
  async mode(): Promise<Mode | undefined> {
    if (this.child === undefined) return undefined;
    return /^Mode: (\S+)$/m.exec(await this.word('srvr'))?.[1] as Mode | undefined;
  }

  /**
   * How it was brought up to date as a learner, each time (or in its present life only), as its own log
   * tells, and to which zxid.
   */
  syncs(now = false): { how: SyncKind; zxid: bigint }[] {
    const found: { how: SyncKind; zxid: bigint }[] = [];
    const log = now ? readFileSync(this.logFile).toString('utf8', this.lifeBegins) : this.log();
    for (const line of log.split('\n')) {
      const sync = line.startsWith('{') ? zktSync(line) : apacheSync(line);
      if (sync !== undefined) found.push(sync);
    }
    return found;
  }
}

const APACHE_SYNCS: readonly [SyncKind, RegExp][] = [
  ['DIFF', /Getting a diff from the leader 0x([0-9a-f]+)/],
  ['TRUNC', /Truncating log to get in sync with the leader 0x([0-9a-f]+)/],
  ['SNAP', /Getting a snapshot from leader 0x([0-9a-f]+)/],
];

function apacheSync(line: string): { how: SyncKind; zxid: bigint } | undefined {
  for (const [how, pattern] of APACHE_SYNCS) {
    const zxid = pattern.exec(line)?.[1];
    if (zxid !== undefined) return { how, zxid: BigInt(`0x${zxid}`) };
  }
  return undefined;
}

function zktSync(line: string): { how: SyncKind; zxid: bigint } | undefined {
  if (!line.includes('"zab.sync-started"')) return undefined;
  const { way, zxid } = JSON.parse(line) as { way: SyncKind; zxid: string };
  return { how: way, zxid: BigInt(zxid) };
}

/** The static part of a member's configuration. */
function zooCfg(dataDir: string, role: string, more: readonly string[]): string[] {
  return [
    'tickTime=500',
    'initLimit=20',
    'syncLimit=6',
    `dataDir=${dataDir}`,
    'admin.enableServer=false',
    'standaloneEnabled=false',
    // Who was cut off asks again soon; a minute is the default.
    'fastleader.maxNotificationInterval=1000',
    'maxSessionTimeout=600000',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=*',
    ...(role === 'observer' ? ['peerType=observer'] : []),
    ...more,
  ];
}
