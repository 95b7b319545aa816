/**
 * The house rules (docs/ARCHITECTURE.md) over the whole repository. The rules of single files:
 * test/tidy/rules.ts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOMS } from '../scripts/rooms.cjs';
import { shellMarkdown } from '../src/cli/reference.ts';
import { catalogueMarkdown } from '../src/events/catalogue.ts';
import { configurationMarkdown } from '../src/server/config/catalogue.ts';
import { RULES } from './tidy/rules.ts';
import { SourceFile } from './tidy/source-file.ts';

const root = path.join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Files that are in git or about to be; without git, those outside the ignored folders. */
function repositoryFiles(): string[] {
  if (existsSync(path.join(root, '.git'))) {
    const flags = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const list = execFileSync('git', flags, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
    return [...new Set(list.split('\0'))].filter((it) => it !== '' && existsSync(path.join(root, it)));
  }
  const ignored = /(^|\/)(node_modules|dist|dist-bench|coverage|zkt-data)(\/|$)/;
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile())
    .map((it) => path.relative(root, path.join(it.parentPath, it.name)))
    .filter((it) => !ignored.test(it));
}

const files = repositoryFiles();

describe.each(RULES)('$name', ({ applies, find, planted }) => {
  test('the rule finds what it is for', () => {
    expect(applies(planted.file)).toBe(true);
    expect(find(new SourceFile(planted.file, planted.text))).not.toEqual([]);
  });

  test('the repository keeps it', () => {
    const found = files
      .filter(applies)
      .flatMap((file) => find(SourceFile.read(root, file)).map((it) => `${file}:${it}`));
    expect(found).toEqual([]);
  });
});

/** Documents that are made from code. `npm run docs` writes them (scripts/docs.mjs); add a line to both. */
const GENERATED: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/events.md': catalogueMarkdown,
  'docs/configuration.md': configurationMarkdown,
  'docs/shell.md': shellMarkdown,
};

test.each(Object.keys(GENERATED))('%s is current (npm run docs)', async (file) => {
  expect(read(file)).toBe(await GENERATED[file]?.());
});

test('every folder of fixtures says where its bytes come from', () => {
  const folders = new Set(
    files.filter((it) => /^fixtures\/[^/]+\//.test(it)).map((it) => it.split('/')[1] as string),
  );
  folders.delete('make'); // the scripts that wrote the others
  const silent = [...folders].filter((it) => !existsSync(path.join(root, 'fixtures', it, 'PROVENANCE.md')));
  expect(silent).toEqual([]);
});

test('the bans of the pure floors in biome.json cover the pure rooms', () => {
  const { overrides } = JSON.parse(read('biome.json')) as {
    overrides: { includes: string[]; plugins?: string[] }[];
  };
  const pure = overrides.find((it) => it.plugins?.some((plugin) => plugin.endsWith('pure-floor.grit')));
  const rooms = ROOMS.filter((it) => it.pure).map((it) => `src/${it.path}/**`);
  expect(new Set(pure?.includes)).toEqual(new Set(rooms));
});

test('docs/ARCHITECTURE.md names every room with its floor', () => {
  const text = read('docs/ARCHITECTURE.md');
  const missing = ROOMS.filter((it) => !text.includes(`| \`${it.path}\` | F${it.floor} |`));
  expect(missing.map((it) => it.path)).toEqual([]);
});

test('dependencies are pinned exactly, and locked to the public registry', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const pins = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((it) =>
    Object.entries(manifest[it] ?? {}),
  );
  expect(pins.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
  const foreign = Object.values(lock.packages)
    .map((it) => it.resolved ?? 'https://registry.npmjs.org/')
    .filter((it) => !it.startsWith('https://registry.npmjs.org/'));
  expect(foreign).toEqual([]);
});
