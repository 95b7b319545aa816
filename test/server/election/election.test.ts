import { describe, expect, test } from 'vitest';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { membershipOf, Transcript } from './transcript.ts';

const THREE = new Quorums(membershipOf('1 2 3'));
const FIVE = new Quorums(membershipOf('1 2 3 4 5'));

/** Runs a script: indented lines are what the line before brings about. */
function check(self: number, quorums: Quorums, script: string): void {
  const t = new Transcript(self, quorums);
  const expected: string[] = [];
  const actual: string[] = [];
  for (const raw of script.split('\n')) {
    if (raw.trim() === '') continue;
    const isResult = /^\s*(->|=|silent|outvoted|gossip|nothing|\|)/.test(raw);
    expected.push(isResult ? `  ${raw.trim().replace(/^\| /, '')}` : raw.trim());
    if (!isResult) actual.push(raw.trim(), ...t.run(raw).map((r) => `  ${r}`));
  }
  expect(actual).toEqual(expected);
}

describe('a round', () => {
  test('begins with a vote for oneself, told to all voters', () =>
    check(
      2,
      THREE,
      `
      look z5 e1
        -> 1 3: LOOKING 2 z5 e1 r1
    `,
    ));

  test('ends at once when everybody agrees', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      2: LOOKING 3 z5 e1 r1
        = LEADING 3 z5 e1 r1
    `,
    ));

  test('ends at once when those that do not agree cannot be reached', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      down 2
        = LEADING 3 z5 e1 r1
    `,
    ));

  test('waits for a better vote where one may come', () =>
    check(
      2,
      THREE,
      `
      look z5 e1
        -> 1 3: LOOKING 2 z5 e1 r1
      1: LOOKING 2 z5 e1 r1
      at 199
      3: LOOKING 3 z5 e1 r1
        -> 1 3: LOOKING 3 z5 e1 r1
    `,
    ));

  test('and no longer than finalizeWait', () =>
    check(
      2,
      THREE,
      `
      look z5 e1
        -> 1 3: LOOKING 2 z5 e1 r1
      at 100
      1: LOOKING 2 z5 e1 r1
      at 199
      at 300
        -> 1 3: LOOKING 2 z5 e1 r1
        = LEADING 2 z5 e1 r1
    `,
    ));

  test('a worse vote that is late does not matter; who told it hears of the better one', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: LOOKING 1 z9 e0 r1
        -> 1: LOOKING 3 z5 e1 r1
      2: LOOKING 3 z5 e1 r1
      at 200
        -> 1: LEADING 3 z5 e1 r1
        = LEADING 3 z5 e1 r1
    `,
    ));

  test.each([
    ['the epoch', 'z9 e1', 'z1 e2', 1],
    ['then the zxid', 'z9 e1', 'z10 e1', 1],
    ['then the id', 'z9 e1', 'z9 e1', 3],
    ['not a lower zxid', 'z9 e1', 'z8 e1', 2],
    ['not a lower epoch', 'z9 e1', 'z10 e0', 3],
  ])('%s decides (%s against %s of server %i)', (_rule, own, other, sid) => {
    const t = new Transcript(2, THREE);
    t.run(`look ${own}`);
    const answer = t.run(`${sid}: LOOKING ${sid} ${other} r1`);
    const better = (sid === 1 && other !== 'z8 e1') || other === own;
    expect(answer).toHaveLength(1);
    const [said = ''] = answer;
    // A better vote is told to everybody; a worse one is answered with the own.
    expect(said).toContain(better ? '1 3' : `-> ${sid}: LOOKING 2 ${own}`);
  });

  test('one server alone leads at once', () =>
    check(1, new Quorums(membershipOf('1')), 'look z5 e1\n = LEADING 1 z5 e1 r1'));

  test('a newer round is joined with the better of the two votes', () =>
    check(
      2,
      THREE,
      `
      look z5 e1
        -> 1 3: LOOKING 2 z5 e1 r1
      3: LOOKING 3 z4 e1 r7
        -> 1 3: LOOKING 2 z5 e1 r7
      1: LOOKING 1 z6 e1 r8
        -> 1 3: LOOKING 1 z6 e1 r8
    `,
    ));

  test('in a newer round this server stands for itself again, not for the one it voted for', () =>
    check(
      2,
      THREE,
      `
      look z5 e1
        -> 1 3: LOOKING 2 z5 e1 r1
      3: LOOKING 3 z9 e1 r1
        -> 1 3: LOOKING 3 z9 e1 r1
      1: LOOKING 1 z4 e1 r2
        -> 1 3: LOOKING 2 z5 e1 r2
    `,
    ));

  test('who could not be reached in the election before may be there in this one', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      down 2
        = LEADING 3 z5 e1 r1
      rest
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r2
      1: LOOKING 3 z5 e1 r2
    `,
    ));

  test('votes of an older round are answered, and not counted', () =>
    check(
      2,
      THREE,
      `
      look z5 e1
        -> 1 3: LOOKING 2 z5 e1 r1
      3: LOOKING 2 z5 e1 r3
        -> 1 3: LOOKING 2 z5 e1 r3
      1: LOOKING 2 z5 e1 r2
        -> 1: LOOKING 2 z5 e1 r3
    `,
    ));

  test('votes of the round before do not count in the next', () =>
    check(
      3,
      FIVE,
      `
      look z5 e1
        -> 1 2 4 5: LOOKING 3 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      2: LOOKING 2 z1 e1 r2
        -> 1 2 4 5: LOOKING 3 z5 e1 r2
      down 4
      down 5
      2: LOOKING 3 z5 e1 r2
      1: LOOKING 3 z5 e1 r2
        = LEADING 3 z5 e1 r2
    `,
    ));

  test('a voter that says nothing is asked again at growing distances, then its connection is doubted', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      2: LOOKING 1 z5 e1 r1
      up 3
      3: OBSERVING 2 z4 e1 r1
      down 3
        = LEADING 1 z5 e1 r1
      rest
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r2
      at 200
        -> 2 3: LOOKING 1 z5 e1 r2
      at 600
        silent 2
        silent 3
        -> 2 3: LOOKING 1 z5 e1 r2
      at 1399
      at 1400
        silent 2
        silent 3
        -> 2 3: LOOKING 1 z5 e1 r2
    `,
    ));

  test('a server whose zxid is -1 takes no part', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      3: LOOKING 3 z-1 e9 r1
    `,
    ));

  test('rounds beyond reason are not believed', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      3: LOOKING 3 z9 e1 r9223372036854775807
      3: LOOKING 3 z9 e1 r4611686018427387904
      3: LOOKING 3 z9 e1 r4294967298
      3: LOOKING 3 z9 e1 r-2
    `,
    ));

  test('votes for a server that is no voter are not taken', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      3: LOOKING 9 z9 e9 r1
      3: FOLLOWING 9 z9 e9 r1
      2: LEADING 9 z9 e9 r1
    `,
    ));
});

describe('a leader that stands', () => {
  test('is joined when a quorum supports it and it says so itself', () =>
    check(
      3,
      THREE,
      `
      look z99 e4
        -> 1 2: LOOKING 3 z99 e4 r1
      1: FOLLOWING 2 z5 e4 r6
      2: LEADING 2 z5 e4 r6
        = FOLLOWING 2 z5 e4 r6
    `,
    ));

  test('is not joined on the word of its followers', () =>
    check(
      3,
      FIVE,
      `
      look z99 e4
        -> 1 2 4 5: LOOKING 3 z99 e4 r1
      1: FOLLOWING 2 z5 e4 r6
      4: FOLLOWING 2 z5 e4 r6
      5: FOLLOWING 2 z5 e4 r6
    `,
    ));

  test('is not joined when it is alone', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      2: LEADING 2 z5 e4 r6
      1: FOLLOWING 3 z5 e4 r6
    `,
    ));

  test('is joined although one of its followers has an old epoch (ZOOKEEPER-1818)', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      2: FOLLOWING 3 z5 e3 r2
      3: LEADING 3 z7 e4 r2
        = FOLLOWING 3 z7 e4 r2
    `,
    ));

  test('is joined by votes of old versions', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      3: LEADING 3 z7 e4 r2 v0
      2: FOLLOWING 3 z5 e3 r3 v1
        = FOLLOWING 3 z5 e3 r3
    `,
    ));

  test('in the same round: those that vote for it count with those that follow it', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      3: LOOKING 3 z7 e1 r1
        -> 2 3: LOOKING 3 z7 e1 r1
      3: LEADING 3 z7 e1 r1
        = FOLLOWING 3 z7 e1 r1
    `,
    ));

  test('a vote that was taken back does not count', () =>
    check(
      1,
      FIVE,
      `
      look z5 e1
        -> 2 3 4 5: LOOKING 1 z5 e1 r1
      2: FOLLOWING 3 z5 e1 r1
      3: LEADING 3 z5 e1 r1
      2: LOOKING 2 z5 e1 r2
        -> 2 3 4 5: LOOKING 2 z5 e1 r2
      4: FOLLOWING 3 z5 e1 r1
    `,
    ));

  test('others have settled on this server in its very round', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: FOLLOWING 3 z5 e1 r1
        = LEADING 3 z5 e1 r1
    `,
    ));

  test('others follow what this server was before it died', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: FOLLOWING 3 z5 e1 r9
      2: FOLLOWING 3 z5 e1 r9
    `,
    ));

  test('those that observe have no say', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: OBSERVING 2 z5 e1 r1
      2: LEADING 2 z5 e1 r1
    `,
    ));
});

describe('after the decision', () => {
  const decided = `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      2: LOOKING 3 z5 e1 r1
        = LEADING 3 z5 e1 r1`;

  test('those that look are told, with the epoch that stands', () =>
    check(
      3,
      THREE,
      `${decided}
      established e2
      2: LOOKING 2 z9 e9 r4
        -> 2: LEADING 3 z5 e2 r1
      1: FOLLOWING 3 z5 e2 r1
      greet 2
        | LEADING 3 z5 e2 r1
      greet 1
        nothing
    `,
    ));

  test('nothing is said between two roles', () =>
    check(
      3,
      THREE,
      `${decided}
      rest
      2: LOOKING 2 z9 e9 r4
      greet 2
        nothing
      look z5 e2
        -> 1 2: LOOKING 3 z5 e2 r2
    `,
    ));

  test('a leader whose voter changes its mind before the epoch stands is outvoted (ZOOKEEPER-3109)', () =>
    check(
      3,
      THREE,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      down 2
        = LEADING 3 z5 e1 r1
      1: LOOKING 2 z9 e1 r1
        outvoted
        -> 1: LEADING 3 z5 e1 r1
    `,
    ));

  test('not while the others are still a quorum, nor once the epoch stands', () => {
    check(
      3,
      THREE,
      `${decided}
      1: LOOKING 1 z5 e1 r2
        -> 1: LEADING 3 z5 e1 r1
    `,
    );
    check(
      3,
      THREE,
      `${decided}
      established e2
      1: LOOKING 1 z5 e1 r2
        -> 1: LEADING 3 z5 e2 r1
      2: LOOKING 2 z5 e1 r2
        -> 2: LEADING 3 z5 e2 r1
    `,
    );
  });

  test('a vote that is only said again is no change', () =>
    check(
      3,
      THREE,
      `${decided}
      1: LOOKING 3 z5 e1 r1
        -> 1: LEADING 3 z5 e1 r1
      2: LOOKING 2 z5 e1 r0
        -> 2: LEADING 3 z5 e1 r1
    `,
    ));

  test('a follower whose leader votes for another looks again', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      down 2
      3: LOOKING 3 z5 e1 r1
        -> 2 3: LOOKING 3 z5 e1 r1
        = FOLLOWING 3 z5 e1 r1
      3: LOOKING 2 z9 e1 r1
        outvoted
        -> 3: FOLLOWING 3 z5 e1 r1
    `,
    ));

  test('the designated leader of a reconfiguration is followed without an election, once', () =>
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      2: FOLLOWING 3 z5 e1 r6
      3: LEADING 3 z5 e1 r6
        = FOLLOWING 3 z5 e1 r6
      established e2
      adopt 2
      rest
      look z7 e2
        = FOLLOWING 2 z7 e2 r6
      3: LOOKING 3 z7 e2 r7
        -> 3: FOLLOWING 2 z7 e2 r6
      rest
      look z7 e2
        -> 2 3: LOOKING 1 z7 e2 r7
    `,
    ));

  test('the designated leader leads', () =>
    check(
      1,
      THREE,
      `
      adopt 1
      look z7 e2
        = LEADING 1 z7 e0 r0
    `,
    ));

  test('a designated leader that is no voter is not', () =>
    check(
      1,
      THREE,
      `
      adopt 9
      look z7 e2
        -> 2 3: LOOKING 1 z7 e2 r1
    `,
    ));
});

describe('observers and strangers', () => {
  const withObserver = new Quorums(membershipOf('1 2 3 4o'));

  test('an observer votes for nobody and observes whom the voters elect', () =>
    check(
      4,
      withObserver,
      `
      look z99 e9 observer
        -> 1 2 3: LOOKING min zmin emin r1
      1: LOOKING 1 z5 e1 r1
        -> 1 2 3: LOOKING 1 z5 e1 r1
      3: LOOKING 3 z5 e1 r1
        -> 1 2 3: LOOKING 3 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      2: LOOKING 3 z5 e1 r1
        = OBSERVING 3 z5 e1 r1
    `,
    ));

  test('an observer finds the leader that stands', () =>
    check(
      4,
      withObserver,
      `
      look observer
        -> 1 2 3: LOOKING min zmin emin r1
      2: FOLLOWING 3 z5 e1 r9
      3: LEADING 3 z5 e1 r9
        = OBSERVING 3 z5 e1 r9
    `,
    ));

  test('who does not vote is answered, and not counted', () =>
    check(
      3,
      withObserver,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      4: LOOKING min z0 e0 r1
        -> 4: LOOKING 3 z5 e1 r1
      9: LOOKING 9 z9 e9 r4
        -> 9: LOOKING 3 z5 e1 r1
      9: FOLLOWING 2 z5 e1 r1
      1: LOOKING 3 z5 e1 r1
      2: LOOKING 3 z5 e1 r1
        = LEADING 3 z5 e1 r1
      4: LOOKING min z0 e0 r1
        -> 4: LEADING 3 z5 e1 r1
    `,
    ));

  test('the same question within a moment has one answer', () =>
    check(
      3,
      withObserver,
      `
      look z5 e1
        -> 1 2: LOOKING 3 z5 e1 r1
      9: LOOKING 9 z9 e9 r4
        -> 9: LOOKING 3 z5 e1 r1
      9: LOOKING 9 z9 e9 r4
      at 30
      9: LOOKING 9 z9 e9 r4
        -> 9: LOOKING 3 z5 e1 r1
    `,
    ));

  test('an observer answers no voter that is behind: both would go on for ever', () =>
    check(
      4,
      withObserver,
      `
      look observer
        -> 1 2 3: LOOKING min zmin emin r1
      3: LOOKING 3 z5 e1 r5
        -> 1 2 3: LOOKING 3 z5 e1 r5
      1: LOOKING 1 z5 e1 r2
    `,
    ));
});

describe('weights and groups', () => {
  test('a candidate without weight never wins, and gives its own vote up', () => {
    const groups = ['group.1=1:2:3', 'weight.3=0'];
    const quorums = new Quorums(membershipOf('1 2 3', groups));
    check(
      2,
      quorums,
      `
      look z5 e1
        -> 1 3: LOOKING 2 z5 e1 r1
      3: LOOKING 3 z9 e9 r1
        -> 3: LOOKING 2 z5 e1 r1
      1: LOOKING 2 z5 e1 r1
      3: LOOKING 2 z5 e1 r1
        = LEADING 2 z5 e1 r1
    `,
    );
    check(
      3,
      quorums,
      `
      look z9 e9
        -> 1 2: LOOKING 3 z9 e9 r1
      1: LOOKING 1 z5 e1 r1
        -> 1 2: LOOKING 1 z5 e1 r1
    `,
    );
  });

  test('a majority of servers in one group is not enough', () => {
    const quorums = new Quorums(membershipOf('1 2 3 4 5', ['group.1=1:2:3', 'group.2=4:5']));
    check(
      3,
      quorums,
      `
      look z9 e1
        -> 1 2 4 5: LOOKING 3 z9 e1 r1
      down 5
      1: LOOKING 3 z9 e1 r1
      2: LOOKING 3 z9 e1 r1
      4: LOOKING 3 z9 e1 r1
      at 150
      up 5
      5: LOOKING 3 z9 e1 r1
        = LEADING 3 z9 e1 r1
    `,
    );
  });
});

describe('configurations', () => {
  test('while one is pending, a quorum of each is needed', () =>
    check(
      3,
      new Quorums(membershipOf('1 2 3'), membershipOf('3 4 5')),
      `
      look z5 e1
        -> 1 2 4 5: LOOKING 3 z5 e1 r1
      down 1
      down 5
      2: LOOKING 3 z5 e1 r1
      4: LOOKING 3 z5 e1 r1
        = LEADING 3 z5 e1 r1
    `,
    ));

  test('a change during an election begins it anew; the same again does not', () => {
    const quorums = new Quorums(membershipOf('1 2 3', [], 1n));
    check(
      1,
      quorums,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      members 1 2 3
      members 1 2 3 4
        -> 2 3 4: LOOKING 1 z5 e1 r2
      members 2 3
        -> 2 3: LOOKING min zmin emin r3
    `,
    );
  });

  test('a newer one is told of once, by members only, and only during an election', () => {
    const text = 'config=server.1=h1:1:2,server.2=h2:1:2,server.7=h7:1:2,version=5';
    check(
      1,
      THREE,
      `
      2: LOOKING 2 z0 e0 r1 ${text}
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      9: FOLLOWING 2 z5 e1 r1 ${text}
      2: FOLLOWING 3 z5 e1 r1 config=rubbish
      2: FOLLOWING 3 z5 e1 r1 config=server.1=h1:1:2,version=0
      2: FOLLOWING 3 z5 e1 r1 ${text}
        gossip 5
      7: FOLLOWING 3 z5 e1 r1 ${text}
    `,
    );
  });

  test('strangers are believed together, once a quorum of what they tell does, this server included', () => {
    const five = (others: string): string =>
      `config=${[1, 6, 7, 8].map((id) => `server.${id}=h${id}:1:2,`).join('')}${others}version=5`;
    const text = five('server.9=h9:1:2,');
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      6: FOLLOWING 7 z5 e1 r1 ${text}
      6: FOLLOWING 7 z5 e1 r1 ${text}
      7: FOLLOWING 7 z5 e1 r1 ${five('server.10=h10:1:2,')}
      11: FOLLOWING 7 z5 e1 r1 ${text}
      8: FOLLOWING 7 z5 e1 r1 ${text}
        gossip 5
    `,
    );
    // A configuration without this server needs a quorum of its own; one stranger alone is none of anything.
    const alone = 'config=server.7=h7:1:2,server.8=h8:1:2,version=5';
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      7: FOLLOWING 7 z5 e1 r1 ${alone}
      8: FOLLOWING 7 z5 e1 r1 ${alone}
        gossip 5
    `,
    );
  });

  test('a version that no elections lead to is not believed, whoever tells it', () => {
    const text = (epoch: number): string =>
      `config=server.1=h1:1:2,server.2=h2:1:2,version=${epoch.toString(16)}00000005`;
    check(
      1,
      THREE,
      `
      look z5 e1
        -> 2 3: LOOKING 1 z5 e1 r1
      2: FOLLOWING 3 z5 e1 r1 ${text(0x7fffffff)}
      2: FOLLOWING 3 z5 e1 r1 ${text(1002)}
      2: FOLLOWING 3 z5 e1 r1 ${text(1001)}
        gossip ${(1001n << 32n) + 5n}
    `,
    );
  });
});
