import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { playScenario } from '../../src/sim/scenario/run-scenario.ts';
import { parseScenario, scenarioVariants } from '../../src/sim/scenario/scenario-text.ts';
import { transcript } from '../../src/sim/transcript.ts';
import { TOOLS } from './tools.ts';

const DIR = path.join(import.meta.dirname, 'scenarios');

describe('scenarios', () => {
  for (const file of readdirSync(DIR).sort()) {
    it(file, { timeout: 120_000 }, async () => {
      const text = readFileSync(path.join(DIR, file), 'utf8');
      for (const variant of scenarioVariants(text, file)) {
        const told: string[] = [];
        const lines = parseScenario(variant.text, file);
        const { violations } = await playScenario(lines, file, TOOLS, (now) =>
          transcript((line) => told.push(line), now),
        );
        expect(violations, `${file} ${variant.name}\n${told.join('\n')}`).toEqual([]);
      }
    });
  }
});
