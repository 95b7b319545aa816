/**
 * A terminal taken over for a full-screen program, as an effect. Whoever takes it gives it back whole: the
 * screen as it was, the cursor shown, input by lines again.
 */

/** Why a terminal is given back without the program asking. */
export type TerminalEnd = 'signal' | 'hangup' | 'output-closed';

/** What a program is told of its terminal. */
export interface TerminalOwner {
  /** Somebody typed; the bytes as UTF-8 text, whatever pieces they came in. */
  input(text: string): void;
  /** It has another size. Many of these may come in a burst. */
  resized(): void;
  /** The program runs again after it was stopped; nothing of what was drawn is there any more. */
  resumed(): void;
  /** The process is asked to end, or nobody can see the screen any more. */
  ended(why: TerminalEnd): void;
}

/** A terminal that was taken over. */
export interface TerminalScreen {
  /** Now; 80 and 24 where it does not say. */
  readonly columns: number;
  readonly rows: number;
  /** The terminal is slow: what is printed now piles up in memory. */
  readonly congested: boolean;
  /** Prints as it is. */
  write(text: string): void;
  /** Gives the terminal back and stops the process, as Ctrl-Z does; `resumed` is told after `fg`. */
  suspend(): void;
  /** Gives the terminal back for good; harmless when repeated. */
  close(): void;
}

/** Takes a terminal over. */
export interface Terminals {
  /** Enters the alternate screen, hides the cursor, takes keys one by one. */
  take(owner: TerminalOwner): TerminalScreen;
}
