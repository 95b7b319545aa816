/** `cli_mt`, the C client's shell, as Debian packages it in `zookeeper-bin`. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tempDir } from './apache.ts';

const CLI_MT = '/usr/lib/zookeeper/bin/cli_mt';

/** Whether it is installed. */
export const hasCShell = (): boolean => existsSync(CLI_MT);

const COMMANDS = [
  'create /c',
  'create +e /c/eph',
  'create +s /c/seq-',
  'create +es /c/both-',
  'create2 /c/two',
  'create /c',
  'ls /c',
  'ls2 /c',
  'get /c',
  'wget /c',
  'set /c data',
  'stat /c',
  'wexists /c/later',
  'create /c/later',
  'addauth digest u:p',
  'sync /c',
  'get /absent',
  'delete /c',
  'delete /c/two',
];
/** It reads what is there as one command, and has no prompt: a command is done when nothing more is said. */
const QUIET_MS = 100;

/** Runs the commands one after the other; answers what was said, without times and ids. */
export async function runCShell(address: string): Promise<string[]> {
  const child = spawn(CLI_MT, [address], { cwd: tempDir('cli-mt') });
  let said = '';
  child.stdout.resume();
  let saidAt = performance.now();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    saidAt = performance.now();
  });
  const quiet = async (): Promise<void> => {
    while (performance.now() - saidAt < QUIET_MS) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  try {
    while (!said.includes('Got a new session') && child.exitCode === null && child.signalCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const command of COMMANDS) {
      await quiet();
      child.stdin.write(`${command}\n`);
      saidAt = performance.now();
    }
    await quiet();
    child.stdin.end('quit\n');
    return [...plain(said), `exit code ${await ended}`];
  } finally {
    clearTimeout(timer);
  }
}

/** Children have no order. */
const CHILDREN = /(?:^\t[\w-]+\n)+/gm;

const plain = (text: string): string[] =>
  text
    .replace(CHILDREN, (names) => `${names.trimEnd().split('\n').sort().join('\n')}\n`)
    .split('\n')
    .filter((line) => !/ZOO_(INFO|DEBUG)|^time = |^Got a new session/.test(line))
    .map((line) => line.replace(/((?:c|m)time ?= ?|(?:c|m)zxid ?= ?|pzxid ?= ?|Owner ?= ?).*$/gi, '$1…'));
