/** Apache's server and zkt's behind one face, for tests that hand a data directory from one to the other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { freePort, startApache, tempDir } from './apache.ts';
import { ZKT_BIN } from './zkt.ts';

/** Which implementation. */
export type Kind = 'Apache' | 'zkt';

/** The other one. */
export const other = (kind: Kind): Kind => (kind === 'Apache' ? 'zkt' : 'Apache');

/** How to start a server. */
export interface StartOptions {
  /** The parent of `version-2`; stays when the server is removed. */
  readonly dataDir: string;
  /** Java's system properties by their full names, beside those all these servers get. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Lines of zoo.cfg, stronger than those all these servers get. */
  readonly config?: readonly string[];
}

/** A running server, in a process of its own. */
export interface TestServer {
  readonly kind: Kind;
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly dataDir: string;
  /** SIGTERM, and wait for the end. */
  stop(): Promise<void>;
  /** SIGKILL, and wait for the end. */
  kill(): Promise<void>;
  /** What it logged at level warn and above, but for what is said of every such start. */
  complaints(): string[];
}

/** A credential that may do everything on these servers. */
export const SUPER = { scheme: 'digest', auth: 'super:secret' } as const;

/**
 * What all servers of these tests are told: every kind of node, sessions that outlive the test, small logs.
 */
const PROPERTIES: Readonly<Record<string, string>> = {
  'zookeeper.extendedTypesEnabled': 'true',
  'znode.container.checkIntervalMs': '3600000',
  'zookeeper.preAllocSize': '64',
  'zookeeper.DigestAuthenticationProvider.superDigest': `super:${createHash('sha1').update(SUPER.auth).digest('base64')}`,
};
const CONFIG = ['tickTime=2000', 'maxSessionTimeout=600000', 'maxClientCnxns=0'];

/** Servers not stopped yet, for `removeAll`. */
const alive = new Set<TestServer>();

/** Starts a server and waits until it serves. Rejects with its log when it does not. */
export async function start(kind: Kind, options: StartOptions): Promise<TestServer> {
  const properties = { ...PROPERTIES, ...options.properties };
  const config = [...CONFIG, ...(options.config ?? [])];
  const server = await (kind === 'Apache' ? apache : zkt)(options.dataDir, properties, config);
  alive.add(server);
  return server;
}

/** Kills what a failed test left. */
export async function killAll(): Promise<void> {
  await Promise.all([...alive].map((server) => server.kill()));
}

/** Lines of Apache's log that say nothing about data. */
const APACHE_SAYS = new RegExp(
  [
    'running in\\s+standalone mode',
    'maxCnxns is not configured',
    'fsync-ing the write ahead log',
    // A word that is asked while it starts, as these tests do to see when it serves.
    'Error closing a command socket|NullPointerException: .*ZKDatabase.removeCnxn',
    // A snapshot between the two transactions that create the nodes of a quota.
    'Missing quota stat node',
    'Too busy to snap, skipping',
    'NIOServerCnxn - (Unexpected exception|Unable to read additional data|Close of session)',
    '^\\s+at |^\\s*$|java.io.IOException: Connection reset by peer|EndOfStreamException',
  ].join('|'),
);

type Properties = Readonly<Record<string, string>>;

async function apache(
  dataDir: string,
  properties: Properties,
  config: readonly string[],
): Promise<TestServer> {
  const server = await startApache({ dataDir, properties, config });
  const log = (): string[] => readFileSync(server.logFile, 'utf8').split('\n');
  let complaints: string[] | undefined;
  const end = async (how: () => Promise<unknown>): Promise<void> => {
    await how();
    complaints ??= log().filter((line) => !APACHE_SAYS.test(line));
    alive.delete(self);
    await server.remove();
  };
  const self: TestServer = {
    kind: 'Apache',
    port: server.port,
    address: server.address,
    dataDir,
    stop: () => end(server.stop),
    kill: () => end(server.kill),
    complaints: () => complaints ?? log().filter((line) => !APACHE_SAYS.test(line)),
  };
  return self;
}

/** Events of zkt at level warn that say nothing about data. */
const ZKT_SAYS = new Set(['log.slow-sync', 'loop.stalled', 'tree.quota-exceeded', 'config.warning']);

async function zkt(dataDir: string, properties: Properties, config: readonly string[]): Promise<TestServer> {
  const port = await freePort();
  const cwd = tempDir('zkt');
  const lines = [
    ...config,
    '4lw.commands.whitelist=*',
    ...Object.entries(properties).map((it) => it.join('=')),
  ];
  const args = ['server', '--port', String(port), '--data', dataDir, '--log-format', 'json'];
  const child = spawn(process.execPath, [ZKT_BIN, ...args, ...lines.flatMap((line) => ['-D', line])], {
    cwd,
  });
  const log = new Log(child);
  await log.until('server.serving');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await log.ended;
    alive.delete(self);
    rmSync(cwd, { recursive: true, force: true });
  };
  const self: TestServer = {
    kind: 'zkt',
    port,
    address: `127.0.0.1:${port}`,
    dataDir,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    complaints: () => log.complaints(),
  };
  return self;
}

/** Processes still running, killed with this one. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** The JSON log of a zkt server. */
class Log {
  readonly ended: Promise<number | null>;
  private text = '';

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.text += chunk;
      });
    }
    this.ended = new Promise((resolve) => child.once('close', resolve));
    children.add(child);
    child.once('close', () => children.delete(child));
  }

  /** Waits for an event. */
  async until(event: string): Promise<void> {
    let code: number | null | undefined;
    void this.ended.then((it) => {
      code = it;
    });
    while (!this.text.includes(`"${event}"`)) {
      if (code !== undefined) throw new Error(`zkt server ended with ${code}:\n${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  complaints(): string[] {
    return this.text.split('\n').filter((line) => {
      if (!line.startsWith('{')) return line !== '';
      const { level, name } = JSON.parse(line) as { level: string; name?: string };
      return (level === 'warn' || level === 'error') && !ZKT_SAYS.has(name ?? '');
    });
  }
}
