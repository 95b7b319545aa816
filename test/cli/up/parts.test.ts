import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { requireFreePorts } from '../../../src/cli/up/free-ports.ts';
import { configText, connectText, isReconfigured, membersOf, portsOf } from '../../../src/cli/up/layout.ts';
import { LineSplitter } from '../../../src/cli/up/line-splitter.ts';
import { LogLines } from '../../../src/cli/up/log-lines.ts';
import { RestartPlan } from '../../../src/cli/up/restart-plan.ts';
import { systemNet } from '../../../src/platform/net.ts';
import { loadConfig } from '../../../src/server/config/load-config.ts';
import { textDisk } from '../../server/config/memory-disk.ts';
import { MemoryIo } from '../memory-io.ts';

describe('where the servers are', () => {
  const members = membersOf({ size: 3, observers: 1, basePort: 2181 });

  test('ports as `zkt server --id N` has them', () => {
    expect(connectText(members)).toBe('127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183,127.0.0.1:2184');
    expect(portsOf(members).map(({ port }) => port)).toEqual([
      2181, 8081, 2888, 3888, 2182, 8082, 2889, 3889, 2183, 8083, 2890, 3890, 2184, 8084, 2891, 3891,
    ]);
    expect(members.map(({ role }) => role)).toEqual([
      'participant',
      'participant',
      'participant',
      'observer',
    ]);
    expect(portsOf(membersOf({ size: 1, observers: 0, basePort: 9 }))).toEqual([
      { what: 'client port of server 1', host: '127.0.0.1', port: 9 },
      { what: 'admin port of server 1', host: '127.0.0.1', port: 5909 },
    ]);
  });

  test('a base port that is too high', () => {
    expect(() => membersOf({ size: 9, observers: 0, basePort: 59_628 })).toThrow(/the last admin port/);
    expect(membersOf({ size: 9, observers: 0, basePort: 59_627 }).length).toBe(9);
  });

  test('what zkt server makes of the file', () => {
    const where = { dataDir: '/da\\ta', secretFile: '/secret' };
    const read = (id: number, all: typeof members) => {
      const text = configText(all[id - 1] as (typeof all)[0], all, where);
      return loadConfig(textDisk({ 'zoo.cfg': text, '/secret': 'x'.repeat(32) }), { file: 'zoo.cfg', id });
    };
    const config = read(4, members);
    expect(config).toMatchObject({ serverId: 4, storage: { dataDir: '/da\\ta' }, client: { port: 2184 } });
    expect(config.admin).toMatchObject({ host: '127.0.0.1', port: 8084, portGiven: true, token: undefined });
    expect(config.quorum).toMatchObject({ initLimitTicks: 10, syncLimitTicks: 5, peerType: 'observer' });
    expect(config.quorum.membership?.members).toEqual(members);
    const alone = membersOf({ size: 1, observers: 0, basePort: 7 });
    const standalone = read(1, alone);
    expect(standalone.quorum.membership).toBeUndefined();
    expect(standalone.warnings).toEqual([]);
    expect(standalone.client).toMatchObject({ host: '127.0.0.1', port: 7 });
  });

  test('a configuration that a reconfig changed is left alone', () => {
    expect(isReconfigured('dataDir=/x\ndynamicConfigFile=/x/zoo.cfg.dynamic.100000000\n')).toBe(true);
    expect(isReconfigured('#dynamicConfigFile=x\n')).toBe(false);
  });
});

test('ports in use are told by what they were for', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  try {
    await expect(
      requireFreePorts(systemNet, [{ what: 'quorum port of server 2', host: '127.0.0.1', port }]),
    ).rejects.toThrow(`quorum port of server 2 127.0.0.1:${port} is in use`);
    await expect(
      requireFreePorts(systemNet, [{ what: 'client port of server 1', host: '192.0.2.1', port: 1 }]),
    ).rejects.toMatchObject({ code: 'ZKT_LISTEN' });
  } finally {
    taken.close();
  }
});

test('restarts are further and further apart, until a run lasts', () => {
  const plan = new RestartPlan();
  expect([0, 0, 9_999, 0].map((ran) => plan.next(ran))).toEqual([250, 500, 1000, 2000]);
  expect(Array.from({ length: 5 }, () => plan.next(0)).at(-1)).toBe(15_000);
  expect([10_000, 0].map((ran) => plan.next(ran))).toEqual([250, 500]);
});

describe('lines', () => {
  test('out of chunks cut anywhere', () => {
    const bytes = Buffer.from('größe\r\nzwei\n\ndrei');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const lines = new LineSplitter();
      const all = [...lines.take(bytes.subarray(0, cut)), ...lines.take(bytes.subarray(cut)), ...lines.end()];
      expect(all).toEqual(['größe', 'zwei', '', 'drei']);
    }
  });

  test('one without an end does not grow for ever', () => {
    const lines = new LineSplitter();
    const got = Array.from({ length: 10 }, () => lines.take(Buffer.alloc(32 * 1024, 'x'))).flat();
    expect(got.length).toBeGreaterThan(3);
    expect(Math.max(...got.map((l) => l.length))).toBe(64 * 1024);
  });

  test('with the server they are of; JSON as it is', () => {
    const out = new MemoryIo().stderr;
    const lines = new LogLines(out, 3, false);
    lines.ofServer(2, 'text');
    lines.own('three', 0);
    expect(out.text).toBe('server 2 | text\nzkt up   | three\n');
    const json = new MemoryIo().stderr;
    const bare = new LogLines(json, 3, true);
    bare.ofServer(2, '{"a":1}');
    bare.own('three', 0);
    expect(
      json.text
        .split('\n')
        .slice(0, 2)
        .map((l) => JSON.parse(l)),
    ).toEqual([{ a: 1 }, { level: 'info', time: '1970-01-01T00:00:00.000Z', node: 'up', msg: 'three' }]);
    const coloured = new MemoryIo().stderr;
    Object.assign(coloured, { colour: true });
    new LogLines(coloured, 3, false).ofServer(1, 'x');
    expect(coloured.text).toBe('\x1b[36mserver 1 |\x1b[39m x\n');
  });
});
