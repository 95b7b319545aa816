/** Kinds of faults beyond the basic ones: each really happens, and is survived. */
import { expect, it } from 'vitest';
import { ERR } from '../../src/protocol/error-codes.ts';
import { checkMoves } from '../../src/sim/checkers/check-moves.ts';
import type { HistoryRequest } from '../../src/sim/checkers/history.ts';
import { FURTHER, planOf } from '../../src/sim/swarm/plan.ts';
import { playPlan } from '../../src/sim/swarm/run.ts';
import { TOOLS } from './tools.ts';

/** What the transcript, or a reply, must show: that it is not only tried. */
const SHOWS: Readonly<Record<string, RegExp>> = {
  'flip-log': /refuses its damaged data/,
  'flip-snapshot': /snapshot\.skipped|refuses its damaged data/,
  'flip-epoch': /refuses its damaged data/,
  'lost-file': /refuses its damaged data|vanishes/,
  'old-backup': /gets back the data of its backup/,
  'lost-disk': /gets an empty disk/,
  'session-twice': new RegExp(`reply ${ERR.SESSIONMOVED}`),
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
        shown ||= SHOWS[name]?.test(event.name) ?? false;
      },
      replied: (_, { reply }) => {
        shown ||= SHOWS[name]?.test(`reply ${reply?.err}`) ?? false;
      },
    }));
    expect(result.violations, `replay: zkt sim --seed ${seed} --fault ${name} --work 8000`).toEqual([]);
    struck += result.faults[name] ?? 0;
  }
  expect(struck).toBeGreaterThan(0);
  expect(shown, 'what it is for never happened').toBe(true);
});

it('SESSIONMOVED is for who lost the session only', () => {
  const moved = (connection: number, atMs: number): HistoryRequest => ({
    connection,
    session: 1n,
    cxid: 5,
    op: 1,
    body: {},
    sentMs: atMs - 1,
    reply: { atMs, zxid: 1n, err: ERR.SESSIONMOVED, body: undefined },
  });
  const judge = (connection: number, atMs: number, answeredMs: number | undefined): number => {
    const request = moved(connection, atMs);
    const arrivals = [{ kind: 'reply' as const, request }];
    return checkMoves({
      connections: [0, 1].map((id) => ({
        id,
        session: 1n,
        requests: [],
        arrivals: id === connection ? arrivals : [],
      })),
      claims: [{ session: 1n, connection: 1, sentMs: 100, answeredMs }],
    }).length;
  };
  expect(judge(0, 150, 110)).toBe(0);
  expect(judge(0, 90, 110)).toBe(1);
  expect(judge(1, 150, 110)).toBe(1);
  expect(judge(0, 105, undefined)).toBe(0);
});
