/**
 * Apache ZooKeeper as Debian packages it, for interoperability tests: servers as child processes, its
 * programs and offline tools. Install it with `apt-get install zookeeper libzookeeper-java`; where it is
 * missing {@link findApache} answers undefined and tests should skip themselves.
 *
 * Every call starts a JVM (0.5 to 1.5 seconds), so tests should share servers.
 * Output is made comparable: time zone UTC, locale en_US, UTF-8, no logging on stdout or stderr.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const JAR_DIR = '/usr/share/java';
const LOOPBACK = '127.0.0.1';
const POLL_MS = 50;

const JVM_FLAGS = [
  '-Xmx512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Duser.language=en',
  '-Duser.country=US',
  '-Duser.timezone=UTC',
  '-Dfile.encoding=UTF-8',
  '-Djava.net.preferIPv4Stack=true',
];

/** Where Apache ZooKeeper was found. */
export interface ApacheInstall {
  /** The Java launcher. */
  readonly java: string;
  /** zookeeper.jar; its manifest names everything else it needs. */
  readonly jar: string;
  /** The Debian package version, such as `3.8.0-11+deb12u2`. */
  readonly version: string;
}

/** What a finished program left behind. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
}

/** How to run a program of Apache ZooKeeper. */
export interface RunOptions {
  /** Text for standard input, which is closed after it. */
  readonly stdin?: string;
  /** JVM system properties, as `-Dname=value`. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Working directory; the tools write beside their input, so it seldom matters. */
  readonly cwd?: string;
  /** Where other classes than Apache's are. */
  readonly classPath?: string;
  /** The program is killed after this time. Default 60 000. */
  readonly timeoutMs?: number;
}

/** How to start a server. */
export interface ApacheServerOptions {
  /** Client port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /**
   * Data directory, kept by {@link ApacheServer.remove}. Default: a fresh one in the server's own directory.
   */
  readonly dataDir?: string;
  /** Lines added to zoo.cfg; `server.N` lines make it a member of an ensemble, and then `myid` is needed. */
  readonly config?: readonly string[];
  /** Written to `<dataDir>/myid`. */
  readonly myid?: number;
  /** Extra JVM system properties, such as `zookeeper.extendedTypesEnabled`. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Level of the log written to {@link ApacheServer.logFile}. Default `warn`. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Return once the process exists, without waiting until it serves (the first members of an ensemble). */
  readonly noWait?: boolean;
  /** How long to wait until it serves. Default 30 000. */
  readonly waitMs?: number;
}

/** A running Apache ZooKeeper server. */
export interface ApacheServer {
  readonly port: number;
  /** `127.0.0.1:port`, for clients. */
  readonly address: string;
  /** The server's own temporary directory: zoo.cfg, log, and the data directory unless one was given. */
  readonly dir: string;
  /** The data directory; snapshots and logs are in its `version-2`. */
  readonly dataDir: string;
  readonly configFile: string;
  /** Standard output and standard error of the process. */
  readonly logFile: string;
  readonly pid: number;
  /** Resolves with the exit code (null after a signal) when the process has ended, however it ended. */
  readonly exited: Promise<number | null>;
  /**
   * Resolves when `srvr` names a mode (in an ensemble: once it has joined); rejects if the process ends or
   * time is up.
   */
  awaitServing(waitMs?: number): Promise<void>;
  /** SIGTERM, and wait for the end. */
  stop(): Promise<number | null>;
  /** SIGKILL, and wait for the end: what a power cut leaves in the page cache stays. */
  kill(): Promise<void>;
  /** Kills the process if need be and removes {@link dir}. A data directory given by the caller stays. */
  remove(): Promise<void>;
}

let found: ApacheInstall | null | undefined;

/**
 * Finds the Debian installation. Undefined where there is none, and the tests skip themselves; with
 * `ZKT_INTEROP_STRICT` set, as `.ci/run` does, that is an error. The answer is remembered.
 */
export function findApache(): ApacheInstall | undefined {
  if (found === undefined) found = lookForApache();
  if (found === null && process.env.ZKT_INTEROP_STRICT !== undefined) requireApache();
  return found ?? undefined;
}

function lookForApache(): ApacheInstall | null {
  const jar = join(JAR_DIR, 'zookeeper.jar');
  if (!existsSync(jar) || spawnSync('java', ['-version']).status !== 0) return null;
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Version}', 'libzookeeper-java'], {
    encoding: 'utf8',
  });
  return { java: 'java', jar, version: query.status === 0 ? query.stdout.trim() : 'unknown' };
}

function requireApache(): ApacheInstall {
  const install = found ?? lookForApache();
  if (install === null) throw new Error('Apache ZooKeeper is not installed: apt-get install zookeeper');
  return install;
}

/**
 * A port that was free a moment ago on 127.0.0.1. It lies below the range from which the kernel picks (32768
 * up on Linux): there, another process could be given it before the server binds it, and a client that polls
 * it too early could even be connected to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}

/** A fresh temporary directory with a telling name. */
export function tempDir(name: string): string {
  return mkdtempSync(join(tmpdir(), `zkt-${name}-`));
}

/** Sends a four-letter word to a port on 127.0.0.1 and returns the whole reply. */
export function fourLetterWord(port: number, word: string, timeoutMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, LOOPBACK, () => socket.write(word));
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`${word}: no reply in ${timeoutMs} ms`)));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}

/** Arguments for the Java launcher: flags, properties, class path with one logging back end, main class. */
function javaArgs(
  install: ApacheInstall,
  mainClass: string,
  properties: Readonly<Record<string, string>>,
  logging: 'nop' | 'simple',
  more?: string,
): string[] {
  const defines = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
  // zookeeper.jar's manifest forgets the last one, without which there is no admin server.
  const own = [install.jar, join(JAR_DIR, `slf4j-${logging}.jar`), join(JAR_DIR, 'servlet-api.jar')];
  const jars = [...own, ...(more === undefined ? [] : [more])];
  return [...JVM_FLAGS, ...defines, '-cp', jars.join(':'), mainClass];
}

const environment = { ...process.env, TZ: 'UTC', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };

/** Runs any main class of the installation to its end. A non-zero exit code is a result, not an error. */
export function runApache(
  mainClass: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const java = javaArgs(requireApache(), mainClass, options.properties ?? {}, 'nop', options.classPath);
  return new Promise((resolve, reject) => {
    const child = spawn(requireApache().java, [...java, ...args], { cwd: options.cwd, env: environment });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        code,
      });
    });
    child.stdin.on('error', () => {}); // a program that ends early breaks the pipe, which is its right
    child.stdin.end(options.stdin ?? '');
  });
}

/** TxnLogToolkit: dump (`[file]`), recover (`['-r', '-y', file]`), chop (`['-c', '-z', zxid, file]`). */
export function txnLogToolkit(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runApache('org.apache.zookeeper.server.persistence.TxnLogToolkit', args, options);
}

/** SnapshotFormatter: `[file]`, `['-d', file]` or `['-json', file]`. */
export function snapshotFormatter(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runApache('org.apache.zookeeper.server.SnapshotFormatter', args, options);
}

/**
 * SnapshotComparer: `['-l', left, '-r', right, '-b', bytes, '-n', nodes]`, `-d` for details, `-i` to be
 * asked.
 */
export function snapshotComparer(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runApache('org.apache.zookeeper.server.SnapshotComparer', args, options);
}

/** PurgeTxnLog: `[dataLogDir, snapDir, '-n', count]`. */
export function purgeTxnLog(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runApache('org.apache.zookeeper.server.PurgeTxnLog', args, options);
}

/** Children still running, killed when this process ends so that a failed test leaves no JVM behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a server on 127.0.0.1 and waits until it serves. All four-letter words are allowed, the admin server
 * is off, logs are preallocated in steps of 64 KiB.
 */
export async function startApache(options: ApacheServerOptions = {}): Promise<ApacheServer> {
  const install = requireApache();
  const port = options.port ?? (await freePort());
  const dir = tempDir('apache');
  const dataDir = options.dataDir ?? join(dir, 'data');
  const configFile = join(dir, 'zoo.cfg');
  const logFile = join(dir, 'server.log');
  mkdirSync(dataDir, { recursive: true });
  if (options.myid !== undefined) writeFileSync(join(dataDir, 'myid'), String(options.myid));
  writeFileSync(configFile, `${[...baseConfig(port, dataDir), ...(options.config ?? [])].join('\n')}\n`);

  const properties = {
    'zookeeper.preAllocSize': '64',
    'org.slf4j.simpleLogger.defaultLogLevel': options.logLevel ?? 'warn',
    ...options.properties,
  };
  const args = javaArgs(install, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', properties, 'simple');
  const log = openSync(logFile, 'a');
  const child = spawn(install.java, [...args, configFile], { stdio: ['ignore', log, log], env: environment });
  closeSync(log);
  running.add(child);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      running.delete(child);
      resolve(code);
    });
  });

  const server = handle({ port, dir, dataDir, configFile, logFile, child, exited });
  if (options.noWait !== true) {
    try {
      await server.awaitServing(options.waitMs);
    } catch (error) {
      await server.kill();
      throw error;
    }
  }
  return server;
}

/** The command line of a small server with this configuration; it logs what happens to stderr. */
export function apacheServerCommand(
  properties: Readonly<Record<string, string>>,
  configFile: string,
): string[] {
  const all = { 'org.slf4j.simpleLogger.defaultLogLevel': 'info', ...properties };
  const install = requireApache();
  const args = javaArgs(install, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', all, 'simple');
  return [install.java, '-Xms64m', ...args, configFile];
}

function baseConfig(port: number, dataDir: string): string[] {
  return [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${dataDir}`,
    `clientPort=${port}`,
    `clientPortAddress=${LOOPBACK}`,
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
  ];
}

interface Started {
  readonly port: number;
  readonly dir: string;
  readonly dataDir: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
}

function handle(started: Started): ApacheServer {
  const { port, dir, dataDir, configFile, logFile, child, exited } = started;
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    child.kill(signal);
    return await exited;
  };
  return {
    port,
    address: `${LOOPBACK}:${port}`,
    dir,
    dataDir,
    configFile,
    logFile,
    pid: child.pid ?? -1,
    exited,
    awaitServing: (waitMs = 30_000) => awaitServing(port, waitMs, child, logFile),
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
    remove: async () => {
      await end('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function awaitServing(
  port: number,
  waitMs: number,
  child: ChildProcess,
  logFile: string,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        `Apache ZooKeeper ended with code ${child.exitCode}:\n${readFileSync(logFile, 'utf8')}`,
      );
    }
    // Asked too early, it may never answer, and keeps the connection.
    const reply = await fourLetterWord(port, 'srvr', 500).catch(() => '');
    if (/^Mode: /m.test(reply)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`Apache ZooKeeper did not serve within ${waitMs} ms:\n${readFileSync(logFile, 'utf8')}`);
}
