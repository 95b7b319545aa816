/**
 * Draws frames with Ink. Ink gets a stream of its own instead of the terminal: the terminal's size, its
 * signals and its keys are dealt with by the driver, and Ink, which would wipe the screen and what was
 * scrolled away when it believes a frame to be as tall as the terminal, is told of one that is never full.
 */
import { Writable } from 'node:stream';
import { type Instance, render } from 'ink';
import { type Frame, frameView } from './frame.ts';

/** Frames a second at most. */
const FPS_MAX = 10;
/** Taller than any frame. */
const ENDLESS_ROWS = 100_000;

/**
 * Ink writes a line and erases what is behind it. On a line that is full the cursor still stands on the last
 * column, and most terminals erase that: the line is erased before it is written.
 */
const LINE_THEN_ERASE = /\x1b\[1?G([^\n]*?)\x1b\[K/g;
const ERASE_THEN_LINE = '\x1b[1G\x1b[K$1';

class InkOutput extends Writable {
  readonly isTTY = true;
  readonly rows = ENDLESS_ROWS;
  readonly columns: number;
  private readonly sink: (text: string) => void;

  constructor(columns: number, sink: (text: string) => void) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.sink = sink;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.sink(String(chunk).replace(LINE_THEN_ERASE, ERASE_THEN_LINE));
    done();
  }
}

/** Where frames are drawn. */
export class InkCanvas {
  private readonly sink: (text: string) => void;
  private instance: Instance | undefined;
  private columns = 0;
  private rows = 0;

  /** `sink` prints to the terminal. */
  constructor(sink: (text: string) => void) {
    this.sink = sink;
  }

  /** Draws a frame; lines that did not change are not sent again. */
  draw(frame: Frame): void {
    const { columns, lines } = frame;
    if (this.instance !== undefined && (columns !== this.columns || lines.length !== this.rows))
      this.forget();
    const tree = frameView(frame);
    if (this.instance !== undefined) {
      this.instance.rerender(tree);
      return;
    }
    this.columns = columns;
    this.rows = lines.length;
    this.sink('\x1b[0m\x1b[2J');
    let home = '\x1b[H';
    // Ink counts its way back from the last row of the frame before, and is wrong by one: it is put there.
    const output = new InkOutput(columns, (text) => {
      this.sink(home + text);
      if (text.includes('\n')) home = `\x1b[${lines.length};1H`;
    });
    // Ink asks for a terminal of Node; it uses what is here of one.
    const stdout = output as unknown as NodeJS.WriteStream;
    this.instance = render(tree, {
      stdout,
      incrementalRendering: true,
      maxFps: FPS_MAX,
      exitOnCtrlC: false,
      patchConsole: false,
    });
  }

  /** The terminal does not show any more what was drawn: the next frame is drawn whole. */
  forget(): void {
    this.instance?.unmount();
    this.instance = undefined;
    // Ink showed the cursor.
    this.sink('\x1b[?25l');
  }

  /** Ends it. */
  close(): void {
    this.instance?.unmount();
    this.instance = undefined;
  }
}
