/** An `Io` in memory. */
import { Readable } from 'node:stream';
import type { Io, OutStream } from '../../src/cli/io.ts';

class MemoryOut implements OutStream {
  readonly isTTY: boolean;
  readonly colour: boolean;
  readonly columns = 80;
  readonly rows = 24;
  readonly broken = false;
  readonly chunks: Buffer[] = [];

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
    this.colour = isTTY;
  }

  write(chunk: string | Uint8Array): boolean {
    this.chunks.push(Buffer.from(chunk));
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }
}

/** Streams that remember, and a stop that can be pressed. */
export class MemoryIo implements Io {
  readonly stdin: Io['stdin'];
  readonly stdout: MemoryOut;
  readonly stderr: MemoryOut;
  readonly env: Record<string, string>;
  readonly stop: AbortSignal;
  private readonly stopper = new AbortController();

  constructor(options: { stdin?: string | Buffer; tty?: boolean; env?: Record<string, string> } = {}) {
    const input = Buffer.from(options.stdin ?? '');
    this.stdin = {
      isTTY: options.tty ?? false,
      readAll: async () => input,
      stream: Readable.from(input.length === 0 ? [] : [input]),
    };
    this.stdout = new MemoryOut(options.tty ?? false);
    this.stderr = new MemoryOut(options.tty ?? false);
    // Nobody's profile, history or credentials.
    this.env = { XDG_CONFIG_HOME: '/nonexistent', XDG_STATE_HOME: '/nonexistent', ...options.env };
    this.stop = this.stopper.signal;
  }

  interrupt(): void {
    this.stopper.abort('SIGINT');
  }
}
