/** Replays a recorded conversation of the client port against a server, and answers where it differs. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** A row of `fixtures/wire/*.ndjson`; see PROVENANCE.md there. */
interface Row {
  readonly note?: string;
  readonly conn?: number;
  readonly dir?: 'c2s' | 's2c';
  readonly hex?: string;
  readonly end?: boolean;
}

/** A reply that is not what Apache answered. */
export interface Difference {
  readonly row: number;
  readonly note: string;
  readonly expected: string;
  readonly actual: string;
}

const FRAME_WAIT_MS = 3000;

/** One connection: frames that came, and whether it ended. */
class Connection {
  readonly socket: Socket;
  ended = false;
  private bytes = Buffer.alloc(0);
  private wake: (() => void) | undefined;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake?.();
    });
    const end = (): void => {
      this.ended = true;
      this.wake?.();
    };
    this.socket.on('close', end);
    this.socket.on('error', end);
  }

  /**
   * The next frame with its length, in hex; `end` when the connection ended, `nothing` when none came in
   * time.
   */
  async frame(): Promise<string> {
    const deadline = Date.now() + FRAME_WAIT_MS;
    for (;;) {
      if (this.bytes.length >= 4) {
        const length = 4 + this.bytes.readInt32BE(0);
        if (this.bytes.length >= length) {
          const hex = this.bytes.toString('hex', 0, length);
          this.bytes = this.bytes.subarray(length);
          return hex;
        }
      }
      if (this.ended) return 'end';
      const left = deadline - Date.now();
      if (left <= 0) return 'nothing';
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Session ids and passwords are each server's own: known by the connect response that brought them. */
class Identities {
  private readonly toOurs = new Map<string, string>();

  learn(recorded: string, ours: string): void {
    // Length, protocol version and timeout are 12 bytes; then the id, the password's length, the password.
    const idAt = 24;
    const passwordAt = 48;
    const pairs = [
      [recorded.slice(idAt, idAt + 16), ours.slice(idAt, idAt + 16)],
      [recorded.slice(passwordAt, passwordAt + 32), ours.slice(passwordAt, passwordAt + 32)],
    ] as const;
    for (const [theirs, own] of pairs) if (!/^0*$/.test(theirs)) this.toOurs.set(theirs, own);
  }

  /** A recorded frame as this server would have it. */
  translate(hex: string): string {
    let text = hex;
    for (const [theirs, own] of this.toOurs) text = text.replaceAll(theirs, own);
    return text;
  }
}

/** The eight bytes of a time in ms between 2025 and 2059, at a byte's boundary. */
const withoutTimes = (hex: string): string =>
  hex.replace(/000001a[0-9a-f]{9}/g, (found, at: number) => (at % 2 === 0 ? 'tttttttttttttttt' : found));

/** The order of children means nothing: frames that hold the same bytes in another order are held equal. */
const sameBytes = (a: string, b: string): boolean =>
  a.length === b.length && [...a].sort().join('') === [...b].sort().join('');

/**
 * Plays a file; `passOver` holds the rows (from 1) that are not compared, `before`
 * what others did before a row.
 */
export async function replayWire(
  file: string,
  port: number,
  passOver: ReadonlyMap<number, string> = new Map(),
  before: ReadonlyMap<number, () => Promise<unknown>> = new Map(),
): Promise<Difference[]> {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
  const connections = new Map<number, Connection>();
  const identities = new Identities();
  const differences: Difference[] = [];
  for (const [i, { conn, dir, hex = '', end = false, note = '' }] of rows.entries()) {
    await before.get(i + 1)?.();
    if (conn === undefined) continue;
    let c = connections.get(conn);
    if (c === undefined) {
      c = new Connection(port);
      connections.set(conn, c);
    }
    if (dir === 'c2s') {
      if (hex !== '') c.socket.write(Buffer.from(identities.translate(hex), 'hex'));
      if (end) c.socket.end();
      continue;
    }
    if (passOver.has(i + 1) && end) continue;
    const actual = await c.frame();
    const expected = end ? 'end' : hex;
    if (note.startsWith('ConnectResponse') && actual.length === hex.length) identities.learn(hex, actual);
    const [want, got] = [withoutTimes(identities.translate(expected)), withoutTimes(actual)];
    const anyOrder = /getChildren|getEphemerals|multiRead|whoAmI/.test(note);
    if (want !== got && !passOver.has(i + 1) && !(anyOrder && sameBytes(want, got))) {
      differences.push({ row: i + 1, note, expected: want, actual: got });
    }
  }
  for (const { socket } of connections.values()) socket.destroy();
  return differences;
}
