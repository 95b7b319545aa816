/** Runs `zkt log` and `zkt snapshot` in memory: streams as strings, everything else real. */
import { Command } from 'commander';
import type { Io, OutStream } from '../../../src/cli/io.ts';
import type { ToolModule } from '../../../src/cli/tool.ts';

class Capture implements OutStream {
  readonly isTTY: boolean;
  readonly colour = false;
  readonly columns = 80;
  readonly rows = 24;
  broken = false;
  readonly chunks: Buffer[] = [];
  private readonly breakAfter: number;

  constructor(isTTY: boolean, breakAfter = Infinity) {
    this.isTTY = isTTY;
    this.breakAfter = breakAfter;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.broken) return true;
    this.chunks.push(Buffer.from(chunk as string));
    if (this.chunks.length >= this.breakAfter) this.broken = true;
    return false;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a run left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How to run. */
export interface RunOptions {
  readonly tty?: boolean;
  readonly stdin?: string;
  /** The reader of stdout goes away after so many chunks. */
  readonly breakAfter?: number;
  readonly stop?: AbortSignal;
  /** Told of each piece of stdout. */
  readonly onOut?: (text: string) => void;
}

/** Runs a tool with words of a command line. */
export async function runTool(
  tool: ToolModule,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const { Readable } = await import('node:stream');
  const stdout = new Capture(options.tty ?? false, options.breakAfter);
  const stderr = new Capture(options.tty ?? false);
  if (options.onOut !== undefined) {
    const write = stdout.write.bind(stdout);
    stdout.write = (chunk) => {
      options.onOut?.(chunk.toString());
      return write(chunk);
    };
  }
  const stream = Readable.from([Buffer.from(options.stdin ?? '')]);
  const stdin: Io['stdin'] = { isTTY: false, readAll: async () => Buffer.alloc(0), stream };
  const io: Io = { stdin, stdout, stderr, env: {}, stop: options.stop ?? new AbortController().signal };
  let code = 0;
  const command = new Command('tool');
  tool.build(command, { io, globals: {}, exit: (c) => (code = c) });
  try {
    await command.parseAsync([...words], { from: 'user' });
  } catch (error) {
    const { exit, message } = error as { exit?: number; message: string };
    if (exit === undefined) throw error;
    code = exit;
    stderr.write(`zkt: ${message}\n`);
  }
  return { code, out: stdout.text, err: stderr.text };
}
