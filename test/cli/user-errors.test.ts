/** Slips a person or a script makes, and answers that must not be mistaken for success. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { Client } from '../../src/client/api.ts';
import { connect } from '../../src/client/index.ts';
import { PERMS } from '../../src/protocol/acl.ts';
import { type InProcess, startInProcess } from '../golden/zkt-in-process.ts';
import { MemoryIo } from './memory-io.ts';

let dir: string;
let server: InProcess;
let client: Client;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-slips-'));
  server = await startInProcess(path.join(dir, 'data'));
  client = connect({ servers: server.address });
  await client.create('/app', 'hello');
  await client.create('/app/one', 'one');
});

afterAll(async () => {
  await client?.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function zkt(words: readonly string[], env: Record<string, string> = {}) {
  const io = new MemoryIo({ env: { ZKT_SERVERS: server.address, ...env } });
  const code = await run(words, io);
  return { code, out: io.stdout.text, err: io.stderr.text };
}

test.each<[string, RegExp]>([
  ['get --bsae64 /app', /^zkt: Unrecognized option: --bsae64\. Did you mean --base64\?\n$/],
  ['server --dta x', /^zkt: unknown option '--dta' \(Did you mean --data\?\)\n$/],
  ['log dmup x', /^zkt: unknown command 'dmup' \(Did you mean dump\?\)\n$/],
  ['create -t soon /x', /^zkt: -t argument must be a long value\n$/],
  ['create -t 5 -e /x', /^zkt: TTLs cannot be used/],
])('zkt %s is one line, and exit code 2', async (line, err) => {
  expect(await zkt(line.split(' '))).toEqual({ code: 2, out: '', err: expect.stringMatching(err) });
});

test('a check in txn takes any version, and an ACL there is refused like any other', async () => {
  expect(await zkt(['txn', 'check', '/app', '-1'])).toMatchObject({ code: 0, out: 'check /app\n' });
  expect((await zkt(['txn', 'check', '-v', '7', '/app'])).code).toBe(5);
  expect((await zkt(['txn', 'create', '/locked', 'x', 'world:anyone:zz'])).code).toBe(2);
});

test('a shell does not wait longer than --timeout for a server that hangs', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  try {
    const begun = performance.now();
    const ran = await zkt(['shell', '-q', '-s', `127.0.0.1:${port}`, '--timeout', '300', 'ls', '/']);
    expect(ran).toMatchObject({ code: 1, err: 'KeeperErrorCode = ConnectionLoss for /\n' });
    expect(performance.now() - begun).toBeLessThan(3_000);
  } finally {
    silent.close();
  }
});

test('tools take --color behind their name, as verbs do', async () => {
  expect((await zkt(['completion', 'bash', '--color', 'never'])).code).toBe(0);
  expect((await zkt(['completion', 'bash', '--color', 'blue'])).code).toBe(2);
});

test('completion: what stands behind a tool, and in bash, addresses with a colon', async () => {
  expect((await zkt(['complete-words', '--', 'log', 'd'])).out).toBe('dump\n');
  expect((await zkt(['complete-words', '--', '4lw', 'sr'])).out).toBe('srst\nsrvr\n');
  const { out: script } = await zkt(['completion', 'bash']);
  const line = 'zkt -s zk1:2181 get /a:b';
  const bash = spawnSync('bash', ['--norc'], {
    encoding: 'utf8',
    input: `${script}
zkt() { printf '[%s]' "$@" >&2; echo /a:bc; }
COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(zkt -s zk1 : 2181 get /a : b) COMP_CWORD=8
_zkt; printf '%s' "\${COMPREPLY[*]}"`,
  });
  expect(bash.stdout).toBe('bc');
});

test('an empty --data is no directory, least of all the present one', async () => {
  expect(await zkt(['server', '--data', ''])).toMatchObject({
    code: 2,
    err: 'zkt: --data names no directory\n',
  });
});

test('a slip in an ACL is refused, not passed over: the node would be locked', async () => {
  expect(await zkt(['create', '/locked', 'x', 'world:anyone:zz'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('Unknown perm type: z'),
  });
  expect(await client.exists('/locked')).toBeUndefined();
  expect(await zkt(['setAcl', '/app', 'world:anyone:r,junk'])).toMatchObject({ code: 2 });
  expect((await client.getAcl('/app')).acl).toEqual([
    { perms: PERMS.ALL, id: { scheme: 'world', id: 'anyone' } },
  ]);
  // In the shell it is as in zkCli.
  const shell = await zkt(['shell', '-q', 'setAcl', '/app', 'world:anyone:cdrwaz']);
  expect(shell).toMatchObject({ code: 0, err: 'Unknown perm type: z\n' });
});

test('an answer that is no is no error', async () => {
  expect(await zkt(['exists', '-o', 'json', '/nowhere'])).toEqual({
    code: 4,
    out: '{"v":1,"path":"/nowhere","exists":false}\n',
    err: '',
  });
});

test('du passes over what may not be read, and says so', async () => {
  await client.create('/shut', 'x', { acl: [{ perms: PERMS.ADMIN, id: { scheme: 'world', id: 'anyone' } }] });
  const ran = await zkt(['du', '/']);
  expect(ran).toMatchObject({ code: 0, err: '/shut: its children may not be read\n' });
  expect(ran.out).toMatch(/^8 +2 +\/app$/m);
});

test('edit keeps the text when it cannot be written, whatever the reason', async () => {
  const state = path.join(dir, 'state');
  // More than a server takes in one request: it closes the connection.
  const ran = await zkt(['edit', '/app'], { EDITOR: 'truncate -s 2000000', XDG_STATE_HOME: state });
  expect(ran.code).toBe(3);
  const [kept = ''] = readdirSync(path.join(state, 'zkt'));
  const file = path.join(state, 'zkt', kept);
  expect(ran.err).toContain(`your text is kept in ${file}\n`);
  expect(readFileSync(file).length).toBe(2_000_000);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a four-letter word that the server refuses is no success', async () => {
  const refused = await zkt(['4lw', 'mntr']);
  expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('not in the whitelist') });
});
