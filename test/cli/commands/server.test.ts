import { readdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ZktError } from '../../../src/base/errors.ts';
import type { Client } from '../../../src/client/api.ts';
import { connect } from '../../../src/client/index.ts';
import { ask, freePort, run, serve, tempDir } from './server-runs.ts';

const errorOf = async (...args: string[]): Promise<string> => {
  try {
    await run(...args).done;
    return 'no error';
  } catch (thrown) {
    if (thrown instanceof ZktError) return `${thrown.exit} ${thrown.code} ${thrown.message}`;
    throw thrown;
  }
};

describe('a server that runs', () => {
  test('serves clients, keeps what they wrote over a restart, and ends in good order', async () => {
    const [port, dir] = [await freePort(), tempDir()];
    for (const turn of [0, 1]) {
      const server = run('--data', dir, '--port', String(port));
      const client = connect({ servers: `127.0.0.1:${port}`, sessionTimeoutMs: 10_000 });
      await client.connected();
      if (turn === 0) await client.create('/kept', 'value');
      else expect((await client.get('/kept')).data?.toString()).toBe('value');
      await client.close();
      server.stop();
      await server.done;
      expect(server.stdout.text).toBe('');
      expect(readdirSync(dir)).not.toContain('zkt.pid');
    }
  });

  test('a second one on the same data directory is refused with the pid of the first', async () => {
    const { dir } = await serve();
    const error = await errorOf('--data', path.join(dir, 'data'), '--port', '0');
    expect(error).toMatch(new RegExp(`^1 ZKT_DATA_DIR_LOCKED .* process ${process.pid};`));
  });

  test('a second one on the same port is refused and leaves no trace', async () => {
    const { port, dir } = await serve();
    const error = await errorOf('--data', path.join(dir, 'other'), '--port', String(port));
    expect(error).toMatch(/^1 ZKT_PORT_IN_USE client port 127\.0\.0\.1:\d+ is in use/);
    expect(readdirSync(dir)).toEqual(['data']);
  });

  test('answers only srvr unless told otherwise', async () => {
    const { port } = await serve();
    expect(await ask(port, 'ruok')).toBe('ruok is not executed because it is not in the whitelist.\n');
    expect(await ask(port, 'lsnp')).toBe('');
  });
});

describe('four-letter words of a busy server', () => {
  /** What fixtures/make/java/FourLetterClients.java does to Apache. */
  async function makeBusy(port: number): Promise<Client[]> {
    const [a, b] = [30_000, 40_000].map((sessionTimeoutMs) =>
      connect({ servers: `127.0.0.1:${port}`, sessionTimeoutMs }),
    ) as [Client, Client];
    await a.connected();
    await b.connected();
    await a.create('/app', 'data');
    await a.create('/app/a', 'data', { mode: 'ephemeral' });
    await a.create('/app/a2', null, { mode: 'ephemeral' });
    await b.create('/app/b', 'data', { mode: 'ephemeral' });
    for (let i = 0; i < 150; i++) await b.set('/app', 'data', i);
    await a.get('/app', () => {});
    await a.exists('/absent', () => {});
    await a.getChildren('/app', () => {});
    await b.get('/app', () => {});
    await b.getChildren('/', () => {});
    await b.addWatch('/app', 'persistent', () => {});
    await b.addWatch('/app', 'persistentRecursive', () => {});
    await a.addWatch('/deep', 'persistentRecursive', () => {});
    await a.create('/zookeeper/quota/app', null);
    await a.create('/zookeeper/quota/app/zookeeper_limits', 'count=5,bytes=100');
    await a.create('/zookeeper/quota/app/zookeeper_stats', 'count=0,bytes=0');
    await expect(a.delete('/app')).rejects.toMatchObject({ code: -111 });
    return [a, b];
  }

  test('say what Apache says of the same clients', async () => {
    const { port } = await serve('-D', '4lw.commands.whitelist=*', '-D', 'tickTime=2000');
    const clients = await makeBusy(port);
    const srvr = (await ask(port, 'srvr')).split('\n');
    expect(srvr.slice(4)).toEqual([
      'Connections: 3',
      'Outstanding: 0',
      'Zxid: 0xa0',
      'Mode: standalone',
      'Node count: 12',
      '',
    ]);
    expect(await ask(port, 'wchs')).toBe('2 connections watching 3 paths\nTotal watches:4\n');
    const hidden = (text: string): string =>
      text
        .replace(/0x[0-9a-f]{10,}/g, 'ID')
        .replace(/:\d{4,5}/g, ':PORT')
        .replace(/at .*:/g, 'at TIME:');
    expect(hidden(await ask(port, 'wchp'))).toBe('/app\n\tID\n\tID\n/absent\n\tID\n/deep\n\tID\n\n');
    expect(hidden(await ask(port, 'wchc'))).toBe('ID\n\t/app\n\t/absent\n\t/deep\nID\n\t/app\n\n');
    expect(await ask(port, 'hash')).toMatch(/^80: \d+\n$/);
    const dump = hidden(await ask(port, 'dump'));
    expect(dump).toContain(
      'Session Sets (2)/(2):\n1 expire at TIME:\n\tID\n1 expire at TIME:\n\tID\nephemeral',
    );
    expect(dump).toContain(
      'Sessions with Ephemerals (2):\nID:\n\t/app/a\n\t/app/a2\nID:\n\t/app/b\nConnections dump:',
    );
    expect(dump).toContain('\tip: /127.0.0.1:PORT sessionId: ID\n');
    const cons = (await ask(port, 'cons')).split('\n');
    expect(cons[0]).toMatch(
      /^ \/127\.0\.0\.1:\d+\[1\]\(queued=0,recved=\d+,sent=\d+,sid=0x1[0-9a-f]{14},lop=NA,est=\d+,to=30000,lcxid=0x[0-9a-f]+,lzxid=0xa0,lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+\)$/,
    );
    expect(cons[1]).toContain('lop=ADDW');
    const mntr = new Map((await ask(port, 'mntr')).split('\n').map((l) => l.split('\t') as [string, string]));
    const values = Object.entries({
      znode_count: 12,
      watch_count: 8,
      ephemerals_count: 3,
      // Apache says 204: it does not notice that the quota's usage text grew by a digit.
      approximate_data_size: 205,
      global_sessions: 2,
      num_alive_connections: 3,
      app_quota_count_usage_per_namespace: 4,
      app_quota_bytes_usage_per_namespace: 12,
      app_quota_count_limit_per_namespace: 5,
      connection_request_count: 2,
      min_client_response_size: 16,
      cnt_updatelatency: 160,
    });
    for (const [name, value] of values) expect(`${name} ${mntr.get(`zk_${name}`)}`).toBe(`${name} ${value}`);
    expect(Number(mntr.get('zk_cnt_fsynctime'))).toBeGreaterThan(0);
    for (const client of clients) await client.close();
  });

  test('reset and trace mask', async () => {
    const { port } = await serve('-D', '4lw.commands.whitelist=*');
    expect(await ask(port, 'srst')).toBe('Server stats reset.\n');
    expect((await ask(port, 'srvr')).split('\n').slice(2, 4)).toEqual(['Received: 1', 'Sent: 1']);
    expect(await ask(port, 'gtmk')).toBe('306');
    expect(
      await ask(port, Buffer.concat([Buffer.from('stmk'), Buffer.from([0, 0, 0, 0, 0, 0, 1, 0xff])])),
    ).toBe('511');
    expect(await ask(port, 'gtmk')).toBe('511');
    expect(await ask(port, 'crst')).toBe('Connection stats reset.\n');
    expect(await ask(port, 'isro')).toBe('rw');
    expect(await ask(port, 'envi')).toMatch(
      /^Environment:\nzookeeper\.version=3\.8\.0-zkt-.*, built on .*\nhost\.name=/,
    );
    expect(await ask(port, 'conf')).toContain(`clientPort=${port}\n`);
    expect(await ask(port, 'dirs')).toMatch(/^datadir_size: \d+\nlogdir_size: \d+\n$/);
    expect(await ask(port, 'stat')).toMatch(
      /Clients:\n \/127\.0\.0\.1:\d+\[0\]\(queued=0,recved=1,sent=0\)\n\nLatency/,
    );
  });
});

describe('any bytes on the client port', () => {
  test('close that connection, and the server serves on', async () => {
    const { port } = await serve();
    let seed = 12345;
    const byte = (): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 16) & 0xff;
    };
    const garbage = Array.from({ length: 100 }, (_, i) => {
      const bytes = Buffer.from(Array.from({ length: 1 + (i % 60) * 3 }, byte));
      if (i % 2 === 0 && bytes.length >= 4) bytes.writeInt32BE(bytes.length - 4, 0);
      return new Promise<void>((resolve) => {
        const socket = createConnection(port, '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.resume();
      });
    });
    await Promise.all(garbage);
    expect(await ask(port, 'srvr')).toMatch(/Zxid: 0x[0-9a-f]+\n/);
    expect(await ask(port, 'srvr')).toContain('Connections: 1\n');
  });
});

describe('a server that cannot start', () => {
  const withFile = (text: string): string => {
    const file = path.join(tempDir(), 'zoo.cfg');
    writeFileSync(file, text);
    return file;
  };

  test.each<[string, () => string[], RegExp]>([
    [
      'a wrong line',
      () => ['--config', withFile('tickTime=x')],
      /^2 ZKT_CONFIG_LINE .*zoo\.cfg:1: tickTime=x: expected/,
    ],
    ['a file that is not there', () => ['--config', '/nowhere/zoo.cfg'], /^2 ZKT_CONFIG_UNREADABLE/],
    ['no member', () => ['--id', '4'], /^2 ZKT_USAGE --id is 1, 2 or 3 where no configuration/],
    [
      'TLS between servers',
      () => ['--id', '1', '-D', 'sslQuorum=true'],
      /^2 ZKT_UNSUPPORTED sslQuorum=true \(TLS between servers\)/,
    ],
    [
      'two client ports',
      () => ['--id', '1', '--port', '7'],
      /^2 ZKT_USAGE --port 7: expected what server\.1 says/,
    ],
    ['a bad id', () => ['--id', '256'], /^2 ZKT_USAGE --id/],
    ['a bad port', () => ['--port', '-1'], /^2 ZKT_USAGE --port/],
    ['a file for a directory', () => ['--data', withFile(''), '--port', '0'], /^1 ZKT_DATA_DIR /],
    [
      'an address that is not ours',
      () => ['--data', tempDir(), '--port', '0', '-D', 'clientPortAddress=192.0.2.1'],
      /^1 ZKT_LISTEN cannot listen on client port 192\.0\.2\.1/,
    ],
    [
      'a directory that must be there',
      () => ['--data', path.join(tempDir(), 'x'), '--port', '0', '-D', 'datadir.autocreate=false'],
      /^1 ZKT_DATA_DIR .*autocreate/,
    ],
  ])('%s', async (_name, args, expected) => {
    expect(await errorOf(...args())).toMatch(expected);
  });
});
