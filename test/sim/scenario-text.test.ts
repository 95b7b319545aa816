import { describe, expect, it } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import { parseScenario, scenarioVariants } from '../../src/sim/scenario/scenario-text.ts';

const parsed = (text: string) => parseScenario(text, 'x.zkt').map((line) => line.statement);

const failure = (text: string): string => {
  try {
    parseScenario(text, 'x.zkt');
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ZktError);
    return (error as ZktError).message;
  }
};

describe('the text of scenarios', () => {
  const cases: readonly [string, object][] = [
    ['servers 5', { kind: 'servers', count: 5 }],
    ['start all # now', { kind: 'start', who: ['all'] }],
    ['kill leader', { kind: 'kill', who: ['leader'] }],
    ['cut 1 from 2,3', { kind: 'cut', who: ['1'], from: ['2', '3'], bothWays: true, port: undefined }],
    ['cut 1 to !A on quorum', { kind: 'cut', who: ['1'], from: ['!A'], bothWays: false, port: 'quorum' }],
    ['wait 2.5s', { kind: 'wait', ms: 2500 }],
    ['wait no leader', { kind: 'wait-leader', is: false }],
    ['wait serving 1,2', { kind: 'wait-state', state: 'serving', who: ['1', '2'] }],
    ['clock 2 jumps -90s', { kind: 'clock', who: ['2'], jumpMs: -90_000, rate: 1 }],
    ['crash 2 after 3 calls power', { kind: 'crash', who: ['2'], calls: 3, how: 'power' }],
    ['expect no /a on all', { kind: 'expect-data', path: '/a', data: undefined, who: ['all'] }],
    [
      'c create -es /a x',
      { kind: 'operation', client: 'c', op: 'create', mode: 'ephemeralSequential', data: 'x' },
    ],
    ['begin c set /a y', { kind: 'operation', op: 'set', begins: true, data: 'y', err: 0 }],
    ['c get /a fails NONODE', { kind: 'operation', op: 'get', err: -101 }],
  ];
  for (const [text, expected] of cases) {
    it(text, () => expect(parsed(text)).toEqual([expect.objectContaining(expected)]));
  }

  const bad: readonly [string, string][] = [
    ['kill', 'x.zkt:1: servers was expected at the end'],
    ['\nfly 1 2', 'x.zkt:2: fly 1: neither a statement nor an operation of a client'],
    ['wait 2', 'x.zkt:1: 2: a time such as 500ms or 2s was expected'],
    ['start all now', 'x.zkt:1: now: nothing was expected there'],
    ['cut 1 on quorum', 'x.zkt:1: on: from or to was expected'],
    ['c get /a fails WHY', 'x.zkt:1: WHY: the name of an error was expected'],
    ['start 1,,2', 'x.zkt:1: 1,,2: servers were expected, such as 1,2 or leader'],
  ];
  for (const [text, message] of bad) it(`refuses ${text.trim()}`, () => expect(failure(text)).toBe(message));

  it('makes many of one that sweeps', () => {
    const variants = scenarioVariants('start all\nsweep n 3..5\ncrash 1 after $n calls kill', 'x.zkt');
    expect(variants.map((v) => v.name)).toEqual(['n=3', 'n=4', 'n=5']);
    expect(parsed(variants[1]?.text ?? '')[1]).toMatchObject({ kind: 'crash', calls: 4 });
    expect(() => scenarioVariants('sweep n 5..3', 'x.zkt')).toThrow('5..3 is nothing to sweep');
  });
});
