/**
 * Options as zkCli reads them (it uses Apache Commons CLI): flags stand anywhere among the arguments,
 * one-letter flags combine (`-sw`), a value stands in the next word, behind `=`, or right behind its letter
 * (`-b500`), `--` ends the options, a negative number is not an option when a value is expected. Beyond
 * zkCli, options may have long names (`--raw`, `--limit=10`).
 *
 * The words of the error messages are those zkCli prints, class names included: scripts look for them.
 */
import { ZktError } from '../../base/errors.ts';
import { suggestion } from '../suggest.ts';

/** An option of a command. */
export interface OptionSpec {
  /** Without dashes: `s`, or a word used with one dash as zkCli does (`file`). */
  readonly flag?: string;
  /** Without dashes, used with two. */
  readonly long?: string;
  /** The name of its value, in help; an option without is a switch. */
  readonly value?: string;
  readonly says: string;
  /** Options of one group exclude one another. */
  readonly group?: OptionGroup;
}

/** Options of which only one may be given. */
export interface OptionGroup {
  readonly required: boolean;
}

/** The name options are asked by: the long one, else the flag. */
const optionName = (spec: OptionSpec): string => spec.long ?? spec.flag ?? '';

/** Why words could not be read as options and arguments. */
export class OptionError extends ZktError<'ZKT_USAGE'> {
  constructor(
    kind: 'UnrecognizedOption' | 'MissingArgument' | 'MissingOption' | 'AlreadySelected',
    why: string,
    advice = '',
  ) {
    super('ZKT_USAGE', { why: `org.apache.commons.cli.${kind}Exception: ${why}` });
    this.plain = why + advice;
  }
  /** Without the class name, and with advice zkCli does not give: for one-shots. */
  readonly plain: string;
}

/** Words told apart. */
export class ParsedArgs {
  /** What is no option, in order. */
  readonly rest: readonly string[];
  readonly given: ReadonlyMap<string, string | true>;

  constructor(rest: readonly string[], given: ReadonlyMap<string, string | true>) {
    this.rest = rest;
    this.given = given;
  }

  /** Whether the option of that name was given. */
  has(name: string): boolean {
    return this.given.has(name);
  }

  /** The value of an option, its first where it was given twice. */
  value(name: string): string | undefined {
    const value = this.given.get(name);
    return value === true ? undefined : value;
  }
}

/** Tells options and arguments apart; throws `OptionError`. */
export function parseOptions(specs: readonly OptionSpec[], words: readonly string[]): ParsedArgs {
  return new Parser(specs).run(words);
}

/** The same, where everything from the first argument on is left as it is. */
export function parseLeadingOptions(specs: readonly OptionSpec[], words: readonly string[]): ParsedArgs {
  const end = leadingOptions(specs, words);
  const { rest, given } = new Parser(specs).run(words.slice(0, end));
  return new ParsedArgs([...rest, ...words.slice(end)], given);
}

/** How many words at the beginning are options or values of them. */
export function leadingOptions(specs: readonly OptionSpec[], words: readonly string[]): number {
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word === '-') break;
    const spec = specs.find((it) => word === `--${it.long}` || word === `-${it.flag}`);
    at += spec?.value === undefined ? 1 : 2;
    if (word === '--') break;
  }
  return Math.min(at, words.length);
}

const NUMBER = /^-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?[dDfF]?$/;

class Parser {
  private readonly specs: readonly OptionSpec[];
  private readonly rest: string[] = [];
  private readonly given = new Map<string, string | true>();
  private readonly chosen = new Map<OptionGroup, OptionSpec>();
  /** The option that waits for its value. */
  private open: OptionSpec | undefined;

  constructor(specs: readonly OptionSpec[]) {
    this.specs = specs;
  }

  run(words: readonly string[]): ParsedArgs {
    let literal = false;
    for (const word of words) {
      if (literal) this.rest.push(word);
      else if (word === '--') literal = true;
      else if (this.open !== undefined && this.isValue(word)) this.supply(this.open, word);
      else if (word.startsWith('--')) this.long(word);
      else if (word.startsWith('-') && word !== '-') this.short(word);
      else this.rest.push(word);
    }
    this.demandValue();
    this.demandGroups();
    return new ParsedArgs(this.rest, this.given);
  }

  private unknown(word: string): OptionError {
    const long = this.specs.flatMap((spec) => (spec.long === undefined ? [] : [`--${spec.long}`]));
    const advice = word.startsWith('--') ? suggestion(word.replace(/=.*$/s, ''), long) : '';
    return new OptionError('UnrecognizedOption', `Unrecognized option: ${word}`, advice && `.${advice}`);
  }

  private byFlag(flag: string): OptionSpec | undefined {
    return flag === '' ? undefined : this.specs.find((spec) => spec.flag === flag);
  }

  private isValue(word: string): boolean {
    if (!word.startsWith('-') || word.length === 1) return true;
    if (NUMBER.test(word)) return true;
    const name = word.replace(/^--?/, '').replace(/=.*$/s, '');
    if (word.startsWith('--')) return this.specs.every((spec) => spec.long !== name);
    return this.byFlag(name) === undefined && this.byFlag(name.charAt(0)) === undefined;
  }

  private long(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const spec = this.specs.find((it) => it.long === name);
    if (spec === undefined) throw this.unknown(word);
    this.take(spec);
    if (equals < 0) return;
    if (this.open === undefined) throw this.unknown(word);
    this.supply(spec, word.slice(equals + 1));
  }

  private short(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(1, equals < 0 ? undefined : equals);
    const spec = this.byFlag(name);
    if (spec !== undefined && equals < 0) this.take(spec);
    else if (spec?.value !== undefined) {
      this.take(spec);
      this.supply(spec, word.slice(equals + 1));
    } else if (equals >= 0) throw this.unknown(word);
    else this.cluster(word);
  }

  /** `-sw`, or `-b500`: letters up to the first that takes a value, which is the rest of the word. */
  private cluster(word: string): void {
    for (let i = 1; i < word.length; i++) {
      const spec = this.byFlag(word.charAt(i));
      if (spec === undefined) throw this.unknown(word);
      this.take(spec);
      if (this.open === undefined || i + 1 === word.length) continue;
      this.supply(spec, word.slice(i + 1));
      return;
    }
  }

  private take(spec: OptionSpec): void {
    this.demandValue();
    if (spec.group !== undefined) {
      const other = this.chosen.get(spec.group);
      if (other !== undefined && other !== spec) {
        throw new OptionError(
          'AlreadySelected',
          `The option '${optionName(spec)}' was specified but an option from this group has already been selected: '${optionName(other)}'`,
        );
      }
      this.chosen.set(spec.group, spec);
    }
    if (spec.value !== undefined) this.open = spec;
    else this.given.set(optionName(spec), true);
  }

  private supply(spec: OptionSpec, value: string): void {
    const name = optionName(spec);
    if (!this.given.has(name)) this.given.set(name, unquoted(value));
    this.open = undefined;
  }

  private demandValue(): void {
    if (this.open === undefined) return;
    throw new OptionError('MissingArgument', `Missing argument for option: ${optionName(this.open)}`);
  }

  private demandGroups(): void {
    const groups = new Set(this.specs.flatMap((spec) => (spec.group?.required ? [spec.group] : [])));
    for (const group of groups) {
      if (this.chosen.has(group)) continue;
      const all = this.specs.filter((spec) => spec.group === group);
      const list = all.map((spec) => `-${optionName(spec)} ${spec.says}`).join(', ');
      throw new OptionError('MissingOption', `Missing required option: [${list}]`);
    }
  }
}

/** A value loses quotes that surround it. */
const unquoted = (text: string): string =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"') && !text.slice(1, -1).includes('"')
    ? text.slice(1, -1)
    : text;
