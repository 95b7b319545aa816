/**
 * One election machine driven by a script, and what it did as a transcript.
 *
 * Script lines: `look z5 e1 [observer]`, `3: LOOKING 2 z9 e1 r1 [v0]` (a notification of server 3 for server
 * 2), `down 3`, `up 3`, `at 200` (time is 200 ms: ticks), `established e4`, `adopt 2`, `rest`, `greet 3`,
 * `members 1 2 3 [+4 5]` (configure; after + the pending ones). What it did stands behind each line: `-> 2 3:
 * LOOKING 1 z5 e1 r1`, `= FOLLOWING 2 z9 e1 r1`, `outvoted`, `silent 3`, `gossip <version>`.
 */
import { SILENT } from '../../../src/events/bus.ts';
import type { Notification, ServerState } from '../../../src/protocol/election.ts';
import { Election } from '../../../src/server/election/election.ts';
import type { Candidate } from '../../../src/server/election/election-effects.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';
import { Quorums } from '../../../src/server/quorum/quorums.ts';

export const TIMES = { minNotificationMs: 200, maxNotificationMs: 60_000, finalizeWaitMs: 200 };

/** `1 2 3o` is a membership with an observer 3; lines in `more` are its groups and weights. */
export function membershipOf(ids: string, more: readonly string[] = [], version = 0n): Membership {
  const servers = ids.split(' ').map((id) => {
    const role = id.endsWith('o') ? 'observer' : 'participant';
    return `server.${id.replace('o', '')}=h${id.replace('o', '')}:1:2:${role}`;
  });
  const membership = parseMembershipText([...servers, ...more, `version=${version.toString(16)}`].join('\n'));
  if (membership === undefined) throw new Error(`no membership: ${ids}`);
  return membership;
}

const LONG_MIN = -(1n << 63n);
const value = (v: bigint): string => (v === LONG_MIN ? 'min' : String(v));
const textOf = (
  n: Pick<Notification, 'leader' | 'zxid' | 'peerEpoch' | 'electionEpoch'> & { state: string },
): string => `${n.state} ${value(n.leader)} z${value(n.zxid)} e${value(n.peerEpoch)} r${n.electionEpoch}`;

const field = (words: readonly string[], letter: string): bigint | undefined => {
  const found = words.find((w) => new RegExp(`^${letter}-?\\d+$`).test(w));
  return found === undefined ? undefined : BigInt(found.slice(1));
};

/** See the head of the file. */
export class Transcript {
  readonly machine: Election;
  now = 0;
  private readonly did: string[] = [];

  constructor(self: number, quorums: Quorums) {
    const say = (text: string): void => void this.did.push(text);
    this.machine = new Election(
      BigInt(self),
      TIMES,
      quorums,
      {
        send: (to, n) => say(`-> ${to}: ${textOf(n)}`),
        silent: (sid) => say(`silent ${sid}`),
        decided: (d) => say(`= ${textOf(d)}`),
        configGossiped: (text) => say(`gossip ${parseMembershipText(text)?.version}`),
        outvoted: () => say('outvoted'),
      },
      SILENT,
    );
  }

  /** Does what a line says; what came of it, sends of the same words to several servers joined. */
  run(line: string): string[] {
    this.did.length = 0;
    this.perform(line.trim());
    const joined: string[] = [];
    for (const text of this.did) {
      const sent = /^-> ([\d ]+): (.*)$/.exec(text);
      const last = /^-> ([\d ]+): (.*)$/.exec(joined.at(-1) ?? '');
      if (sent !== null && last !== null && sent[2] === last[2])
        joined[joined.length - 1] = `-> ${last[1]} ${sent[1]}: ${sent[2]}`;
      else joined.push(text);
    }
    return joined;
  }

  private perform(line: string): void {
    const { machine } = this;
    const words = line.split(/\s+/);
    const [verb, arg] = words;
    const heard = /^(\d+):$/.exec(verb ?? '');
    if (heard !== null) machine.receive(BigInt(heard[1] as string), notification(words), this.now);
    else if (verb === 'look') machine.look(candidate(words), this.now);
    else if (verb === 'down') machine.reachable(BigInt(arg as string), false, this.now);
    else if (verb === 'up') machine.reachable(BigInt(arg as string), true, this.now);
    else if (verb === 'established') machine.epochEstablished(field(words, 'e') ?? 0n);
    else if (verb === 'adopt') machine.adopt(BigInt(arg as string));
    else if (verb === 'rest') machine.rest();
    else if (verb === 'greet') {
      const words = machine.greeting(BigInt(arg as string));
      this.did.push(words === undefined ? 'nothing' : textOf(words));
    } else if (verb === 'at') this.passTo(Number(arg));
    else if (verb === 'members') {
      const [current, pending] = line.slice('members '.length).split(' + ');
      const version = 1n;
      machine.configure(
        new Quorums(
          membershipOf(current as string, [], version),
          pending === undefined ? undefined : membershipOf(pending),
        ),
        this.now,
      );
    } else throw new Error(`what is ${line}?`);
  }

  private passTo(ms: number): void {
    for (;;) {
      const due = this.machine.nextDeadline;
      if (due === undefined || due > ms) break;
      this.now = Math.max(this.now, due);
      this.machine.tick(this.now);
    }
    this.now = ms;
  }
}

function candidate(words: readonly string[]): Candidate {
  const participant = !words.includes('observer');
  return { zxid: field(words, 'z') ?? 0n, peerEpoch: field(words, 'e') ?? 0n, participant };
}

function notification(words: readonly string[]): Notification {
  const config = words.find((w) => w.startsWith('config='));
  return {
    state: words[1] as ServerState,
    leader: words[2] === 'min' ? LONG_MIN : BigInt(words[2] as string),
    zxid: field(words, 'z') ?? 0n,
    peerEpoch: field(words, 'e') ?? 0n,
    electionEpoch: field(words, 'r') ?? 1n,
    version: Number(field(words, 'v') ?? 2n),
    config: config?.slice('config='.length).replaceAll(',', '\n'),
  };
}
