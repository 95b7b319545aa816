/** What this process and its machine are: for `envi`, `mntr` and the version. */
import fs from 'node:fs';
import os from 'node:os';
import v8 from 'node:v8';

const MIB = 1024 * 1024;
const ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'aarch64' };
/** What Java prints for a property there is none of; there is no Java here. */
const NONE = '<NA>';

/** The pairs of `envi` after the version, under Java's names, with Node's own at the end. */
export function environmentPairs(): [key: string, value: string][] {
  const memory = process.memoryUsage();
  const heapMax = v8.getHeapStatistics().heap_size_limit;
  const mib = (bytes: number): string => `${Math.round(bytes / MIB)}MB`;
  const user = userInfo();
  return [
    ['host.name', os.hostname()],
    ['java.version', NONE],
    ['java.vendor', NONE],
    ['java.home', NONE],
    ['java.class.path', NONE],
    ['java.library.path', NONE],
    ['java.io.tmpdir', os.tmpdir()],
    ['java.compiler', NONE],
    ['os.name', os.type()],
    ['os.arch', ARCH[process.arch] ?? process.arch],
    ['os.version', os.release()],
    ['user.name', user.name],
    ['user.home', user.home],
    ['user.dir', process.cwd()],
    ['os.memory.free', mib(memory.heapTotal - memory.heapUsed)],
    ['os.memory.max', mib(heapMax)],
    ['os.memory.total', mib(memory.heapTotal)],
    ['node.version', process.version],
  ];
}

/** The user's name and home; a container may run under an id that has neither. */
function userInfo(): { name: string; home: string } {
  try {
    const { username, homedir } = os.userInfo();
    return { name: username, home: homedir };
  } catch {
    return { name: String(process.getuid?.() ?? ''), home: os.homedir() };
  }
}

/** Open file descriptors and their limit; undefined without /proc. */
export function openFiles(): { open: number; max: number } | undefined {
  try {
    const limits = fs.readFileSync('/proc/self/limits', 'latin1');
    const max = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    // Linux 6.2 and later tell the number as the size of the folder: of many files that is much quicker.
    const { size } = fs.statSync('/proc/self/fd');
    const open = size > 0 ? size : fs.readdirSync('/proc/self/fd').length;
    return max === undefined ? undefined : { open, max: Number(max) };
  } catch {
    return undefined;
  }
}

/** When a file was last changed, ms since 1970; 0 where it cannot be told. */
export function changedAt(file: string): number {
  try {
    return fs.statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
