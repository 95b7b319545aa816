// Checks the floors with dependency-cruiser, and that dependency-cruiser did read every source file.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { ROOMS } from './rooms.cjs';

const home = path.join(import.meta.dirname, '..');

/**
 * Cruises `src` below `root`: violations as `rule: from -> to`, the number of modules, and the source files
 * that were not read.
 */
export async function checkFloors(root) {
  const options = await extractOptions(path.join(home, '.dependency-cruiser.cjs'));
  const { output } = await cruise(['src'], { ...options, baseDir: root, outputType: undefined });
  const violations = output.summary.violations.map(
    ({ rule, from, to, cycle }) =>
      `${rule.name}: ${[from, ...(cycle?.map((it) => it.name) ?? [to])].join(' -> ')}`,
  );
  const outside = (file) => !ROOMS.some((it) => file.startsWith(`src/${it.path}/`));
  const cruised = new Set(output.modules.map((it) => it.source));
  const files = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile() && /\.tsx?$/.test(it.name))
    .map((it) => path.relative(root, path.join(it.parentPath, it.name)));
  const imports = output.modules.reduce((sum, it) => sum + it.dependencies.length, 0);
  for (const file of files.filter(outside)) violations.push(`no-file-outside-a-room: ${file}`);
  return { violations, modules: cruised.size, imports, unread: files.filter((it) => !cruised.has(it)) };
}

async function main() {
  const { violations, modules, imports, unread } = await checkFloors(home);
  for (const it of violations) console.error(`error ${it}`);
  for (const it of unread) console.error(`error not cruised: ${it}`);
  if (modules === 0 || imports === 0)
    console.error('error dependency-cruiser read nothing: is @swc/core installed?');
  console.log(`floors: ${modules} modules, ${imports} imports, ${violations.length} violations`);
  if (violations.length > 0 || unread.length > 0 || modules === 0 || imports === 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
