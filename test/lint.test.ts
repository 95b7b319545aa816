/**
 * Plants what the pure floors may not hold, and expects Biome to see it: a linter that reads nothing passes
 * too.
 *
 * The planted house stands in an ignored folder of the repository, since Biome reads nothing below
 * node_modules.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What is planted where, and what Biome is to say about it; undefined where the code is sound. */
const PLANTED: readonly { file: string; text: string; says: string | undefined }[] = [
  {
    file: 'src/base/node.ts',
    text: "import { readFileSync } from 'node:fs';\n\nexport const a = readFileSync;\n",
    says: 'noNodejsModules',
  },
  { file: 'src/jute/date.ts', text: 'export const a = Date.now();\n', says: 'global variable Date' },
  { file: 'src/storage/timer.ts', text: 'setTimeout(() => {}, 1);\n', says: 'global variable setTimeout' },
  { file: 'src/events/env.ts', text: 'export const a = process.env;\n', says: 'global variable process' },
  { file: 'src/server/zab/chance.ts', text: 'export const a = Math.random();\n', says: 'the Random port' },
  {
    file: 'src/server/tree/wait.ts',
    text: 'export const a = async (): Promise<void> => {\n  await null;\n};\n',
    says: 'a machine never waits',
  },
  { file: 'src/client/any.ts', text: 'export const a = (x: any): unknown => x;\n', says: 'noExplicitAny' },
  { file: 'src/client/print.ts', text: 'console.log(1);\n', says: 'noConsole' },
  {
    file: 'src/base/sound.ts',
    text: 'export const a = (now: number): number => now + 1;\n',
    says: undefined,
  },
  {
    file: 'src/server/node/sound.ts',
    text: 'export const a = async (): Promise<void> => {\n  await null;\n};\n',
    says: undefined,
  },
];

const root = path.join(import.meta.dirname, '..');
let house = '';
let found: { category: string; message: string; path: string }[] = [];

interface Diagnostic {
  readonly category: string;
  readonly message: unknown;
  readonly location?: { readonly path?: string | { file?: string } };
}

beforeAll(() => {
  mkdirSync(path.join(root, 'coverage'), { recursive: true });
  house = mkdtempSync(path.join(root, 'coverage', 'lint-'));
  const settings = JSON.parse(readFileSync(path.join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(path.join(house, 'biome.json'), JSON.stringify({ ...settings, vcs: { enabled: false } }));
  cpSync(path.join(root, 'scripts', 'lint'), path.join(house, 'scripts', 'lint'), { recursive: true });
  for (const { file, text } of PLANTED) {
    mkdirSync(path.join(house, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(house, file), text);
  }
  const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', 'src'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: house, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
  found = diagnostics.map(({ category, message, location }) => ({
    category,
    message: JSON.stringify(message),
    path: JSON.stringify(location?.path),
  }));
}, 30_000);

afterAll(() => rmSync(house, { recursive: true, force: true }));

test.each(PLANTED.filter((it) => it.says !== undefined))('$file: $says', ({ file, says }) => {
  const here = found.filter((it) => it.path?.includes(file)).map((it) => `${it.category} ${it.message}`);
  expect(here.join('\n')).toContain(says);
});

test('sound code passes, and the drivers may wait', () => {
  const sound = PLANTED.filter((it) => it.says === undefined).map((it) => it.file);
  expect(found.filter((it) => sound.some((file) => it.path?.includes(file)))).toEqual([]);
});
