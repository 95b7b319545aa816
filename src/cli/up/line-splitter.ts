/** Lines out of chunks of UTF-8. Pure, but for what it keeps of an unfinished line. */
import { StringDecoder } from 'node:string_decoder';

/** A longer line is cut into several. */
const LINE_CHARS_MAX = 64 * 1024;

/** See the top of the file. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  /** The lines that are finished with this chunk, without line breaks. */
  take(chunk: Buffer): string[] {
    const lines = (this.rest + this.decoder.write(chunk)).split('\n');
    this.rest = lines.pop() ?? '';
    while (this.rest.length > LINE_CHARS_MAX) {
      lines.push(this.rest.slice(0, LINE_CHARS_MAX));
      this.rest = this.rest.slice(LINE_CHARS_MAX);
    }
    return lines.map((line) => line.replace(/\r$/, ''));
  }

  /** What came after the last line break; none when there was nothing. */
  end(): string[] {
    const rest = this.rest + this.decoder.end();
    this.rest = '';
    return rest === '' ? [] : [rest];
  }
}
