// Runs the benchmarks by plain Node: every bench/**/*.bench.ts, or those whose path holds one of the words
// given.
//
// vitest's module runner would stand between the code and the clock, and Node 20 cannot run TypeScript, so
// src and bench are transpiled side by side into dist-bench first. Each file runs in a process of its own,
// with the root of the repository as its working directory; arguments after `--` go to it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build, buildSilenced, findCompiler } from './build.mjs';

const root = path.join(import.meta.dirname, '..');
const split = process.argv.indexOf('--');
const words = process.argv.slice(2, split < 0 ? undefined : split);
const passed = split < 0 ? [] : process.argv.slice(split + 1);

function run(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

const files = (
  existsSync(path.join(root, 'bench')) ? readdirSync(path.join(root, 'bench'), { recursive: true }) : []
)
  .filter((it) => it.endsWith('.bench.ts') && (words.length === 0 || words.some((word) => it.includes(word))))
  .sort();
if (files.length === 0) {
  console.error(`no benchmark ${words.length === 0 ? 'in bench/' : `matches ${words.join(' ')}`}`);
  process.exit(1);
}

rmSync(path.join(root, 'dist-bench'), { recursive: true, force: true });
const compiler = findCompiler();
if (compiler === undefined) throw new Error('TypeScript is not installed: run `npm ci` first');
// What is measured as a process is bin/zkt, as users have it: dist has to be current.
if ((await build()) !== 0 || run([compiler, '-p', 'tsconfig.bench.json']) !== 0) process.exit(1);
if (files.some((it) => it.includes('observe'))) await buildSilenced('dist-mute');
for (const file of files) {
  console.log(`\n# bench/${file}`);
  const script = path.join('dist-bench', 'bench', file.replace(/\.ts$/, '.js'));
  if (run(['--enable-source-maps', '--expose-gc', script, ...passed]) !== 0) process.exitCode = 1;
}
