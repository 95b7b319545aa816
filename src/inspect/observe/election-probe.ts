/**
 * Asks a server at its election port for its vote, as a member that looks for a leader does (facts 8).
 *
 * It must disturb nobody. Who asks has an id that no member has, so it is no voter: its question counts in no
 * election, changes no round, and is answered at once with the vote of that moment. The id is larger than any
 * member's, so the server keeps the connection and does not dial back, and no connection of a member is
 * replaced. It names no address. One connection is kept while the server is watched:
 * each end of one is a warning in the log of Apache's servers.
 */
import { get32, put32 } from '../../base/halves.ts';
import type { Prng } from '../../base/prng.ts';
import { JuteWriter } from '../../jute/writer.ts';
import type { Net, Socket } from '../../ports/net.ts';
import type { Timers } from '../../ports/timers.ts';
import {
  decodeNotification,
  ELECTION_MESSAGE_MAX,
  encodeInitialMessage,
  type Notification,
  SERVER_STATE,
} from '../../protocol/election.ts';

/** Ids of those who ask begin here; members have ids up to 255 with zkt, and small ones with Apache. */
const ASKER_ID_FIRST = 0x5a4b_5400_0000n;
/** How many there are: two observers of one server must not have the same. */
const ASKER_IDS = 0x1_0000;
/** The address of one that cannot be dialled back: a wildcard. */
const NO_ADDRESS = '0.0.0.0:0';
/**
 * To a new connection a server may repeat what it said last to that id, before it answers: after the first
 * word this much longer is waited for another.
 */
const REPEAT_MS = 60;
/** Java's `Long.MIN_VALUE`: the vote of those that may not be voted for. */
const NOBODY = -(1n << 63n);

/**
 * Of version 1, which has no configuration: those of version 2 carry one, which a server of Apache reads
 * whoever sends it. One that it cannot read ends the thread that takes votes, and with it all elections of
 * that server; one that is newer than its own, it may adopt.
 */
const NO_CONFIGURATION = 1;
const QUESTION = question();

function question(): Buffer {
  const w = new JuteWriter(44);
  w.writeInt(SERVER_STATE.LOOKING);
  w.writeLong(NOBODY);
  w.writeLong(NOBODY);
  w.writeLong(0n);
  w.writeLong(NOBODY);
  w.writeInt(NO_CONFIGURATION);
  // With 40 bytes it would be taken for one of 3.4.
  w.writeInt(0);
  return w.copy();
}

/** An id for one observer. */
export const askerId = (random: Prng): bigint => ASKER_ID_FIRST + BigInt(random.below(ASKER_IDS));

/** What came of a question: a vote, or why there is none. */
export type VoteAnswer = { readonly vote: Notification } | { readonly fault: string };

/** See the head of the file. One question at a time. */
export class ElectionProbe {
  private readonly net: Pick<Net, 'connect'>;
  private readonly timers: Timers;
  private readonly id: bigint;
  private readonly timeoutMs: number;
  private line: ProbeLine | undefined;
  private at = '';

  constructor(net: Pick<Net, 'connect'>, timers: Timers, id: bigint, timeoutMs: number) {
    this.net = net;
    this.timers = timers;
    this.id = id;
    this.timeoutMs = timeoutMs;
  }

  /** Asks for the vote of the server at that election address. Never rejects. */
  ask(host: string, port: number): Promise<VoteAnswer> {
    const at = `${host} ${port}`;
    if (at !== this.at || this.line?.open !== true) {
      this.close();
      this.at = at;
      this.line = new ProbeLine(this.net, this.timers, { host, port, timeoutMs: this.timeoutMs }, this.id);
    }
    const { line, timeoutMs } = this;
    return (line as ProbeLine).ask(timeoutMs);
  }

  /** Ends the connection. */
  close(): void {
    this.line?.close();
    this.line = undefined;
  }
}

/** One connection. */
class ProbeLine {
  open = true;
  private readonly timers: Timers;
  private readonly attempt: { cancel(): void };
  private socket: Socket | undefined;
  private kept: Buffer = Buffer.alloc(0);
  private fresh = true;
  private asking: ((answer: VoteAnswer) => void) | undefined;
  private latest: VoteAnswer | undefined;

  constructor(
    net: Pick<Net, 'connect'>,
    timers: Timers,
    to: { host: string; port: number; timeoutMs: number },
    id: bigint,
  ) {
    this.timers = timers;
    this.attempt = net.connect(to, {
      opened: (socket) => {
        this.socket = socket;
        // The server takes the opening message in one piece only; the question may come with it.
        const opening = encodeInitialMessage({ version: 'v1', sid: id, addresses: [NO_ADDRESS] });
        socket.write(this.asking === undefined ? opening : Buffer.concat([opening, frame(QUESTION)]));
      },
      data: (chunk) => this.data(chunk),
      drained: () => {},
      ended: () => this.fail('it closed the connection'),
      closed: (error) => this.fail(error?.message ?? 'it closed the connection'),
    });
  }

  ask(timeoutMs: number): Promise<VoteAnswer> {
    return new Promise((resolve) => {
      const timer = this.timers.after(timeoutMs, () => this.fail(`no answer within ${timeoutMs} ms`));
      this.asking = (answer) => {
        timer.cancel();
        this.asking = undefined;
        this.fresh = false;
        resolve(answer);
      };
      if (!this.open) this.asking({ fault: 'it closed the connection' });
      else this.socket?.write(frame(QUESTION));
    });
  }

  close(): void {
    this.fail('not asked any more');
  }

  private data(chunk: Buffer): void {
    this.kept = this.kept.length === 0 ? chunk : Buffer.concat([this.kept, chunk]);
    while (this.open && this.kept.length >= 4) {
      const length = get32(this.kept, 0);
      if (length < 1 || length > ELECTION_MESSAGE_MAX) {
        this.fail('what it sends is no vote');
        return;
      }
      if (this.kept.length < 4 + length) return;
      const body = this.kept.subarray(4, 4 + length);
      this.kept = this.kept.subarray(4 + length);
      this.message(body);
    }
  }

  private message(body: Buffer): void {
    const vote = decodeNotification(body);
    const first = this.latest === undefined;
    this.latest = vote === undefined ? { fault: 'what it sends is no vote' } : { vote };
    if (!this.fresh) this.answer();
    else if (first) this.timers.after(REPEAT_MS, () => this.answer());
  }

  private answer(): void {
    const { latest } = this;
    this.latest = undefined;
    if (latest !== undefined) this.asking?.(latest);
  }

  private fail(why: string): void {
    if (this.open) {
      this.open = false;
      this.attempt.cancel();
      this.socket?.destroy();
    }
    this.asking?.({ fault: why });
  }
}

function frame(body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + body.length);
  put32(bytes, 0, body.length);
  body.copy(bytes, 4);
  return bytes;
}
