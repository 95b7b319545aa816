/** Hunts a mutant: builds it and plays it in a thread, since a bug may well be a loop without end. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { bundle } from './bundle.ts';
import type { Mutant } from './mutant.ts';
import type { Play, Played } from './player.ts';

const SCENARIOS = path.join(import.meta.dirname, '..', 'scenarios');

/** The files of all scenarios. */
export const scenarioFiles = (): string[] => readdirSync(SCENARIOS).sort();

/** A scenario of that file, to be played; `variant` for one of those it sweeps over. */
export function scenarioPlay(file: string, variant?: string): Play {
  const text = readFileSync(path.join(SCENARIOS, file), 'utf8');
  return { kind: 'scenario', file, text, ...(variant === undefined ? {} : { variant }) };
}

/** Bundles in a directory of their own. */
export class Hunt {
  private readonly dir = mkdtempSync(path.join(tmpdir(), 'zkt-mutants-'));
  private readonly built = new Map<string, Promise<string>>();

  /** The bundle with that mutant, built when it is first asked for; the simulator as it is for undefined. */
  build(mutant: Mutant | undefined): Promise<string> {
    const name = mutant?.id ?? 'pristine';
    let built = this.built.get(name);
    if (built === undefined) {
      const file = path.join(this.dir, `${name.replaceAll(/[^\w-]/g, '-')}.mjs`);
      built = bundle(mutant, file).then(() => file);
      this.built.set(name, built);
    }
    return built;
  }

  /** Plays; rejects when that takes longer, in real time. */
  async play(mutant: Mutant | undefined, what: Play, limitMs: number): Promise<Played> {
    const worker = new Worker(await this.build(mutant), { workerData: what });
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Played>((resolve, reject) => {
        const name = `mutant ${mutant?.id ?? 'none'}`;
        timer = setTimeout(() => reject(new Error(`${name}: no end after ${limitMs} ms`)), limitMs);
        worker.on('message', resolve);
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`${name}: the thread ended with ${code}`)));
      });
    } finally {
      clearTimeout(timer);
      await worker.terminate();
    }
  }

  /** Removes the bundles. */
  end(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
