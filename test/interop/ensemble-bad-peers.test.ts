/**
 * What may knock on the ports servers have for each other: noise, strangers, servers with somebody else's id,
 * with epochs of their own, with the data of another ensemble, and ones that say nothing. The three go on.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import type { Client } from '../../src/client/index.ts';
import { encode } from '../../src/jute/schema.ts';
import { encodeInitialMessage, encodeNotification } from '../../src/protocol/election.ts';
import { LEARNER_PROTOCOL, LearnerInfo, PACKET, QuorumPacket } from '../../src/protocol/quorum.ts';
import { peerRows } from '../golden/peer-rows.ts';
import { AckWriter } from './acknowledged.ts';
import { freePort } from './apache.ts';
import { Ensemble, endAllEnsembles, eventually, pause } from './ensemble.ts';
import { only } from './ensemble-kinds.ts';
import { Member } from './ensemble-member.ts';

/** Hostile connections of each kind; more in a long run. */
const KNOCKS = Number(process.env.ZKT_BAD_PEERS ?? 60);
const SEED = Number(process.env.ZKT_FUZZ_SEED ?? 1);
const STRANGER = 77n;

afterAll(endAllEnsembles);

/** A connection that says these bytes and hangs up after a while; resolves when it is closed. */
function knock(
  member: Member,
  port: 'quorumPort' | 'electionPort',
  bytes: Buffer,
  staysMs = 100,
): Promise<void> {
  return new Promise((resolve) => {
    const { host, [port]: at } = member.options;
    const socket = createConnection(at, host, () => socket.write(bytes));
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.once('close', () => resolve());
    setTimeout(() => socket.destroy(), staysMs);
  });
}

const opening = (sid: bigint): Buffer =>
  encodeInitialMessage({ version: 'v1', sid, addresses: ['127.0.0.1:1'] });

const vote = (leader: bigint, epoch: bigint, state: 'LOOKING' | 'LEADING' | 'FOLLOWING'): Buffer => {
  const body = encodeNotification({
    state,
    leader,
    zxid: epoch << 32n,
    electionEpoch: 1000n,
    peerEpoch: epoch,
    version: 2,
    config: '',
  });
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
};

const learnerInfo = (sid: bigint, epoch: bigint, configVersion = 0n): Buffer =>
  encode(QuorumPacket, {
    type: PACKET.FOLLOWERINFO,
    zxid: epoch << 32n,
    data: encode(LearnerInfo, { serverid: sid, protocolVersion: LEARNER_PROTOCOL, configVersion }),
    authinfo: null,
  });

describe('three servers among bad peers', { timeout: 60_000 }, () => {
  const prng = new Prng(SEED);
  let ensemble: Ensemble;
  let client: Client;
  let writing: { writer: AckWriter; client: Client; done: Promise<void> };
  let rounds = 0;
  beforeAll(async () => {
    ensemble = await Ensemble.started({ participants: only(['zkt', 'zkt', 'zkt']) });
    client = await ensemble.client([], { sessionTimeoutMs: 30_000 });
  });
  afterAll(() => ensemble.end());
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(ensemble.tails(15));
  });

  const refusals = (): string => ensemble.members.map((member) => member.log()).join('');

  /** Runs an attack under a writer that must not notice; the leader stays. */
  async function unmoved(attack: () => Promise<unknown>): Promise<void> {
    const leader = await ensemble.leader();
    const worker = await ensemble.client([], { sessionTimeoutMs: 30_000 });
    const states: string[] = [];
    worker.onState((state) => states.push(state));
    const writer = new AckWriter(`/round-${++rounds}`);
    writing = { writer, client: worker, done: writer.run(worker) };
    const before = writer.count;
    await attack();
    await eventually('further writes', () => writing.writer.count > before + 50);
    expect(await ensemble.leader()).toBe(leader);
    expect(states, 'of the connection of one who writes').toEqual([]);
    const crashed = ensemble.members.filter((member) => member.crashed);
    expect(crashed.map((member) => member.sid)).toEqual([]);
    // The writer ends when its connection does.
    await worker.close();
    await writing.done;
    await client.sync('/');
    expect(await writer.missing(client)).toEqual([]);
  }

  it('noise, and packets with flipped bits, on every port', async () => {
    const packets = peerRows('quorum', 'broadcast').filter((row) => row.bytes.length > 0);
    const votes = peerRows('election', 'broadcast').filter((row) => row.bytes.length > 0);
    const spoilt = (bytes: Buffer): Buffer => {
      const copy = Buffer.from(bytes);
      for (let i = 1 + prng.below(4); i > 0; i--) copy[prng.below(copy.length)] = prng.below(256);
      return copy;
    };
    await unmoved(async () => {
      for (let i = 0; i < KNOCKS; i++) {
        const noise = Buffer.from(Array.from({ length: 1 + prng.below(400) }, () => prng.below(256)));
        const few = Array.from({ length: 1 + prng.below(4) }, () => spoilt(prng.pick(packets).bytes));
        const said = [
          opening(BigInt(prng.below(6))),
          ...Array.from({ length: 3 }, () => spoilt(prng.pick(votes).bytes)),
        ];
        const at = ensemble.members[prng.below(3)] as Member;
        await Promise.all([
          knock(at, 'quorumPort', noise, 30),
          knock(at, 'electionPort', noise, 30),
          knock(at, 'quorumPort', Buffer.concat([learnerInfo(STRANGER, 0n), ...few]), 30),
          // Real ids are taken: that those lose a connection for elections does no harm.
          knock(at, 'electionPort', Buffer.concat(said), 30),
        ]);
      }
    });
    if (ensemble.member(1).kind === 'zkt') expect(refusals()).toContain('"quorum.peer-refused"');
  });

  it('strangers who vote for themselves, lead, or follow from an epoch far ahead', async () => {
    const votes = [
      vote(STRANGER, 1000n, 'LOOKING'),
      vote(STRANGER, 1000n, 'LEADING'),
      vote(1n, 1000n, 'LEADING'),
      vote(STRANGER, 1000n, 'FOLLOWING'),
    ];
    await unmoved(async () => {
      const all = ensemble.members.flatMap((member) => [
        ...votes.map((one) => knock(member, 'electionPort', Buffer.concat([opening(STRANGER), one]), 500)),
        knock(member, 'quorumPort', learnerInfo(STRANGER, 1000n), 500),
        knock(member, 'quorumPort', learnerInfo(STRANGER, 0n, 1n << 50n), 500),
      ]);
      await Promise.all(all);
    });
  });

  it('connections that say nothing, or a byte at a time', async () => {
    await unmoved(async () => {
      const sockets: Socket[] = [];
      for (let i = 0; i < KNOCKS; i++) {
        const { options } = ensemble.members[i % 3] as Member;
        const port = i % 2 === 0 ? options.quorumPort : options.electionPort;
        const socket = createConnection(port, options.host);
        socket.on('error', () => {});
        sockets.push(socket);
      }
      const slow = learnerInfo(STRANGER, 0n);
      for (const byte of slow) {
        for (const socket of sockets.slice(0, 6)) if (!socket.destroyed) socket.write(Buffer.of(byte));
        await pause(40);
      }
      for (const socket of sockets) socket.destroy();
    });
  });

  it('a second server with the id of a member', async () => {
    const [at, leader] = [ensemble.member(1), await ensemble.leader()];
    const ports = {
      quorumPort: await freePort(),
      electionPort: await freePort(),
      clientPort: await freePort(),
    };
    const twin = new Member(
      { ...at.options, ...ports, sid: leader === 1 ? 2 : 1, dir: `${ensemble.dir}/twin` },
      {},
    );
    twin.configure(ensemble.lines.map((line) => (line.startsWith(`server.${twin.sid}=`) ? twin.line : line)));
    const writer = new AckWriter('/twin');
    const worker = await ensemble.client([leader], { sessionTimeoutMs: 30_000 });
    const done = writer.run(worker);
    twin.start();
    await pause(4000);
    await twin.end('SIGKILL');
    await eventually('service', () =>
      client.exists('/').then(
        () => true,
        () => false,
      ),
    );
    await worker.close();
    await done;
    expect(writer.count).toBeGreaterThan(50);
    await ensemble.allServing();
    await client.sync('/');
    expect(await writer.missing(client)).toEqual([]);
    expect(await ensemble.differences()).toEqual([]);
  });

  /** Stops a follower, changes its files, and starts it under load; answers the writer. */
  async function changed(change: (files: string) => void): Promise<{ follower: number; writer: AckWriter }> {
    const leader = await ensemble.leader();
    const follower = leader === 1 ? 2 : 1;
    await ensemble.stop(follower);
    const worker = await ensemble.client([leader], { sessionTimeoutMs: 30_000 });
    const writer = new AckWriter(`/changed-${++rounds}`);
    const done = writer.run(worker);
    await eventually('some writes without it', () => writer.count > 200);
    change(ensemble.member(follower).filesDir);
    ensemble.member(follower).start();
    await pause(3000);
    await worker.close();
    await done;
    return { follower, writer };
  }

  const raise = (file: string, by: number): void =>
    writeFileSync(file, String(Number(readFileSync(file, 'utf8')) + by));

  /** All is served, nothing that was acknowledged is missing. */
  async function sound(writer: AckWriter, ...sids: number[]): Promise<void> {
    await ensemble.serving(...sids);
    const eye = await ensemble.client(sids);
    await eye.sync('/');
    expect(await writer.missing(eye)).toEqual([]);
    await eye.set('/', `${rounds}`);
    await eye.close();
  }

  it('a member that has promised a newer epoch comes back in, in the end', async () => {
    const { writer } = await changed((files) => raise(path.join(files, 'acceptedEpoch'), 3));
    await sound(writer, 1, 2, 3);
    expect(await ensemble.differences()).toEqual([]);
  });

  it('a member that says it was in a newer epoch takes nothing from the others', async () => {
    const { follower, writer } = await changed((files) => {
      raise(path.join(files, 'acceptedEpoch'), 3);
      raise(path.join(files, 'currentEpoch'), 3);
    });
    await sound(writer, ...[1, 2, 3].filter((sid) => sid !== follower));
    await ensemble.stop(follower);
    ensemble.member(follower).wipe();
    await ensemble.start(follower);
    expect(await ensemble.differences()).toEqual([]);
  });

  it('a member with the data of another ensemble takes nothing from the others', async () => {
    const another = await Ensemble.started({ participants: only(['zkt', 'zkt', 'zkt']) });
    const foreign = await another.client();
    for (let i = 0; i < 20; i++) await foreign.create(`/foreign-${i}`);
    await another.stop(1, 2, 3);
    const { follower, writer } = await changed((files) => {
      ensemble.members.find((member) => member.filesDir === files)?.wipe();
      cpSync(another.member(1).filesDir, files, { recursive: true });
    });
    await another.end();
    const others = [1, 2, 3].filter((sid) => sid !== follower);
    await sound(writer, ...others);
    const { children } = await client.getChildren('/');
    expect(children.filter((name) => name.startsWith('foreign'))).toEqual([]);
    const modes = await ensemble.modes();
    console.info(
      `the one with foreign data is ${modes[follower - 1]?.mode}; it got ${ensemble
        .member(follower)
        .syncs(true)
        .map((it) => it.how)}`,
    );
    await ensemble.stop(follower);
    ensemble.member(follower).wipe();
    await ensemble.start(follower);
    expect(await ensemble.differences()).toEqual([]);
  });

  it('data of another ensemble that cannot be told from its own by zxids is noticed by its digest', async () => {
    const [one, another] = await Promise.all([
      Ensemble.started({ participants: only(['zkt', 'zkt', 'zkt']) }),
      Ensemble.started({ participants: only(['zkt', 'zkt', 'zkt']) }),
    ]);
    const [here, there] = [await one.client(), await another.client()];
    for (let i = 0; i < 20; i++) await here.create(`/here-${i}`);
    for (let i = 0; i < 10; i++) await there.create(`/there-${i}`);
    const follower = (await one.leader()) === 1 ? 2 : 1;
    await Promise.all([one.stop(follower), another.stop(1, 2, 3)]);
    const { filesDir } = one.member(follower);
    one.member(follower).wipe();
    cpSync(another.member(1).filesDir, filesDir, { recursive: true });
    one.member(follower).start();
    await pause(2000);
    await here.create('/after');
    await pause(1000);
    if (one.member(follower).kind === 'zkt') {
      expect(one.member(follower).log()).toContain('"level":"error"');
      expect(one.member(follower).log()).toContain('"tree.digest-mismatch"');
    }
    // The others have nothing of it, and with an empty directory it is one of them again.
    await one.stop(follower);
    expect(await one.differences()).toEqual([]);
    one.member(follower).wipe();
    await one.start(follower);
    expect(await one.differences()).toEqual([]);
    expect((await here.getChildren('/')).children.filter((name) => name.startsWith('there'))).toEqual([]);
    await another.end();
    await one.end();
  });
});
