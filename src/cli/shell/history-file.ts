/** Lines of earlier shells: `$XDG_STATE_HOME/zkt/history`, readable by its owner only. */
import path from 'node:path';
import { escapeLine } from '../../formatters/escape.ts';
import { appendPrivateFile, readUserFile, writePrivateFile } from '../../platform/user-files.ts';
import { splitWords } from '../parse/words.ts';
import { folders } from '../settings/settings.ts';

/** Lines kept for the arrow keys. */
export const HISTORY_LINES = 1000;
/** The file is cut when it has grown to this. */
const FILE_LINES_MAX = 3 * HISTORY_LINES;

/** Whether a line may be kept: one that shows a credential is not, nor one a terminal could not show. */
export const mayKeep = (line: string): boolean =>
  line.trim() !== '' && !splitWords(line).includes('addauth') && escapeLine(line) === line;

/** See the top of the file. A file that cannot be read or written is done without. */
export class HistoryFile {
  private readonly file: string;
  private broken = false;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.file = path.join(folders(env).state, 'history');
  }

  /** The last lines, oldest first. */
  read(): string[] {
    try {
      const lines = (readUserFile(this.file) ?? '').split('\n').filter(mayKeep);
      if (lines.length > FILE_LINES_MAX) {
        writePrivateFile(this.file, `${lines.slice(-HISTORY_LINES).join('\n')}\n`);
      }
      return lines.slice(-HISTORY_LINES);
    } catch {
      this.broken = true;
      return [];
    }
  }

  /** Adds a line, unless it must not be kept. */
  add(line: string): void {
    if (this.broken || !mayKeep(line)) return;
    try {
      appendPrivateFile(this.file, `${line}\n`);
    } catch {
      this.broken = true;
    }
  }
}
