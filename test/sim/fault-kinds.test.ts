/** Kinds of faults beyond the basic ones: each really happens, and is survived. */
import { expect, it } from 'vitest';
import { ERR } from '../../src/protocol/error-codes.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { checkMoves } from '../../src/sim/checkers/check-moves.ts';
import { canonical } from '../../src/sim/checkers/history.ts';
import { FURTHER, planOf } from '../../src/sim/swarm/plan.ts';
import { playPlan } from '../../src/sim/swarm/run.ts';
import { TOOLS } from './tools.ts';

/** What the transcript must show: that it is not only tried. */
const SHOWS: Readonly<Record<string, RegExp>> = {
  'flip-log': /refuses its damaged data/,
  'flip-snapshot': /snapshot\.skipped|refuses its damaged data/,
  'flip-epoch': /refuses its damaged data/,
  'lost-file': /refuses its damaged data|vanishes/,
  'old-backup': /gets back the data of its backup/,
  'lost-disk': /gets an empty disk/,
  'remove-member': /^the members are /,
  'demote-member': /^the members are .*:observer;/,
  'session-twice': /the session has moved/,
};
const TRIES = 12;

it.each(FURTHER.map(({ name }) => name))('%s', { timeout: 120_000 }, async (name) => {
  let struck = 0;
  let shown = SHOWS[name] === undefined;
  for (let seed = 1; seed <= TRIES && (struck === 0 || !shown); seed++) {
    const plan = planOf(seed, { kinds: [name], workMs: 8000 });
    const result = await playPlan(plan, TOOLS, () => ({
      say: (_, text) => {
        shown ||= SHOWS[name]?.test(text) ?? false;
      },
      event: (_, event) => {
        shown ||= SHOWS[name]?.test(`${event.name} ${canonical(event.fields)}`) ?? false;
      },
    }));
    expect(result.violations, `replay: zkt sim --seed ${seed} --fault ${name} --work 8000`).toEqual([]);
    struck += result.faults[name] ?? 0;
  }
  expect(struck).toBeGreaterThan(0);
  expect(shown, 'what it is for never happened').toBe(true);
});

it('epochs that end after ten transactions', { timeout: 120_000 }, async () => {
  let ended = 0;
  for (let seed = 1; seed <= 4; seed++) {
    const plan = planOf(seed, { basic: true, workMs: 8000 });
    const config = [...plan.config, 'zkt.epochTransactionsMax=10'];
    const result = await playPlan({ ...plan, config }, TOOLS, () => ({
      event: (_, event) => {
        if (/used up|no zxid left/.test(canonical(event.fields))) ended++;
      },
    }));
    expect(result.violations, `seed ${seed}`).toEqual([]);
  }
  expect(ended).toBeGreaterThan(10);
});

it('SESSIONMOVED is for who lost the session only', () => {
  const judge = (connection: number, answeredMs: number | undefined): number => {
    const request = {
      connection,
      session: 1n,
      cxid: 5,
      op: OP.create,
      body: {},
      sentMs: 140,
      reply: undefined,
    };
    const header = { clientId: 1n, cxid: 5, zxid: 9n, time: 0n, type: OP.error };
    return checkMoves(
      {
        connections: [0, 1].map((id) => ({
          id,
          session: 1n,
          requests: id === connection ? [request] : [],
          arrivals: [],
        })),
        claims: [
          { session: 1n, connection: 0, sentMs: 50, answeredMs: 60 },
          { session: 1n, connection: 1, sentMs: 100, answeredMs },
        ],
      },
      [{ header, txn: { type: OP.error, err: ERR.SESSIONMOVED }, digest: undefined }],
    ).length;
  };
  // The first one lost it to the second, which lost it to nobody.
  expect(judge(0, 110)).toBe(0);
  expect(judge(0, undefined)).toBe(0);
  expect(judge(1, 110)).toBe(1);
});
