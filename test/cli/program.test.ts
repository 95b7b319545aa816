/** Commands of their own, on a server: what they print where, and how they end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { VERBS } from '../../src/cli/catalogue.ts';
import { splitWords } from '../../src/cli/parse/words.ts';
import { run } from '../../src/cli/program.ts';
import { TOOLS } from '../../src/cli/tools.ts';
import type { Client } from '../../src/client/api.ts';
import { connect } from '../../src/client/index.ts';
import { PERMS } from '../../src/protocol/acl.ts';
import { type InProcess, startInProcess } from '../golden/zkt-in-process.ts';
import { MemoryIo } from './memory-io.ts';

let dir: string;
let server: InProcess;
let client: Client;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-program-'));
  server = await startInProcess(path.join(dir, 'data'), [
    '4lw.commands.whitelist=*',
    'extendedTypesEnabled=true',
    'zookeeper.DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
  ]);
  // May do everything, so that it can clear up what a test locked.
  client = connect({ servers: server.address, auth: [{ scheme: 'digest', auth: 'super:test' }] });
});

afterAll(async () => {
  await client?.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

beforeEach(async () => {
  for (const name of (await client.getChildren('/')).children) {
    if (name !== 'zookeeper') await removeAll(`/${name}`);
  }
  await client.create('/app', 'hello');
  await client.create('/app/one', Buffer.from([0xff, 0x1b, 0x0a]));
  await client.create('/app/two', 'second\nline');
});

async function removeAll(at: string): Promise<void> {
  for (const name of (await client.getChildren(at)).children) await removeAll(`${at}/${name}`);
  await client.delete(at);
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly bytes: Buffer;
}

async function zkt(line: string, options: ConstructorParameters<typeof MemoryIo>[0] = {}): Promise<Ran> {
  const io = new MemoryIo({ ...options, env: { ZKT_SERVERS: server.address, ...options.env } });
  const code = await run(splitWords(line), io);
  return { code, out: io.stdout.text, err: io.stderr.text, bytes: io.stdout.bytes };
}

/** Runs a line; what it prints on stdout, and how it ends. On success nothing is said on stderr. */
async function check(
  line: string,
  out: string,
  code = 0,
  options: ConstructorParameters<typeof MemoryIo>[0] = {},
) {
  const ran = await zkt(line, options);
  expect({ out: ran.out, code: ran.code }).toEqual({ out, code });
  if (code === 0) expect(ran.err).toBe('');
  return ran;
}

const json = async (line: string) => JSON.parse((await check(`${line} -o json`, expect.any(String))).out);

describe('reading', () => {
  test('is quiet: data and nothing else', async () => {
    await check('ls /', 'app\nzookeeper\n');
    await check('ls -R /app', '/app\n/app/one\n/app/two\n');
    await check('get /app', 'hello\n');
    await check('get /app/two', 'second\nline\n');
    await check('exists /app', '');
    await check('getAllChildrenNumber /app', '2\n');
    await check('getAcl /app', "'world,'anyone\n: cdrwa\n");
    await check('whoami', 'ip: 127.0.0.1\n');
    await check('sync /', '');
    await check('config', '');
    await check('version', expect.stringMatching(/^\d+\.\d+\.\d+\n$/));
  });

  test('values: escaped, raw, base64, hex', async () => {
    await check('get /app/one', '\ufffd\\x1b\n\n');
    expect((await zkt('get --raw /app/one')).bytes).toEqual(Buffer.from([0xff, 0x1b, 0x0a]));
    await check('get --base64 /app/one', '/xsK\n');
    await check('get --hex /app/one', 'ff1b0a\n');
    const onTty = await zkt('get --raw /app/one', { tty: true });
    expect(onTty.err).toMatch(/raw bytes/);
  });

  test('JSON has a version, hex zxids and ISO times', async () => {
    expect(await json('ls /')).toEqual({ v: 1, path: '/', children: ['app', 'zookeeper'] });
    expect(await json('get -s /app')).toEqual({
      v: 1,
      path: '/app',
      data: 'hello',
      encoding: 'utf8',
      stat: expect.objectContaining({
        czxid: expect.stringMatching(/^0x[0-9a-f]+$/),
        ctime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        numChildren: 2,
      }),
    });
    expect(await json('get /app/one')).toMatchObject({ data: '/xsK', encoding: 'base64' });
    expect(await json('find /app -name t*')).toEqual({ v: 1, paths: [{ path: '/app/two' }] });
    await check('find /app -name t* -o ndjson', '{"v":1,"path":"/app/two"}\n');
    expect(await json('exists /nowhere').catch(() => 'ends with 4')).toBe('ends with 4');
  });
});

describe('exit codes', () => {
  test.each([
    ['get /nowhere', 4, 'zkt: Node does not exist: /nowhere\n'],
    ['exists /nowhere', 4, ''],
    ['create /app', 5, 'zkt: Node already exists: /app\n'],
    ['delete /app', 5, 'zkt: Node not empty: /app\n     `deleteall` deletes a node with all below it\n'],
    ['set -v 7 /app x', 5, expect.stringMatching(/^zkt: version No is not valid : \/app\n/)],
    ['get relative', 2, 'zkt: Path must start with / character\n'],
    ['get', 2, 'zkt: usage: zkt get [-s] [-w] path\n'],
    ['get -z /app', 2, 'zkt: Unrecognized option: -z\n'],
    ['gett /app', 2, 'zkt: there is no command gett. Did you mean get? See zkt --help\n'],
    ['cd /app', 2, expect.stringContaining('state of a shell')],
    ['get /app -o xml', 2, expect.stringContaining('--output must be one of table, json, ndjson, raw')],
    ['get --timeout soon /app', 2, expect.stringContaining('--timeout')],
    ['--read-only set /app x', 2, expect.stringContaining('--read-only')],
    ['setAcl /app junk', 2, expect.stringContaining('junk does not have the form scheme:id:perm')],
    ['create -e -c /x', 2, expect.stringContaining('-c cannot be combined')],
    ['grep nothing /app', 1, ''],
    ['find /app -regex (', 2, expect.stringContaining('bad pattern')],
    [
      '-s 127.0.0.1:1 get /app',
      3,
      expect.stringMatching(/^zkt: cannot connect to 127\.0\.0\.1:1: .*\n {5}is a server/),
    ],
    ['-s nonsense:x get /app', 2, expect.stringContaining('bad server list')],
  ])('zkt %s ends with %i', async (line, code, err) => {
    const ran = await zkt(line);
    expect(ran).toMatchObject({ code, err, out: '' });
  });

  test('no auth is 6', async () => {
    await client.setAcl('/app/two', [{ perms: PERMS.ADMIN, id: { scheme: 'world', id: 'anyone' } }]);
    expect((await zkt('get /app/two')).code).toBe(6);
    expect((await zkt('get /app', { env: { ZKT_AUTH: 'nosuchscheme:x' } })).code).toBe(6);
  });

  test('errors are JSON where answers are', async () => {
    const { err } = await zkt('get /nowhere -o json');
    expect(JSON.parse(err)).toEqual({
      v: 1,
      error: { code: 'NONODE', message: 'Node does not exist: /nowhere', exit: 4 },
    });
  });

  test('an interrupt ends with 130', async () => {
    const io = new MemoryIo({ env: { ZKT_SERVERS: server.address } });
    const running = run(['watch', '-o', 'ndjson', '/app'], io);
    for (let i = 0; i < 200 && io.stdout.text === ''; i++) {
      await client.set('/app', String(i));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    io.interrupt();
    expect(await running).toBe(130);
    const [first = ''] = io.stdout.text.split('\n');
    expect(JSON.parse(first)).toMatchObject({ v: 1, type: 'NodeDataChanged', path: '/app' });
  });
});

describe('changing', () => {
  test('create, set, delete, touch', async () => {
    await check('create /app/new -', '/app/new\n', 0, { stdin: 'from stdin\0' });
    expect((await client.get('/app/new')).data).toEqual(Buffer.from('from stdin\0'));
    await check('create -s /app/s- x', expect.stringMatching(/^\/app\/s-\d{10}\n$/));
    await check('create /app/null', '/app/null\n');
    expect((await client.get('/app/null')).data).toBe(null);
    await check('set --hex /app 00ff', '');
    expect((await client.get('/app')).data).toEqual(Buffer.from([0, 255]));
    await check('set -b /app AP8=', '');
    expect((await zkt('set --hex /app xyz')).code).toBe(2);
    await check('touch /app', '');
    await check('touch /app/touched', '');
    expect((await client.get('/app')).stat.version).toBe(3);
    await check('delete /app/touched', '');
  });

  test('--dry-run changes nothing', async () => {
    for (const line of [
      'create /x',
      'set /app x',
      'delete /app/one',
      'deleteall /app',
      'touch /x',
      'mv /app /b',
      'cp /app /b',
      'txn delete /app/one',
    ]) {
      const ran = await zkt(line.replace(/^(\w+)/, '$1 --dry-run'));
      expect(ran.err, line).toMatch(/^would /);
      expect(ran.code).toBe(0);
    }
    expect((await client.getChildren('/')).children.sort()).toEqual(['app', 'zookeeper']);
    expect((await client.get('/app')).stat.version).toBe(0);
  });

  test('deleteall needs --yes where nobody can be asked, and keeps to its limit', async () => {
    expect(await zkt('deleteall /app')).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    expect(await zkt('deleteall --yes --limit 2 /app')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--limit'),
    });
    await check('rmr --yes --limit 3 /app', '');
    expect(await client.exists('/app')).toBeUndefined();
  });

  test('at a terminal it asks', async () => {
    await zkt('deleteall /app', { tty: true, stdin: 'no\n' });
    expect(await client.exists('/app')).toBeDefined();
    const ran = await zkt('deleteall /app', { tty: true, stdin: 'y\n' });
    expect(ran.err).toContain('Delete /app, 3 nodes in all? [y/N] ');
    expect(await client.exists('/app')).toBeUndefined();
  });

  test('cp and mv carry data and ACLs', async () => {
    await client.setAcl('/app/two', [{ perms: PERMS.READ, id: { scheme: 'world', id: 'anyone' } }]);
    await check('cp -r /app /copy', '');
    await check('get /copy/two', 'second\nline\n');
    await check('getAcl /copy/two', "'world,'anyone\n: r\n");
    await check('cp /app /single', '');
    await check('ls /single', '');
    expect((await zkt('cp -r /app /app/in')).code).toBe(2);
    expect((await zkt('cp /app /copy')).code).toBe(5);
    await check('mv /app /moved', '');
    await check('ls -R /moved', '/moved\n/moved/one\n/moved/two\n');
    expect(await client.exists('/app')).toBeUndefined();
    await client.create('/eph', '', { mode: 'ephemeral' });
    expect(await zkt('mv /eph /other')).toMatchObject({ code: 5, err: expect.stringContaining('ephemeral') });
  });

  test('a large subtree is copied in parts', async () => {
    for (let i = 0; i < 5; i++) await client.create(`/app/big${i}`, Buffer.alloc(400_000));
    const ran = await zkt('cp -r /app /copy');
    expect(ran).toMatchObject({ code: 0, err: expect.stringContaining('in parts') });
    expect((await client.getChildren('/copy')).children.length).toBe(7);
    expect((await zkt('mv /app /b')).code).toBe(2);
    expect((await zkt('mv --yes /app /b')).code).toBe(0);
  }, 20_000);

  test('txn is all or nothing', async () => {
    await check(
      "txn check /app 0 ';' create -s /app/s- x ';' set /app new",
      expect.stringMatching(/^check \/app\ncreate \/app\/s-\d+\nset \/app\n$/),
    );
    const failed = await zkt("txn delete /app/one ';' set -v 9 /app x");
    expect(failed).toMatchObject({
      code: 5,
      err: 'zkt: nothing was done: operation 2 (set): version No is not valid : /app\n',
    });
    expect(await client.exists('/app/one')).toBeDefined();
    await check('txn -', 'delete /app/one\n', 0, { stdin: '# comment\n\ndelete /app/one\n' });
    expect((await zkt('txn frobnicate /app')).code).toBe(2);
  });

  test('quotas', async () => {
    await check('setquota -n 5 /app', '');
    await check('listquota /app', expect.stringContaining('Output quota for /app count=5,'));
    expect(await zkt('setquota -n 5 /app/one')).toMatchObject({ code: 5 });
    expect(await zkt('setquota -n 0 /app')).toMatchObject({ code: 2 });
    await check('delquota /app', '');
    expect(await zkt('delquota /app')).toMatchObject({ code: 4 });
    expect(await json('listquota /app')).toEqual({ v: 1, path: '/app', limits: null, usage: null });
  });
});

describe('looking around', () => {
  test('tree, find, grep, du', async () => {
    await check('tree /app', '/app\n|-- one\n`-- two\n');
    await check('find / -regex ^/app/t', '/app/two\n');
    await check('find / -data line', '/app/two\n');
    await check('find / -type e', '');
    await check('grep ^l /app', '/app/two:line\n');
    await check('grep -l LINE -i /app', '/app/two\n');
    await check('grep -F . /app -o ndjson', '', 1);
    await check('du /app', '19  3  /app\n 3  1  /app/one\n11  1  /app/two\n');
    await check('du -d 0 /app', '19  3  /app\n');
  });

  test('what cannot be read is told, not fatal', async () => {
    await client.setAcl('/app/two', [{ perms: PERMS.ADMIN, id: { scheme: 'world', id: 'anyone' } }]);
    expect(await zkt('grep line /app')).toMatchObject({ code: 1, err: '/app/two: may not be read\n' });
    expect((await zkt('tree /app')).out).toContain('two (may not be read)');
    await client.setAcl('/app/two', [{ perms: PERMS.ALL, id: { scheme: 'world', id: 'anyone' } }]);
  });

  test('names of nodes cannot act on the terminal', async () => {
    // A server may send any name; zkt's own refuses this one, so the data does.
    await client.set('/app', '\x1b]0;owned\x07\u202e');
    await check('get /app', '\\x1b]0;owned\\x07\\u{202e}\n');
    await check('grep owned /app', '/app:\\x1b]0;owned\\x07\\u{202e}\n');
  });

  test('status and four-letter words', async () => {
    const words: Readonly<Record<string, string>> = {
      ruok: 'imok',
      srvr: 'Zookeeper version: 3.8.0-x, built on y\nLatency min/avg/max: 0/0.5/2\nConnections: 3\nOutstanding: 0\nZxid: 0x1f\nMode: leader\nNode count: 7\n',
      mntr: 'zk_watch_count\t5\nzk_ephemerals_count\t2\n',
      stmk: '306',
      evil: '\x1b[2J',
    };
    const fake = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes) => socket.end(words[bytes.toString('latin1', 0, 4)] ?? ''));
    });
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
    const at = `127.0.0.1:${(fake.address() as AddressInfo).port}`;
    try {
      await check(`4lw ruok -s ${at}`, 'imok\n');
      await check(`4lw evil -s ${at}`, '\\x1b[2J\n');
      await check(`4lw stmk 306 -s ${at}`, '306\n');
      expect(await zkt(`4lw stmk -s ${at}`)).toMatchObject({ code: 2 });
      expect(await zkt('4lw toolong')).toMatchObject({ code: 2 });
      expect(await zkt(`4lw nope -s ${at}`)).toMatchObject({
        code: 3,
        err: expect.stringContaining('without a word'),
      });
      await check(
        `status -s ${at}`,
        expect.stringMatching(
          /^ID +SERVER .*\n- +127\.0\.0\.1:\d+ +leader +0 +0x1f +0 +3 +0 +0\/0\.5\/2 +7 +5 +- +3\.8\.0-x\n/,
        ),
      );
      const both = await zkt(`status -o json -s ${at},127.0.0.1:1`);
      expect(both.code).toBe(8);
      expect(JSON.parse(both.out).servers).toEqual([
        expect.objectContaining({
          server: at,
          mode: 'leader',
          zxid: '0x1f',
          nodes: 7,
          watches: 5,
          ephemerals: 2,
        }),
        { server: '127.0.0.1:1', problem: expect.stringContaining('ECONNREFUSED') },
      ]);
      expect(JSON.parse(both.out)).toMatchObject({ v: 1, healthy: false, epoch: 0, voters: { serving: 1 } });
      expect((await zkt('status -s 127.0.0.1:1')).code).toBe(3);
    } finally {
      fake.close();
    }
  });
});

describe('an ensemble in the middle of an election', () => {
  /** Closes as many connections as servers without a leader would, then leads to the server. */
  const relay = (closed: number) =>
    createServer((near) => {
      if (closed-- > 0) return near.end();
      const [host = '', port] = server.address.split(':');
      const far = createConnection({ host, port: Number(port) });
      for (const end of [near, far]) end.on('error', () => {});
      near.pipe(far).pipe(near);
      return undefined;
    });

  test.each([
    ['is waited for, beside a server that is gone', 3, { code: 0, out: 'hello\n' }],
    [
      'that does not end is told',
      Number.POSITIVE_INFINITY,
      { code: 3, err: expect.stringContaining('`zkt status`') },
    ],
  ])('%s', async (_name, closed, expected) => {
    const fake = relay(closed);
    await new Promise<void>((done) => fake.listen(0, '127.0.0.1', done));
    try {
      const { port } = fake.address() as AddressInfo;
      const timeout = closed === 3 ? 5000 : 700;
      expect(await zkt(`-s 127.0.0.1:${port},127.0.0.1:1 --timeout ${timeout} get /app`)).toMatchObject(
        expected,
      );
    } finally {
      fake.close();
    }
  });
});

describe('help', () => {
  test('of the program and of every command', async () => {
    expect((await zkt('--help')).out).toMatch(/^Examples\n[\s\S]*\n {2}server +Run a server/);
    expect((await zkt('')).code).toBe(2);
    for (const verb of VERBS) {
      const [short, long] = [await zkt(`${verb} -h`), await zkt(`help ${verb}`)];
      expect(short, verb).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Usage\n/) });
      expect(long, verb).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Examples\n/) });
    }
    expect((await zkt('--version')).out).toMatch(/^\d+\./);
    for (const tool of TOOLS.keys()) {
      expect((await zkt(`${tool} --help`)).out, tool).toMatch(/^Examples:\n {2}[\s\S]*\n\nUsage: zkt /);
      expect((await zkt(`help ${tool}`)).out, tool).toMatch(/^Examples:\n/);
      const short = await zkt(`${tool} -h`);
      expect(short, tool).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Usage: zkt /) });
      expect(short.out, tool).not.toContain('Examples:');
    }
    expect((await zkt('completion bash')).out).toContain('complete -F _zkt zkt');
    expect((await zkt('completion tcsh')).code).toBe(2);
  });

  test('completion of words', async () => {
    expect((await zkt('complete-words -- getA')).out).toBe('getAcl\ngetAllChildrenNumber\n');
    expect((await zkt('complete-words -- ls /ap')).out).toBe('/app/\n');
    expect((await zkt('complete-words -- -s 127.0.0.1:1 ls /ap')).out).toBe('');
  });
});

describe('a script in zkt shell', () => {
  test('ends with the code of its last command', async () => {
    const banner = `Connecting to ${server.address}\nWelcome to ZooKeeper!\nJLine support is disabled\n`;
    const event = '\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null\n';
    await check('shell', `${banner}${event}hello\n`, 1, { stdin: 'get /app\nget /nowhere\n' });
    const second = await zkt('shell -q', { stdin: 'get /nowhere\nget /app' });
    expect(second).toMatchObject({ code: 0, out: `${event}hello\n`, err: 'Node does not exist: /nowhere\n' });
    const once = await zkt('shell nosuch');
    expect(once).toMatchObject({
      code: 127,
      err: expect.stringContaining('Command not found: Command not found nosuch'),
    });
  });

  test('relative paths from the first cd on', async () => {
    const ran = await zkt('shell -q', { stdin: 'get app\ncd /app\nget two\npwd\nget ../app\ncd ..\npwd\n' });
    expect(ran.err).toBe('Path must start with / character\n');
    expect(ran.out).toContain('second\nline\n/app\nhello\n/\n');
  });

  test('any bytes are answered', async () => {
    const bytes = Buffer.from(Array.from({ length: 4_000 }, (_, i) => (i * 7919) % 251));
    const ran = await zkt('shell -q', { stdin: Buffer.concat([bytes, Buffer.from('\nget /app\n')]) });
    expect(ran.code).toBe(0);
    expect(ran.out.endsWith('hello\n')).toBe(true);
    expect(ran.err).not.toMatch(/internal error|at .*\.ts/);
  });
});
