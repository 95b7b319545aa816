/**
 * Installs the foreign clients (test/interop/foreign, with a lock of its own) before the interoperability
 * tests.
 *
 * They stay out of the house's package.json: the C client compiles for some ten seconds and needs gcc, make
 * and Node's headers, which nobody should need to use zkt. Where the toolchain is missing the plain
 * JavaScript client is installed alone and the tests of the C client skip themselves, unless
 * `ZKT_INTEROP_STRICT` is set, as `.ci/run` does.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.join(import.meta.dirname, 'foreign');
const stamp = path.join(folder, 'node_modules', '.zkt-installed');
const nativeBinding = path.join(folder, 'node_modules', 'zookeeper', 'build', 'Release', 'zookeeper.node');

/** Installs unless what is there came from the same lock, the same Node and the same kind of install. */
export default function setup(): void {
  const strict = process.env.ZKT_INTEROP_STRICT !== undefined;
  const wanted = `${process.version}\n${readFileSync(path.join(folder, 'package-lock.json'), 'utf8')}`;
  const current = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (current && (existsSync(nativeBinding) || !strict)) return;
  const built = install([]);
  if (built.status !== 0) {
    const output = `${built.stdout}${built.stderr}`;
    if (strict) throw new Error(`the foreign clients could not be installed:\n${output}`);
    console.error(
      'the C client could not be built (gcc, make, python3, Node headers?); its tests skip themselves',
    );
    const plain = install(['--ignore-scripts']);
    if (plain.status !== 0)
      throw new Error(`npm ci in test/interop/foreign:\n${plain.stdout}${plain.stderr}`);
  }
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function install(flags: readonly string[]): SpawnSyncReturns<string> {
  // Headers beside this Node spare node-gyp their download.
  const headers = path.join(path.dirname(process.execPath), '..');
  const local = existsSync(path.join(headers, 'include', 'node', 'node.h'));
  const env = { ...process.env, ...(local ? { npm_config_nodedir: headers } : {}) };
  return spawnSync('npm', ['ci', ...flags], { cwd: folder, encoding: 'utf8', env });
}
