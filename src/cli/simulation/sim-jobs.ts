/** Several processes at work on seeds: each plays every n-th one and reports each run as a line of JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ZktError } from '../../base/errors.ts';
import type { Violation } from '../../sim/checkers/history.ts';

/** What a process reports of a run. */
export interface RunReport {
  readonly seed: number;
  readonly simulatedSeconds: number;
  readonly steps: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

/**
 * Starts one process for each list of words (of `zkt sim`) and tells `take` each run, until all have ended or
 * it answers false. Rejects with a `ZktError` when a process ends otherwise than a run that fails would make
 * it.
 */
export async function runJobs(
  jobs: readonly (readonly string[])[],
  stop: AbortSignal,
  take: (report: RunReport) => Promise<boolean>,
): Promise<void> {
  const children = jobs.map((words) => startJob(words));
  const end = (): void => children.forEach((child) => void child.kill('SIGTERM'));
  stop.addEventListener('abort', end, { once: true });
  let going = true;
  const follow = async (child: ChildProcess): Promise<void> => {
    const code = new Promise<number | null>((resolve) => child.once('close', resolve));
    let failed = false;
    if (child.stdout !== null) {
      for await (const line of createInterface({ input: child.stdout })) {
        if (!going) break;
        const report = JSON.parse(line) as RunReport;
        failed ||= report.violations.length > 0;
        if (await take(report)) continue;
        going = false;
        end();
      }
    }
    const ended = await code;
    if (!going || stop.aborted || ended === 0 || failed) return;
    end();
    throw new ZktError('ZKT_FILE', { file: 'zkt sim', what: 'run', why: `a process ended with ${ended}` });
  };
  try {
    await Promise.all(children.map(follow));
  } finally {
    stop.removeEventListener('abort', end);
    end();
  }
}

function startJob(words: readonly string[]): ChildProcess {
  const self = [...process.execArgv, process.argv[1] ?? ''];
  return spawn(process.execPath, [...self, 'sim', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
}
