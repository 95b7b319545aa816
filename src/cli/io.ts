/**
 * The command line's view of the world: three streams, the environment, the terminal. Everything a command
 * prints goes through an `Io`, so that tests can run any command in memory.
 *
 * Data goes to stdout, everything else to stderr. Each stream is judged on its own: colour and interaction
 * only where it is a terminal (and NO_COLOR, FORCE_COLOR, TERM=dumb and `--color` allow it).
 */
import { styleText } from 'node:util';

/** Something that can be printed to. */
export interface OutStream {
  readonly isTTY: boolean;
  /** Whether escape sequences for colour are wanted here. */
  readonly colour: boolean;
  /** Width in columns; 80 where there is no terminal. */
  readonly columns: number;
  /** Height in rows; 24 where there is no terminal. */
  readonly rows: number;
  /**
   * Prints as it is, without escaping. False when the reader is slow: then await `drained` before writing
   * more.
   */
  write(chunk: string | Uint8Array): boolean;
  /** Resolves when what was written has been taken, or will never be. */
  drained(): Promise<void>;
  /** True once the reader has gone away (`zkt ls -R / | head`); nothing more is printed then. */
  readonly broken: boolean;
}

/** Where input comes from. */
export interface InStream {
  readonly isTTY: boolean;
  /** All of it, to its end. */
  readAll(): Promise<Buffer>;
  /** For readline. */
  readonly stream: NodeJS.ReadableStream;
}

/** What a command sees of the world. */
export interface Io {
  readonly stdin: InStream;
  readonly stdout: OutStream;
  readonly stderr: OutStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C (SIGINT), SIGTERM, or when the reader of stdout has gone. */
  readonly stop: AbortSignal;
}

/** `--color`: always, never, or as the terminal and the environment say. */
export type ColourPolicy = 'auto' | 'always' | 'never';

/**
 * Whether to colour a stream: the flag, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether it is a terminal.
 */
export function wantsColour(policy: ColourPolicy, isTTY: boolean, env: Io['env']): boolean {
  if (policy !== 'auto') return policy === 'always';
  if ((env.NO_COLOR ?? '') !== '') return false;
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTTY && env.TERM !== 'dumb';
}

/** Formats of `util.styleText`. */
export type Style = Parameters<typeof styleText>[0];

/** Text coloured for `stream`, or as it is where colour is not wanted. */
export const paint = (stream: OutStream, style: Style, text: string): string =>
  stream.colour && text !== '' ? styleText(style, text, { validateStream: false }) : text;

class NodeOut implements OutStream {
  readonly isTTY: boolean;
  readonly colour: boolean;
  broken = false;
  private readonly stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream, policy: ColourPolicy, env: Io['env'], gone: () => void) {
    this.stream = stream;
    this.isTTY = stream.isTTY === true;
    this.colour = wantsColour(policy, this.isTTY, env);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EPIPE: the reader has seen enough. Anything else is a failure, such as a full disk behind a
      // redirection.
      const told = this.broken;
      this.broken = true;
      if (error.code !== 'EPIPE') {
        process.exitCode = 1;
        if (!told && stream !== process.stderr)
          process.stderr.write(`zkt: cannot write the output: ${error.message}\n`);
      }
      gone();
    });
  }

  get columns(): number {
    return this.stream.columns || 80;
  }

  get rows(): number {
    return this.stream.rows || 24;
  }

  write(chunk: string | Uint8Array): boolean {
    return this.broken ? true : this.stream.write(chunk);
  }

  drained(): Promise<void> {
    if (this.broken || !this.stream.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.stream.off('drain', done);
        this.stream.off('error', done);
        this.stream.off('close', done);
        resolve();
      };
      this.stream.once('drain', done);
      this.stream.once('error', done);
      this.stream.once('close', done);
    });
  }
}

async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}

/** The `Io` of this process. */
export function processIo(policy: ColourPolicy = 'auto'): Io {
  const stop = new AbortController();
  const env = process.env;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stop.abort(signal));
  }
  return {
    // The getter keeps stdin unopened in commands that do not read it: opening it costs time and holds the
    // process.
    stdin: {
      get isTTY() {
        return process.stdin.isTTY === true;
      },
      get stream() {
        return process.stdin;
      },
      readAll: () => readAll(process.stdin),
    },
    stdout: new NodeOut(process.stdout, policy, env, () => stop.abort('EPIPE')),
    stderr: new NodeOut(process.stderr, policy, env, () => {}),
    env,
    stop: stop.signal,
  };
}
