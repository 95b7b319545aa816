/** Processes that play seeds side by side, each the next one that is due. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { rolldown } from 'rolldown';
import type { Played, Task } from './player.ts';

/** A run that takes longer in real time hangs, s. */
const RUN_SECONDS_MAX = 240;

/** Bundles the player, since code that vitest has transformed is slower. */
async function build(file: string): Promise<void> {
  const bundled = await rolldown({
    input: path.join(import.meta.dirname, 'player.ts'),
    platform: 'node',
    external: /^node:/,
  });
  await bundled.write({ file, format: 'esm' });
  await bundled.close();
}

/**
 * Plays what `next` answers, until that is undefined, in as many processes as there are cores; `take` is told
 * of each. Rejects when either throws, when a process ends by itself, and when a run hangs; all processes are
 * gone then.
 */
export async function playAll(
  next: () => Task | undefined,
  take: (task: Task, played: Played) => void,
): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-swarm-'));
  const children: ChildProcess[] = [];
  try {
    const file = path.join(dir, 'player.mjs');
    await build(file);
    const follow = async (): Promise<void> => {
      const child = fork(file, { execArgv: [] });
      children.push(child);
      for (let task = next(); task !== undefined; task = next()) take(task, await ask(child, task));
    };
    await Promise.all(Array.from({ length: availableParallelism() }, follow));
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

function ask(child: ChildProcess, task: Task): Promise<Played> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${replay(task)}: ${why}`));
    const timer = setTimeout(() => fail(`no end after ${RUN_SECONDS_MAX} s`), RUN_SECONDS_MAX * 1000);
    const over = (code: number | null): void => fail(`the process ended with ${code}`);
    child.once('exit', over);
    child.once('message', (played) => {
      clearTimeout(timer);
      child.off('exit', over);
      resolve(played as Played);
    });
    child.send(task, (error) => {
      if (error !== null) fail(error.message);
    });
  });
}

/** The command that plays a run again. */
export const replay = ({ seed, wishes }: Task): string =>
  `zkt sim --seed ${seed}${wishes.calm === true ? ' --calm' : ''}`;
