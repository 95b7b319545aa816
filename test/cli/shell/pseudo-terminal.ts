/** The program in a pseudo terminal, and the screen somebody in front of it would see. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import { Terminal } from '@xterm/headless';
import { rolldown } from 'rolldown';

const root = path.join(import.meta.dirname, '..', '..', '..');
const DIST = 'dist-test';

/**
 * Bundles the program from its sources into a folder of the repository, so that no older build is tested;
 * answers its main file. Test files that run side by side need folders of their own.
 */
export async function bundleProgram(folder = DIST): Promise<string> {
  const out = path.join(root, folder);
  const bundle = await rolldown({
    cwd: root,
    input: { 'cli/main': 'src/cli/main.ts' },
    platform: 'node',
    external: (id) => id.startsWith('node:') || /^[a-z@][^:]*$/.test(id),
  });
  await bundle.write({ dir: out, format: 'esm', chunkFileNames: 'chunks/[name]-[hash].js' });
  return path.join(out, 'cli', 'main.js');
}

/** Removes what `bundleProgram` wrote. */
export const removeBundle = (folder = DIST): void =>
  rmSync(path.join(root, folder), { recursive: true, force: true });

/** A screen of 80 by 24, or what it is resized to. */
export class Screen {
  private readonly pty: IPty;
  private readonly terminal = new Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  private writes = Promise.resolve();
  exitCode: number | undefined;

  constructor(main: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.pty = spawn(process.execPath, [main, ...args], {
      name: 'xterm-256color',
      cols: 80,
      rows: 24,
      env: { ...process.env, LANG: 'C.UTF-8', ...env },
    });
    this.pty.onData((data) => {
      this.writes = this.writes.then(() => new Promise((resolve) => this.terminal.write(data, resolve)));
    });
    this.pty.onExit(({ exitCode }) => {
      this.exitCode = exitCode;
    });
  }

  type(keys: string): void {
    this.pty.write(keys);
  }

  resize(cols: number, rows: number): void {
    this.terminal.resize(cols, rows);
    this.pty.resize(cols, rows);
  }

  /** The lines that can be seen, and those that have scrolled away, without blank ones. */
  lines(): string[] {
    const buffer = this.terminal.buffer.active;
    const lines: string[] = [];
    for (let y = 0; y < buffer.length; y++) {
      const line = buffer.getLine(y);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.map((line) => line.trimEnd()).filter((line) => line !== '');
  }

  /** The last line: the prompt, with what was typed. */
  get last(): string {
    return this.lines().at(-1) ?? '';
  }

  /** Waits until `done`; fails with what is to be seen. */
  async until(done: (lines: string[]) => boolean, ms = 5_000): Promise<void> {
    for (const start = performance.now(); ; await new Promise((resolve) => setTimeout(resolve, 15))) {
      await this.writes;
      if (done(this.lines())) return;
      if (performance.now() - start > ms) throw new Error(`the screen shows:\n${this.lines().join('\n')}`);
    }
  }

  kill(): void {
    if (this.exitCode === undefined) this.pty.kill('SIGKILL');
  }
}
