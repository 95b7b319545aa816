import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HISTORY_LINES, HistoryFile, mayKeep } from '../../../src/cli/shell/history-file.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-history-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the history file', () => {
  test('keeps lines over shells, readable by its owner only', () => {
    const env = { XDG_STATE_HOME: dir };
    const first = new HistoryFile(env);
    expect(first.read()).toEqual([]);
    first.add('ls /');
    first.add('addauth digest user:password');
    first.add('   ');
    first.add('get "/ž"');
    const file = path.join(dir, 'zkt', 'history');
    expect(readFileSync(file, 'utf8')).toBe('ls /\nget "/ž"\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
    expect(new HistoryFile(env).read()).toEqual(['ls /', 'get "/ž"']);
  });

  test('is cut when it has grown', () => {
    const file = path.join(dir, 'zkt', 'history');
    writeFileSync(file, Array.from({ length: 4 * HISTORY_LINES }, (_, i) => `ls /${i}\n`).join(''));
    const lines = new HistoryFile({ XDG_STATE_HOME: dir }).read();
    expect(lines.length).toBe(HISTORY_LINES);
    expect(lines.at(-1)).toBe(`ls /${4 * HISTORY_LINES - 1}`);
    expect(readFileSync(file, 'utf8').split('\n').length).toBe(HISTORY_LINES + 1);
  });

  test('never holds a credential, nor what acts on a terminal', () => {
    for (const line of [
      'addauth digest u:p',
      '  addauth x',
      `'addauth' x`,
      'x addauth',
      'get \x1b[31m',
      '',
    ]) {
      expect(mayKeep(line), line).toBe(false);
    }
    expect(mayKeep('get /addauth')).toBe(true);
  });

  test('is done without where it cannot be', () => {
    const file = path.join(dir, 'file');
    writeFileSync(file, '');
    const history = new HistoryFile({ XDG_STATE_HOME: file });
    expect(history.read()).toEqual([]);
    history.add('ls /');
  });
});
