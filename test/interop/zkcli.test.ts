/**
 * The same script through Apache's zkCli and through `zkt shell`, each against Apache's server and against
 * zkt's: what every command prints, on which stream, is the same but for times, zxids, session ids and the
 * version.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApacheServer, findApache, startApache } from './apache.ts';
import { CommandFeed, type Printed } from './command-feed.ts';
import { startZkt, ZKT_BIN, type ZktServer } from './zkt.ts';

const PROPERTIES = {
  'zookeeper.extendedTypesEnabled': 'true',
  'zookeeper.enforceQuota': 'true',
  'znode.container.checkIntervalMs': '3600000',
};
const FIXTURE = path.join(import.meta.dirname, '..', '..', 'fixtures', 'zkcli', 'script.txt');
const EXTRA = path.join(import.meta.dirname, 'zkcli-extra.txt');
/** The port the fixture's script connects to. */
const SCRIPT_PORT = '21810';

/** What zkt has beyond 3.8: `get -b` and `-x` are of 3.9, `rmr` is of 3.5 and was gone in between. */
const BEYOND = /^(get .*-[bx] .*|rmr .*)$/;

const lines = (file: string): string[] => readFileSync(file, 'utf8').replace(/\n$/, '').split('\n');
const script = [...lines(EXTRA), ...lines(FIXTURE)].filter((line) => !BEYOND.test(line));
const JAVA = [
  '-Xmx256m',
  '-XX:TieredStopAtLevel=1',
  '-Duser.language=en',
  '-Duser.country=US',
  '-Dfile.encoding=UTF-8',
];
const CLASS_PATH = '/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-nop.jar';
const ENV = {
  TZ: 'UTC',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  XDG_STATE_HOME: '/nonexistent',
  XDG_CONFIG_HOME: '/nonexistent',
};

const zkCli = (address: string) =>
  new CommandFeed(
    'java',
    [
      ...JAVA,
      '-cp',
      CLASS_PATH,
      'org.apache.zookeeper.ZooKeeperMain',
      '-waitforconnection',
      '-server',
      address,
    ],
    ENV,
  );
const zktShell = (address: string) =>
  new CommandFeed(process.execPath, [ZKT_BIN, 'shell', '-waitforconnection', '-server', address], ENV);

interface Transcript {
  readonly printed: readonly Printed[];
  readonly code: number | null;
}

async function transcript(feed: CommandFeed, port: number): Promise<Transcript> {
  try {
    const printed = [await feed.banner()];
    for (const line of script) {
      printed.push(await feed.send(line.replaceAll(SCRIPT_PORT, String(port))));
      if (line === 'quit') break;
    }
    return { printed: printed.map((it) => comparable(it, port)), code: await feed.end() };
  } finally {
    feed.kill();
  }
}

const neutral = (text: string, port: number): string =>
  text
    .replaceAll(String(port), 'PORT')
    .replace(/^([cmp]Zxid|ephemeralOwner) = 0x[0-9a-f]+$/gm, '$1 = 0xN')
    .replace(/^([cm]time) = .*$/gm, '$1 = T')
    .replace(/^(ZooKeeper CLI version: ).*$/gm, '$1V');

/** A server may list identities in any order. */
const sortedLines = (text: string): string => text.split('\n').sort().join('\n');

/** zkCli's `connect` does not wait: a `close` right behind it may come before there is a connection. */
const early = (command: string, out: string): string =>
  command === 'close' ? out.replace('Not connected\n', '') : out;

const comparable = ({ command, out, events, err }: Printed, port: number): Printed => ({
  command: neutral(command, port),
  out: command === 'whoami' ? sortedLines(out) : early(command, neutral(out, port)),
  // The end of one connection and the beginning of the next are told by two threads of zkCli.
  events: command.startsWith('connect ') ? [...events].sort() : events,
  // Which of several unreadable nodes is met first depends on the order a server lists children in, which is
  // its own.
  err: command === 'deleteall /' ? err.replace(/(?<=permission : ).*/, 'P') : neutral(err, port),
});

describe.skipIf(findApache() === undefined)('a script through both shells', () => {
  let apache: ApacheServer[] = [];
  let zkt: ZktServer[] = [];
  const servers = () => [...apache, ...zkt];
  let reference: Transcript;

  beforeAll(async () => {
    apache = await Promise.all([1, 2].map(() => startApache({ properties: PROPERTIES })));
    const whitelist = { '4lw.commands.whitelist': '*' };
    zkt = await Promise.all([1, 2].map(() => startZkt({ ...PROPERTIES, ...whitelist })));
    const [server] = apache;
    if (server === undefined) throw new Error('no server');
    reference = await transcript(zkCli(server.address), server.port);
  }, 300_000);

  afterAll(async () => {
    await Promise.all(servers().map((server) => server.remove()));
  });

  test('the reference is the whole script', () => {
    expect(script.length).toBeGreaterThan(400);
    expect(reference.printed.length).toBe(script.indexOf('quit') + 2);
  });

  test.each([
    ['zkt shell on Apache', () => [apache[1], zktShell] as const],
    ['zkCli on zkt', () => [zkt[0], zkCli] as const],
    ['zkt shell on zkt', () => [zkt[1], zktShell] as const],
  ])(
    '%s prints what zkCli prints on Apache',
    async (_, where) => {
      const [server, shell] = where();
      if (server === undefined) throw new Error('no server');
      const { printed, code } = await transcript(shell(server.address), server.port);
      const wrong = printed.filter((it, i) => !isDeepStrictEqual(it, reference.printed[i]));
      const wanted = wrong.map((it) => reference.printed[printed.indexOf(it)]);
      expect(wrong).toEqual(wanted);
      expect(printed.length).toBe(reference.printed.length);
      expect(code).toBe(reference.code);
    },
    300_000,
  );
});
