/** `zkt trace` in a mixed ensemble: what Apache's servers do not tell, and what others know of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { MemoryIo } from '../cli/memory-io.ts';
import { findApache } from './apache.ts';
import { Ensemble, endAllEnsembles, eventually } from './ensemble.ts';
import { only } from './ensemble-kinds.ts';

afterAll(endAllEnsembles);

interface Step {
  readonly stage: string;
  readonly node: string;
  readonly ms: number;
  readonly untold: readonly string[];
}
interface Shown {
  readonly ms: number;
  readonly stages: readonly { readonly stage: string; readonly node: string; readonly peer?: string }[];
  readonly criticalPath: readonly Step[];
  readonly quorum: { readonly acks: readonly { readonly node: string }[] } | null;
  readonly servers: readonly {
    readonly node: string;
    readonly kind: string;
    readonly role: string;
    readonly silent?: string;
  }[];
}

describe.skipIf(findApache() === undefined)("two servers of zkt, and Apache's as server 2", () => {
  let ensemble: Ensemble;
  beforeAll(async () => {
    ensemble = await Ensemble.started({
      participants: only(['zkt', 'Apache', 'zkt']),
      // By their HTTP admin servers of zkt tell what happens; on any port.
      config: ['admin.enableServer=true', 'admin.serverPort=0'],
    });
  }, 90_000);
  afterAll(() => ensemble.end());

  /**
   * Leads, and the servers of zkt can be listened to: their HTTP admin opens a little after their client
   * port.
   */
  async function lead(sid: number): Promise<void> {
    await ensemble.lead(sid);
    for (const own of [1, 3]) {
      await eventually(`the HTTP admin of server ${own}`, async () => {
        const io = new MemoryIo();
        await run(['4lw', 'admn', '-s', ensemble.servers(own)], io);
        return io.stdout.text.includes('http://');
      });
    }
  }
  /** The trace of a command to one server; as JSON, and drawn. */
  async function traced(sid: number, ...words: string[]): Promise<{ trace: Shown; drawing: string }> {
    const command = async (...options: string[]): Promise<string> => {
      const io = new MemoryIo();
      const code = await run(['trace', '-s', ensemble.servers(sid), ...options, '--', ...words], io);
      expect(io.stderr.text).toBe('');
      expect(code).toBe(0);
      return io.stdout.text;
    };
    const { traces } = JSON.parse(await command('-o', 'json')) as { traces: Shown[] };
    return { trace: traces[0] as Shown, drawing: await command() };
  }
  const sumOf = ({ criticalPath }: Shown): number => criticalPath.reduce((sum, { ms }) => sum + ms, 0);
  const told = ({ stages }: Shown, sid: number): string[] =>
    stages.filter(({ node }) => node === String(sid)).map(({ stage }) => stage);

  test("zkt leads: the ACK of Apache's is known by the leader", { timeout: 90_000 }, async () => {
    await lead(3);
    const client = await ensemble.client([1]);
    await client.create('/mixed');
    await client.close();
    const { trace, drawing } = await traced(1, 'set', '/mixed', 'x');
    expect(trace.servers.map(({ node, kind, role }) => `${node} ${kind} ${role}`)).toEqual([
      '1 zkt follower',
      '2 apache follower',
      '3 zkt leader',
    ]);
    expect(told(trace, 1)).toEqual(
      expect.arrayContaining(['received', 'forwarded', 'logged', 'applied', 'replied']),
    );
    expect(told(trace, 3)).toEqual(
      expect.arrayContaining(['arrived', 'prepared', 'proposed', 'logged', 'committed']),
    );
    expect(told(trace, 2)).toEqual([]);
    expect(trace.stages).toContainEqual(expect.objectContaining({ stage: 'counted', node: '3', peer: '2' }));
    expect(sumOf(trace)).toBeCloseTo(trace.ms, 1);
    expect(drawing).toMatch(
      /server 2 \(apache\): tells nothing of requests; its ACK was at the leader at [\d.]+ ms\./,
    );
  });

  test("through Apache's server: the leader knows when the request was there", {
    timeout: 90_000,
  }, async () => {
    const { trace, drawing } = await traced(2, 'set', '/mixed', 'y');
    expect(told(trace, 3)).toEqual(
      expect.arrayContaining(['arrived', 'prepared', 'proposed', 'logged', 'committed']),
    );
    expect(trace.criticalPath[0]).toMatchObject({
      stage: 'arrived',
      node: '3',
      untold: ['received', 'forwarded'],
    });
    expect(sumOf(trace)).toBeCloseTo(trace.ms, 1);
    expect(drawing).toMatch(
      /server 2 \(apache\): tells nothing of requests; its request was at the leader at [\d.]+ ms/,
    );
  });

  test("a read of Apache's server: only how long it took", { timeout: 90_000 }, async () => {
    const { trace } = await traced(2, 'exists', '/mixed');
    expect(trace.criticalPath.map(({ stage }) => stage)).toEqual(['answered']);
    expect(trace.servers[1]).toMatchObject({ kind: 'apache', silent: 'tells nothing of requests' });
  });

  test('Apache leads: the followers know when its packets came', { timeout: 120_000 }, async () => {
    await lead(2);
    const { trace, drawing } = await traced(1, 'set', '/mixed', 'z');
    expect(told(trace, 1)).toEqual(
      expect.arrayContaining([
        'received',
        'forwarded',
        'offered',
        'logged',
        'acked',
        'told',
        'applied',
        'replied',
      ]),
    );
    expect(told(trace, 3)).toEqual(expect.arrayContaining(['offered', 'logged', 'acked', 'told', 'applied']));
    expect(trace.servers[1]).toMatchObject({ kind: 'apache', role: 'leader' });
    expect(trace.quorum).toBeNull();
    expect(sumOf(trace)).toBeCloseTo(trace.ms, 1);
    expect(drawing).toMatch(/server 2 \(apache\): tells nothing of requests\./);
  });
});
