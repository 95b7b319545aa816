/** The lines of several servers on one stream: each with the server it is of, in its colour. */
import { type OutStream, paint, type Style } from '../io.ts';

const COLOURS: readonly Style[] = [
  'cyan',
  'yellow',
  'green',
  'magenta',
  'blue',
  'cyanBright',
  'yellowBright',
  'greenBright',
  'magentaBright',
];
const OWN = 'zkt up';

/** Where the lines of an ensemble go. */
export interface EnsembleLog {
  /** A line of a server's log; it has escaped what is foreign in it. */
  ofServer(id: number, text: string): void;
  /** A line of `zkt up` itself, at a time in ms since 1970. */
  own(text: string, wallMs: number): void;
}

/** See the top of the file. */
export class LogLines implements EnsembleLog {
  private readonly out: OutStream;
  private readonly bare: boolean;
  private readonly width: number;

  /** `bare` leaves lines as they are: JSON says itself which node it is of. */
  constructor(out: OutStream, servers: number, bare: boolean) {
    this.out = out;
    this.bare = bare;
    this.width = Math.max(OWN.length, `server ${servers}`.length);
  }

  ofServer(id: number, text: string): void {
    const prefix = `server ${id}`.padEnd(this.width);
    this.out.write(
      this.bare
        ? `${text}\n`
        : `${paint(this.out, COLOURS[(id - 1) % COLOURS.length] ?? 'cyan', `${prefix} |`)} ${text}\n`,
    );
  }

  own(text: string, wallMs: number): void {
    if (this.bare) {
      const time = new Date(wallMs).toISOString();
      this.out.write(`${JSON.stringify({ level: 'info', time, node: 'up', msg: text })}\n`);
    } else
      this.out.write(
        `${paint(this.out, 'bold', `${OWN.padEnd(this.width)} |`)} ${paint(this.out, 'bold', text)}\n`,
      );
  }
}
