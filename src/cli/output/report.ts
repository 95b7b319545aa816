/**
 * Answers in the form asked for. JSON answers are one object with `v`, the version of the schema
 * (docs/shell.md); with `ndjson` a list is one object a line, each with `v`.
 */
import type { OutputFormat } from '../settings/global-options.ts';
import type { Printer } from './printer.ts';

/** Version of the JSON schema: raised when a field changes its meaning or goes. */
export const JSON_VERSION = 1;

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Prints an answer that is one thing. `raw` is what `-o raw` writes, where it differs from the text. */
export function reportOne(
  out: Printer,
  format: OutputFormat,
  answer: { readonly json: () => JsonObject; readonly text: () => void; readonly raw?: () => Uint8Array },
): void {
  if (format === 'json') out.json({ v: JSON_VERSION, ...answer.json() }, out.stream.isTTY ? 2 : 0);
  else if (format === 'ndjson') out.json({ v: JSON_VERSION, ...answer.json() });
  else if (format === 'raw' && answer.raw !== undefined) out.raw(answer.raw());
  else answer.text();
}

/** Prints an answer that is a list and may be long: each item as soon as it is there, except for `json`. */
export class ListReport {
  private readonly out: Printer;
  private readonly format: OutputFormat;
  private readonly name: string;
  private readonly kept: JsonObject[] = [];

  /** `name` is the field that holds the items in `json`. */
  constructor(out: Printer, format: OutputFormat, name: string) {
    this.out = out;
    this.format = format;
    this.name = name;
  }

  /** Adds an item. Await it: it waits for a slow reader. */
  async add(json: () => JsonObject, text: () => void): Promise<void> {
    if (this.format === 'json') this.kept.push(json());
    else if (this.format === 'ndjson') this.out.json({ v: JSON_VERSION, ...json() });
    else text();
    await this.out.stream.drained();
  }

  /** Says that there is no more; `more` are further fields of the JSON object. */
  end(more: JsonObject = {}): void {
    if (this.format !== 'json') return;
    this.out.json({ v: JSON_VERSION, [this.name]: this.kept, ...more }, this.out.stream.isTTY ? 2 : 0);
  }
}
