/** Values of nodes on the command line. */
import type { CommandContext } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import type { OptionSpec, ParsedArgs } from '../parse/options.ts';

/** Options of commands that take a value. */
export const VALUE_OPTIONS: readonly OptionSpec[] = [
  { long: 'base64', says: 'the value is given in base64' },
  { long: 'hex', says: 'the value is given in hexadecimal' },
];

/** The bytes an argument stands for. In a one-shot `-` stands for standard input. */
export async function valueFrom(
  context: CommandContext,
  args: ParsedArgs,
  argument: string,
): Promise<Buffer> {
  const fromStdin = argument === '-' && context.shell === undefined;
  const bytes = fromStdin ? await context.io.stdin.readAll() : Buffer.from(argument, 'utf8');
  const base64 = args.has('base64') || args.has('b');
  if (base64 && args.has('hex')) throw new CommandFailure('--base64 and --hex exclude one another', 2);
  if (base64) return decoded(bytes.toString('latin1'), 'base64', /^[A-Za-z0-9+/]*={0,2}$/, 4);
  if (args.has('hex')) return decoded(bytes.toString('latin1'), 'hex', /^[0-9a-fA-F]*$/, 2);
  return bytes;
}

function decoded(text: string, encoding: 'base64' | 'hex', form: RegExp, multiple: number): Buffer {
  const digits = text.replace(/\s+/g, '');
  if (!form.test(digits) || digits.length % multiple !== 0) {
    throw new CommandFailure(`the value is not ${encoding}`, 2);
  }
  return Buffer.from(digits, encoding);
}

/** A version argument: a 32-bit number. */
export function versionOf(text: string | undefined): number {
  if (text === undefined) return -1;
  const value = /^[-+]?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value !== (value | 0)) throw new CommandFailure(`-v must be a version number, not ${text}`, 2);
  return value;
}

/** A number argument >= `min`. */
export function countOf(text: string, name: string, min = 1): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value < min)
    throw new CommandFailure(`${name} must be a whole number, at least ${min}, not ${text}`, 2);
  return value;
}
