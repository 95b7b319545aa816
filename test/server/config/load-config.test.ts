import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZktError } from '../../../src/base/errors.ts';
import { KEYS, keySpec } from '../../../src/server/config/keys.ts';
import { dynamicVersion, type LoadOptions, loadConfig } from '../../../src/server/config/load-config.ts';
import type { ServerConfig } from '../../../src/server/config/server-config.ts';
import type { ClientPortOptions } from '../../../src/server/net/client-service.ts';
import { textDisk } from './memory-disk.ts';

const MINIMAL = 'dataDir=/data\nclientPort=2181\nclientPortAddress=127.0.0.1\n';

/** The configuration of a zoo.cfg (`MINIMAL` and the given lines), `-D` texts and options. */
const load = (text = '', options: LoadOptions = {}, more: Record<string, string> = {}): ServerConfig =>
  loadConfig(textDisk({ 'zoo.cfg': MINIMAL + text, ...more }), options);

/** The message of the error that loading ends with. */
const errorOf = (run: () => unknown): string => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ZktError) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  return 'no error';
};

describe('without a configuration', () => {
  const bare = (options: LoadOptions = {}): ServerConfig => loadConfig(textDisk({}), options);

  test('a standalone server on loopback', () => {
    const config = bare();
    expect(config.client).toMatchObject({ host: '127.0.0.1', port: 2181, connectionsMax: 10_000 });
    expect(config.storage).toMatchObject({
      dataDir: './zkt-data',
      dataLogDir: './zkt-data',
      forceSync: true,
    });
    expect(config.session).toMatchObject({ tickTimeMs: 3000, timeoutMinMs: 6000, timeoutMaxMs: 60_000 });
    expect(config.quorum.membership).toBeUndefined();
    expect(config.warnings).toEqual([]);
  });

  test('--id is a member of a local ensemble of three', () => {
    const config = bare({ id: 2 });
    expect(config.serverId).toBe(2);
    expect(config.client).toMatchObject({ host: '127.0.0.1', port: 2182 });
    expect(config.storage.dataDir).toBe('./zkt-data/2');
    expect(config.quorum.membership?.members.map((m) => [m.id, m.addresses[0], m.client])).toEqual(
      [1, 2, 3].map((id) => [
        id,
        { host: '127.0.0.1', quorumPort: 2887 + id, electionPort: 3887 + id },
        { host: '127.0.0.1', port: 2180 + id },
      ]),
    );
    expect(errorOf(() => bare({ id: 4 }))).toMatch(/^ZKT_USAGE --id is 1, 2 or 3 where no configuration/);
  });

  test('usual places are tried in order', () => {
    const config = loadConfig(textDisk({ 'conf/zoo.cfg': MINIMAL }), {});
    expect(config.file).toBe('conf/zoo.cfg');
    expect(load().file).toBe('zoo.cfg');
  });
});

describe('keys', () => {
  test('every key takes its default and rejects what is none of its kind', () => {
    for (const [name, spec] of Object.entries(KEYS)) {
      const { kind } = spec as {
        kind: { fallback: unknown; parse: (t: string) => unknown; expected: string };
      };
      if (typeof kind.fallback === 'number') {
        expect(kind.parse('12x'), name).toBeUndefined();
        expect(kind.parse(''), name).toBeUndefined();
        expect(kind.parse('99999999999999999999'), name).toBeUndefined();
      }
      if (typeof kind.fallback === 'boolean') expect(kind.parse('maybe'), name).toBeUndefined();
      expect(kind.expected.length, name).toBeGreaterThan(0);
    }
    expect(keySpec('constructor')).toBeUndefined();
    expect(keySpec('__proto__')).toBeUndefined();
  });

  test.each<[string, (c: ServerConfig) => unknown, unknown]>([
    ['tickTime=2000', (c) => [c.session.timeoutMinMs, c.session.timeoutMaxMs], [4000, 40_000]],
    [
      'minSessionTimeout=1\nmaxSessionTimeout=9',
      (c) => [c.session.timeoutMinMs, c.session.timeoutMaxMs],
      [1, 9],
    ],
    ['dataLogDir=/log', (c) => [c.storage.dataDir, c.storage.dataLogDir], ['/data', '/log']],
    ['maxClientCnxns=0', (c) => c.client.connectionsPerAddressMax, 0],
    ['clientPortListenBacklog=7', (c) => c.client.backlog, 7],
    ['clientPortListenBacklog=-1', (c) => c.client.backlog, undefined],
    ['clientPortAddress=[::1]', (c) => c.client.host, '::1'],
    [
      'snapCount=500\npreAllocSize=100',
      (c) => [c.storage.snapCount, c.storage.preallocBytes],
      [500, 102_400],
    ],
    ['txnLogSizeLimitInKb=10', (c) => c.storage.logSizeBytesMax, 10_240],
    ['forceSync=no', (c) => c.storage.forceSync, false],
    ['skipACL=YES', (c) => c.security.skipAcl, true],
    ['snapshot.compression.method=gz', (c) => c.storage.snapshotCompression, 'gzip'],
    ['autopurge.snapRetainCount=1', (c) => c.storage.purgeRetainCount, 3],
    ['4lw.commands.whitelist=stat, ruok ,', (c) => [...c.client.allowedWords], ['stat', 'ruok']],
    [
      'enforce.auth.enabled=TRUE\nenforce.auth.schemes=digest,ip',
      (c) => c.security.enforceAuthSchemes,
      ['digest', 'ip'],
    ],
    [
      'globalOutstandingLimit=50\nrequest_throttle_max_requests=20',
      (c) => c.client.outstandingRequestsMax,
      20,
    ],
    [
      'globalOutstandingLimit=0\nrequest_throttle_max_requests=20',
      (c) => c.client.outstandingRequestsMax,
      20,
    ],
    ['tickTime=1\ntickTime=2', (c) => c.session.tickTimeMs, 2],
    ['server.1=a:2888:3888', (c) => c.quorum.membership, undefined],
  ])('%s', (text, pick, expected) => {
    expect(pick(load(text))).toEqual(expected);
  });

  test('enforcing nothing is an empty list, and SASL is a scheme that may be enforced', () => {
    expect(load('enforce.auth.schemes=digest').security).toMatchObject({
      enforceAuth: false,
      enforceAuthSchemes: [],
    });
    expect(load('sessionRequireClientSASLAuth=true').security).toMatchObject({
      enforceAuth: true,
      enforceAuthSchemes: ['sasl'],
    });
  });

  test('the client part is what the client port takes', () => {
    const options: ClientPortOptions = load().client;
    expect(options.port).toBe(2181);
  });
});

describe('-D', () => {
  const define = (...definitions: string[]): ServerConfig =>
    load('snapCount=7\ntickTime=1000', { definitions });

  test.each<[string, (c: ServerConfig) => unknown, unknown]>([
    ['zookeeper.snapCount=9', (c) => c.storage.snapCount, 9],
    ['snapCount=9', (c) => c.storage.snapCount, 9],
    ['tickTime=500', (c) => c.session.tickTimeMs, 500],
    ['jute.maxbuffer=2000', (c) => c.client.frameBytesMax, 2000],
    [
      'readonlymode.enabled=true',
      (c) => [c.quorum.readOnlyMode, [...c.client.allowedWords]],
      [true, ['srvr', 'isro']],
    ],
    ['znode.container.checkIntervalMs=10', (c) => c.tree.containerCheckIntervalMs, 10],
    [
      'zookeeper.ssl.keyStore.password=x=y',
      (c) => c.properties.get('zookeeper.ssl.keyStore.password'),
      'x=y',
    ],
  ])('%s', (text, pick, expected) => {
    expect(pick(define(text))).toEqual(expected);
  });

  test.each([
    ['zookeeper.tickTime=5', /write tickTime/],
    ['zookeeper.nonsense=5', /unknown key/],
    ['nonsense=5', /unknown key/],
    ['zookeeper.jute.maxbuffer=5', /write jute\.maxbuffer/],
  ])('%s is a warning', (text, message) => {
    const config = define(text);
    expect(config.warnings.map((w) => `${w.file}:${w.line} ${w.message}`).join()).toMatch(message);
    expect(config.session.tickTimeMs).toBe(1000);
    expect(config.client.frameBytesMax).toBe(0xfffff);
  });

  test('without an equals sign is a usage error', () => {
    expect(errorOf(() => define('snapCount'))).toMatch(/^ZKT_USAGE/);
  });

  test('options are stronger', () => {
    const config = load('', { dataDir: '/other', port: 0, definitions: ['dataDir=/x', 'clientPort=5'] });
    expect([config.storage.dataDir, config.client.port]).toEqual(['/other', 0]);
  });
});

describe('wrong lines are named', () => {
  test.each([
    ['tickTime=fast', 'ZKT_CONFIG_LINE zoo.cfg:4: tickTime=fast: expected a whole number from 1 on'],
    [
      '\n# x\nclientPort=70000',
      'ZKT_CONFIG_LINE zoo.cfg:6: clientPort=70000: expected a whole number from 0 to 65535',
    ],
    ['standaloneEnabled=yes', 'ZKT_CONFIG_LINE zoo.cfg:4: standaloneEnabled=yes: expected true or false'],
    ['forceSync=false', 'ZKT_CONFIG_LINE zoo.cfg:4: forceSync=false: expected yes or no'],
    ['electionAlg=0', 'ZKT_CONFIG_LINE zoo.cfg:4: electionAlg=0: expected a whole number from 3 to 3'],
    ['server.1=host', /zoo\.cfg:4: server\.1=host: expected host:quorumPort:electionPort/],
    ['server.x=a:1:2', /expected a number after server\./],
    ['server.1=a:5:5', /server\.1=a:5:5: expected/],
    ['server.1=a:1:2:king', /expected host:quorumPort/],
    ['server.1=a:1:2:observer', /at least one participant/],
    [
      'minSessionTimeout=9\nmaxSessionTimeout=8',
      /zoo\.cfg:4: minSessionTimeout=9: expected minSessionTimeout \(9\) no larger/,
    ],
    ['a=\\u00', /ZKT_CONFIG_LINE zoo\.cfg:4: .*Java properties syntax/],
    ['secureClientPort=2281', /ZKT_UNSUPPORTED secureClientPort/],
    ['server.1=a:1:2\nserver.2=b:1:2', /ZKT_CONFIG_MISSING zoo\.cfg: initLimit is missing/],
  ])('%j', (text, expected) => {
    const message = errorOf(() => load(text));
    if (typeof expected === 'string') expect(message).toBe(expected);
    else expect(message).toMatch(expected);
  });

  test('a secret is not repeated', () => {
    const spec = 'DigestAuthenticationProvider.superDigest=hush\\u12';
    expect(errorOf(() => load(spec))).not.toMatch(/hush/);
  });

  test.each([
    ['clientPort=1', 'dataDir is missing'],
    ['dataDir=/d', 'clientPort is missing'],
  ])('a file with only %s', (text, expected) => {
    expect(errorOf(() => loadConfig(textDisk({ 'zoo.cfg': text }), {}))).toContain(expected);
  });

  test('a file that is not there', () => {
    expect(errorOf(() => loadConfig(textDisk({}), { file: 'gone.cfg' }))).toMatch(
      /^ZKT_CONFIG_UNREADABLE .*gone/,
    );
  });
});

describe('warnings', () => {
  const messages = (text: string): string[] => load(text).warnings.map((w) => `${w.line} ${w.message}`);

  test.each([
    ['nosuch=1', ['4 unknown key nosuch']],
    ['ticktime=1', ['4 unknown key ticktime; did you mean tickTime?']],
    ['admin.enableServer=true', []],
    ['admin.forceHttps=true', ['4 admin.forceHttps has no effect in this release']],
    ['jvm.pause.monitor=true', ['4 jvm.pause.monitor means nothing here: zkt is built another way']],
    ['ssl.quorum.trustStore.location=/x', ['4 ssl.quorum.trustStore.location has no effect in this release']],
    ['authProvider.1=org.Example', []],
    [
      'jute.maxbuffer=9',
      ['4 jute.maxbuffer is not read from a file (as in Apache ZooKeeper); give it as -D jute.maxbuffer=9'],
    ],
    ['tickTime=1\ntickTime=2', ['5 tickTime was already given in line 4; this line counts']],
  ])('%j', (text, expected) => {
    expect(messages(text)).toEqual(expected);
  });

  test('loopback is said where the file names no address', () => {
    const config = loadConfig(textDisk({ 'zoo.cfg': 'dataDir=/d\nclientPort=2181' }), {});
    expect(config.client.host).toBe('127.0.0.1');
    expect(config.warnings.map((w) => w.message).join()).toMatch(/on 127\.0\.0\.1 only/);
  });
});

describe('ensembles', () => {
  const ENSEMBLE =
    'initLimit=10\nsyncLimit=5\nserver.1=h1:2888:3888\nserver.2=[fe80::2]:2888:3888:OBSERVER;[::]:2182\nserver.3=h3:1:2:participant;127.0.0.1:2181\n';

  test('members, roles and client addresses', () => {
    const { quorum, serverId, client } = load(ENSEMBLE, {}, { '/data/myid': ' 3\n' });
    expect(serverId).toBe(3);
    expect(quorum.membership?.members).toEqual([
      {
        id: 1,
        addresses: [{ host: 'h1', quorumPort: 2888, electionPort: 3888 }],
        role: 'participant',
        client: undefined,
      },
      {
        id: 2,
        addresses: [{ host: 'fe80::2', quorumPort: 2888, electionPort: 3888 }],
        role: 'observer',
        client: { host: '::', port: 2182 },
      },
      {
        id: 3,
        addresses: [{ host: 'h3', quorumPort: 1, electionPort: 2 }],
        role: 'participant',
        client: { host: '127.0.0.1', port: 2181 },
      },
    ]);
    expect(client.port).toBe(2181);
  });

  test.each([
    ['', {}, 'myid is missing'],
    ['', { '/data/myid': 'one' }, 'myid=one: expected a server id'],
    ['', { '/data/myid': 'one' }, '/data/myid:1: '],
    ['', { '/data/myid': '9' }, 'server 9 is not in the configuration, which has 1, 2, 3'],
    ['group.1=1:2', { '/data/myid': '1' }, 'server.3'],
    ['group.1=1:3\ngroup.2=3', { '/data/myid': '1' }, 'server 3 in one group only'],
    ['group.1=1:3:7', { '/data/myid': '1' }, 'servers that have a server.7 line'],
    ['weight.8=1', { '/data/myid': '1' }, 'a server that has a server.8 line'],
    ['server.4=a:1:2|b:1:2', { '/data/myid': '1' }, 'expected host:quorumPort'],
  ])('%j with %j', (text, more, expected) => {
    expect(errorOf(() => load(ENSEMBLE + text, {}, more as Record<string, string>))).toContain(expected);
  });

  test.each<[string, string, RegExp]>([
    [
      'the key for the port',
      'clientPort=2199',
      /zoo\.cfg:\d+: clientPort=2199: expected what server\.3 says/,
    ],
    ['the key for the address', 'clientPortAddress=10.0.0.9', /clientPortAddress=10\.0\.0\.9: expected what/],
    ['TLS', 'sslQuorum=true', /^ZKT_UNSUPPORTED sslQuorum=true \(TLS between servers\)/],
    ['TLS on one port', 'portUnification=true', /^ZKT_UNSUPPORTED portUnification/],
    ['SASL', 'quorum.auth.enableSasl=true', /^ZKT_UNSUPPORTED quorum\.auth\.enableSasl=true \(SASL/],
    ['SASL of learners', 'quorum.auth.learnerRequireSasl=true', /^ZKT_UNSUPPORTED/],
    ['no initLimit', 'initLimit=0', /initLimit is missing/],
    ['no syncLimit', 'syncLimit=0', /syncLimit is missing/],
    ['weights without groups', 'weight.1=2', /weight\.1=2: expected group\.G lines/],
    ['two places for the members', 'dynamicConfigFile=/d', /in one place: they are in the dynamicConfigFile/],
    ['a secret that is none', 'zkt.sessionSecretFile=/short', /at least 16 random bytes/],
    ['a secret that is not there', 'zkt.sessionSecretFile=/gone', /^ZKT_CONFIG_UNREADABLE .*\/gone/],
  ])('contradictions and what cannot be kept: %s', (_name, text, expected) => {
    const files = { '/d': 'server.3=h3:1:2;127.0.0.1:2181', '/short': 'x' };
    expect(errorOf(() => load(ENSEMBLE + text, { id: 3 }, files))).toMatch(expected);
  });

  test("--id may not contradict myid: the directory is another member's", () => {
    expect(errorOf(() => load(ENSEMBLE, { id: 3 }, { '/data/myid': '1' }))).toMatch(
      /^ZKT_CONFIG_LINE \/data\/myid:1: myid=1: expected 3, as --id says/,
    );
    expect(load(ENSEMBLE, { id: 3 }, { '/data/myid': '3' }).serverId).toBe(3);
  });

  test('--port may not contradict the list either', () => {
    expect(errorOf(() => load(ENSEMBLE, { id: 3, port: 1 }))).toMatch(/^ZKT_USAGE --port 1: expected what/);
    expect(load(ENSEMBLE, { id: 3, port: 2181 }).client.port).toBe(2181);
    expect(load(ENSEMBLE, { id: 1, port: 7 }).client).toMatchObject({ host: '127.0.0.1', port: 7 });
  });

  const aside = (text: string, id: number): string[] =>
    load(ENSEMBLE + text, { id }).warnings.map((w) => `${w.file} ${w.message}`);
  test.each<[string, string, number, RegExp | undefined]>([
    ['two voters', '', 3, /with 2 voting servers no failure of any is tolerated/],
    ['three voters', 'server.5=a:1:2', 3, undefined],
    ['four voters', 'server.5=a:1:2\nserver.6=b:1:2', 3, /4 voting servers tolerate no more failures than 3/],
    ['a role against the list', 'server.5=a:1:2\npeerType=observer', 3, /server\.3 is participant/],
    ['a server twice', 'server.5=a:1:2\nserver.5=b:1:2', 3, /server\.5 was already given in line \d+/],
    ['two at one place', 'server.5=h3:1:9', 3, /server\.3 and server\.5 both have h3:1/],
    [
      'two on every address of theirs',
      'server.5=a:1:2;0.0.0.0:7\nserver.6=b:1:2;7\nserver.7=c:1:2',
      3,
      undefined,
    ],
    ['a small cache', 'server.5=a:1:2\ncommitLogCount=3', 3, /500 are kept/],
  ])('a word about %s', (_name, text, id, expected) => {
    const said = aside(text, id);
    if (expected === undefined) expect(said).toEqual([]);
    else expect(said.join()).toMatch(expected);
  });

  test('the list says what a server is', () => {
    expect(load(ENSEMBLE.replace('[::]:2182', '127.0.0.1:2181'), { id: 2 }).quorum.peerType).toBe('observer');
  });

  test('one participant stands alone unless told otherwise; with observers it must be told', () => {
    const one = 'server.4=h:1:2;127.0.0.1:2181\n';
    expect(load(one, { id: 4 })).toMatchObject({ serverId: 4, quorum: { membership: undefined } });
    const limits = 'initLimit=1\nsyncLimit=1\nstandaloneEnabled=false\n';
    expect(load(one + limits, { id: 4 }).quorum.membership?.members.length).toBe(1);
    const two = `${one}server.5=g:1:2:observer;2181\n`;
    expect(errorOf(() => load(two, { id: 4 }))).toMatch(/observers need more participants/);
    expect(load(two + limits, { id: 4 }).quorum.membership?.members.length).toBe(2);
  });

  test('a server that stands alone takes its client address from its line', () => {
    const text = 'dataDir=/data\nserver.9=h:1:2;127.0.0.5:77\n';
    const config = loadConfig(textDisk({ 'zoo.cfg': text }), {});
    expect(config.client).toMatchObject({ host: '127.0.0.5', port: 77 });
  });

  test('limits and times of the ensemble', () => {
    const text = `${ENSEMBLE}tickTime=500\ncnxTimeout=7\nfastleader.minNotificationInterval=9\nsnapshotSizeFactor=3\nleader.maxTimeToWaitForEpoch=-1\n`;
    expect(load(text, { id: 3 }).quorum).toMatchObject({
      initLimitTicks: 10,
      syncLimitTicks: 5,
      connectToLearnerMasterLimitTicks: 10,
      cnxTimeoutMs: 7,
      handshakeTimeoutMs: 2500,
      minNotificationMs: 9,
      maxNotificationMs: 60_000,
      finalizeWaitMs: 200,
      electionPortBindTries: 3,
      snapshotSizeFactor: 0.33,
      epochWaitMs: undefined,
      committedLogMax: 500,
      learnerQueueBytesMax: 256 * 1024 * 1024,
      epochTransactionsMax: 0xfffffffe,
      sessionSecret: undefined,
    });
    expect(load(`${text}quorumCnxnTimeoutMs=3`, { id: 3 }).quorum.handshakeTimeoutMs).toBe(3);
  });

  test('the file is kept where the members may change and stand in it', () => {
    const kept = (text: string, definitions: string[] = []): string | undefined =>
      load(text, { id: 3, definitions }).quorum.keptFile;
    expect(kept(ENSEMBLE)).toBeUndefined();
    expect(kept(`${ENSEMBLE}reconfigEnabled=true`)).toBe('zoo.cfg');
    const lines = ENSEMBLE.split('\n').filter((l) => l.startsWith('server.'));
    expect(kept('initLimit=1\nsyncLimit=1\nreconfigEnabled=true', lines)).toBeUndefined();
  });

  test('groups and weights', () => {
    const config = load(`${ENSEMBLE}group.1=1:3\nweight.1=5`, { id: 1 });
    expect([...(config.quorum.membership?.groups ?? [])]).toEqual([[1, [1, 3]]]);
    expect([...(config.quorum.membership?.weights ?? [])]).toEqual([[1, 5]]);
  });

  test('several addresses where they are allowed', () => {
    const text = `${ENSEMBLE}multiAddress.enabled=true\nserver.4=a:1:2|b:3:4`;
    expect(load(text, { id: 4 }).quorum.membership?.members[3]?.addresses.length).toBe(2);
  });

  test('a dynamic file has the members and a version in its name', () => {
    const file = '/c/zoo.cfg.dynamic.1f00000002';
    const dynamic = 'server.1=h1:2888:3888;127.0.0.1:2181\nserver.2=h2:2888:3888;2181\n';
    const text = `initLimit=1\nsyncLimit=1\ndynamicConfigFile=${file}`;
    const config = load(text, { id: 1 }, { [file]: dynamic });
    expect(config.quorum.membership?.version).toBe(0x1f00000002n);
    expect(config.quorum.membership?.members.length).toBe(2);
    expect(errorOf(() => load(text, { id: 1 }, { [file]: `${dynamic}version=5` }))).toContain(
      'only server.N',
    );
    expect([dynamicVersion('x.dynamic'), dynamicVersion('x.dynamic.next')]).toEqual([0n, 0n]);
  });
});

describe('any bytes as zoo.cfg', () => {
  const attempt = (bytes: Uint8Array): void => {
    const disk = textDisk({ 'zoo.cfg': bytes });
    try {
      expect(loadConfig(disk, {}).client.port).toBeTypeOf('number');
    } catch (thrown) {
      if (!(thrown instanceof ZktError)) throw thrown;
      expect(thrown.message).not.toBe('');
    }
  };

  test('give a configuration or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => attempt(bytes)),
      { numRuns: 2000 },
    );
  });

  test('also lines that look right', () => {
    const key = fc.constantFrom(
      ...Object.keys(KEYS),
      'server.1',
      'server.2',
      'group.1',
      'weight.1',
      '__proto__',
    );
    const value = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('true', '-1', '0', '3', 'a:1:2', '[::1]:1:2;3', '1:2', 'yes', '', '1e9', '\\u0000'),
    );
    const line = fc.tuple(key, fc.constantFrom('=', ':', ' ', ''), value).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) =>
        attempt(Buffer.from(MINIMAL + lines.join('\n'))),
      ),
      { numRuns: 2000 },
    );
  });
});

describe('rules about authentication', () => {
  const refused = (name: string, lines: string): void =>
    test(`${name} is refused`, () => expect(errorOf(() => load(lines))).toMatch(/^ZKT_CONFIG_LINE/));
  refused('authentication by no scheme', 'enforce.auth.enabled=true\n');
  refused('authentication by an empty list', 'enforce.auth.enabled=true\nenforce.auth.schemes= ,\n');
  refused('authentication by an unknown scheme', 'enforce.auth.enabled=true\nenforce.auth.schemes=digset\n');
  refused('an unknown hash', 'DigestAuthenticationProvider.digestAlg=ROT13\n');
  test('hashes have the names of Java', () => {
    for (const name of ['SHA1', 'SHA-256', 'sha-512/256', 'SHA3-256']) {
      const { security } = load(`DigestAuthenticationProvider.digestAlg=${name}\n`);
      expect(security.digestAlgorithm).toBe(name);
    }
  });
});
