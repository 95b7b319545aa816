// Builds dist: the program and the library bundled by rolldown, and the library's types by tsc.
//
// Loading a hundred small modules takes longer than `zkt get` itself, so the two entries are bundled; what a
// command needs beyond them stays in chunks that are loaded with it.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(import.meta.dirname, '..');

/** The path of tsc's launcher, or undefined where TypeScript is not installed (`npm ci --omit=dev`). */
export function findCompiler() {
  try {
    const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
    return path.join(path.dirname(manifest), 'bin', 'tsc');
  } catch {
    return undefined;
  }
}

/**
 * Builds into `dist`; answers the exit code of tsc. With type errors the output is written all the same.
 * `typesToo` false leaves the types out, for a quick build.
 */
export async function build(typesToo = true) {
  const compiler = findCompiler();
  if (compiler === undefined) throw new Error('TypeScript is not installed: run `npm ci` first');
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  await bundle();
  if (!typesToo) return 0;
  const args = [compiler, '-p', path.join(root, 'tsconfig.build.json')];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/**
 * Rooms that are loaded together; left alone, each set of sharers would make a chunk of its own. The higher
 * priority takes what several want.
 */
const GROUPS = [
  { name: 'foundation', priority: 5, test: /\/src\/(base|jute|ports|protocol|events)\// },
  { name: 'commander', priority: 4, test: /\/node_modules\/commander\// },
  {
    name: 'client',
    priority: 3,
    test: /\/src\/(client\/(?!load\/)|platform\/(clock|net|random|timers)\.ts)/,
  },
  { name: 'platform', priority: 2, test: /\/src\/platform\/(?!http)/ },
  // Without what loads prom-client, which a server needs once somebody scrapes it.
  { name: 'server', priority: 1, test: /\/src\/(server\/(?!admin\/prometheus)|storage)\// },
  // What a server shares with those who look at it from outside: neither is to load the other.
  {
    name: 'shared',
    priority: 2,
    test: /\/src\/(server\/(quorum\/|processor\/request-kinds)|formatters\/(escape|event-|java-|time-|vote-))/,
  },
  { name: 'files', priority: 1, test: /\/src\/(inspect|formatters\/(?!java-dates))/ },
  { name: 'commands', priority: 1, test: /\/src\/cli\/(nodes|output|parse|settings)\// },
];

/** Small enough, and needed by every command: it is bundled, the other packages stay where npm puts them. */
const BUNDLED = ['commander'];

/**
 * A program that tells nothing: every question whether somebody listens is answered with no, when it is
 * built. What the others cost is measured against it.
 */
const SILENCED = {
  name: 'silenced',
  transform(code, id) {
    if (!/\/src\/.*\.tsx?$/.test(id)) return null;
    return { code: code.replace(/[\w.]*\b(?:events|bus)\.on\['[^']+'\]/g, 'false') };
  },
};

/** Builds the program into `dir`, without any event; for bench/observe.bench.ts. */
export const buildSilenced = (dir) => bundle(dir, [SILENCED]);

async function bundle(dir = 'dist', plugins = []) {
  const { rolldown } = await import('rolldown');
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8'),
  );
  const packages = Object.keys({ ...dependencies, ...optionalDependencies }).filter(
    (it) => !BUNDLED.includes(it),
  );
  const bundled = await rolldown({
    cwd: root,
    input: { 'cli/main': 'src/cli/main.ts', 'client/index': 'src/client/index.ts' },
    platform: 'node',
    plugins,
    external: (id) => id.startsWith('node:') || packages.some((it) => id === it || id.startsWith(`${it}/`)),
  });
  await bundled.write({
    dir,
    format: 'esm',
    sourcemap: plugins.length === 0,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: { groups: GROUPS },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = await build(!process.argv.includes('--quick'));
