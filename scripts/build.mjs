// Builds dist from src with tsc, and removes what an earlier build left of files that are gone from src.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
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

/** Runs the build; the exit code of tsc. With type errors (2) the output is written all the same. */
export function build() {
  const compiler = findCompiler();
  if (compiler === undefined) throw new Error('TypeScript is not installed: run `npm ci` first');
  const args = [compiler, '-p', path.join(root, 'tsconfig.build.json')];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  sweep(path.join(root, 'dist'), path.join(root, 'src'));
  return status ?? 1;
}

function sweep(dist, src) {
  if (!existsSync(dist)) return;
  for (const entry of readdirSync(dist, { withFileTypes: true })) {
    const output = path.join(dist, entry.name);
    if (entry.isDirectory()) {
      if (existsSync(path.join(src, entry.name))) sweep(output, path.join(src, entry.name));
      else rmSync(output, { recursive: true });
      continue;
    }
    const stem = path.join(src, entry.name.replace(/(\.d\.ts|\.js\.map|\.js)$/, ''));
    if (!existsSync(`${stem}.ts`) && !existsSync(`${stem}.tsx`)) rmSync(output);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = build();
