/**
 * From lines and `-D` properties to typed values: every key looked up in the table, every value checked.
 * Pure.
 */
import { ZktError } from '../../base/errors.ts';
import { isMembershipKey } from '../quorum/membership-lines.ts';
import type { PropertyLine } from './java-properties.ts';
import { parseProperties } from './java-properties.ts';
import { isKeptFamily, isSecret, KEYS, type KeyName, keySpec, type Settings } from './keys.ts';
import type { ConfigWarning } from './server-config.ts';

/** A text that holds lines, and the name it is shown by. */
export interface ConfigText {
  readonly name: string;
  readonly text: string;
}

/** One line, and the file (or `-D`) it came from. */
export interface SourcedLine extends PropertyLine {
  readonly file: string;
}

/** What the lines said. */
export interface ReadSettings {
  readonly settings: Settings;
  /** Where each key that was given was given last. */
  readonly given: ReadonlyMap<KeyName, SourcedLine>;
  /** Lines of the membership, in order. */
  readonly membership: readonly SourcedLine[];
  /** By Apache's full name. */
  readonly properties: ReadonlyMap<string, string>;
  readonly warnings: readonly ConfigWarning[];
}

/** The name of what `-D` gives. */
export const COMMAND_LINE = '-D';
/** Longest value that is repeated in an error. */
const SHOWN_VALUE_MAX = 80;

/** The lines of a file in Java's properties syntax; throws `ZKT_CONFIG_LINE`. */
export function readLines(source: ConfigText): SourcedLine[] {
  const lines = parseProperties(source.text.replace(/^\ufeff/, ''));
  if (Array.isArray(lines)) return lines.map((l) => ({ ...l, file: source.name }));
  const { line, message } = lines;
  throw new ZktError('ZKT_CONFIG_LINE', {
    file: source.name,
    line,
    key: '(line)',
    value: '',
    expected: `Java properties syntax: ${message}`,
  });
}

/** The error for a line whose value is not what it must be. Secrets are not repeated. */
export const badLine = (line: SourcedLine, expected: string): ZktError<'ZKT_CONFIG_LINE'> =>
  new ZktError('ZKT_CONFIG_LINE', {
    file: line.file,
    line: line.line,
    key: line.key,
    value: isSecret(line.key) ? '***' : shorten(line.value),
    expected,
  });

const shorten = (value: string): string =>
  value.length <= SHOWN_VALUE_MAX ? value : `${value.slice(0, SHOWN_VALUE_MAX)}…`;

/**
 * The `-D` texts as lines. `zookeeper.x=y` is Java's name of the property `x`; a `jvm` property has its bare
 * name; and `x=y` is what the line `x=y` of a zoo.cfg would be. Throws `ZKT_USAGE` for a text without `=`.
 */
export function readDefinitions(definitions: readonly string[]): SourcedLine[] {
  return definitions.map((text, i) => {
    const equals = text.indexOf('=');
    if (equals <= 0) throw new ZktError('ZKT_USAGE', { why: `-D needs key=value, not ${shorten(text)}` });
    const name = text.slice(0, equals);
    const bare = name.startsWith('zookeeper.') ? name.slice('zookeeper.'.length) : undefined;
    const isProperty = bare !== undefined && (keySpec(bare)?.scope === 'property' || isKeptFamily(bare));
    return {
      key: isProperty ? bare : name,
      value: text.slice(equals + 1).trim(),
      line: i + 1,
      file: COMMAND_LINE,
    };
  });
}

/**
 * Checks every line; the last of several lines of a key counts. Throws `ZKT_CONFIG_LINE` for a value that is
 * none of its kind; an unknown key, or one of no effect in this release, is a warning.
 */
export function readSettings(lines: readonly SourcedLine[]): ReadSettings {
  const values = new Map<string, unknown>();
  const given = new Map<KeyName, SourcedLine>();
  const membership: SourcedLine[] = [];
  const properties = new Map<string, string>();
  const warnings: ConfigWarning[] = [];
  for (const line of lines) {
    const { key, value, file } = line;
    const warn = (message: string): void => {
      warnings.push({ file, line: line.line, message });
    };
    const spec = keySpec(key);
    if (isMembershipKey(key)) membership.push(line);
    else if (spec === undefined) {
      properties.set(`zookeeper.${key}`, value);
      if (!isKeptFamily(key)) warn(unknownKey(key));
      else if (!key.startsWith('authProvider.')) warn(`${key} has no effect in this release`);
    } else if (spec.scope === 'jvm' && file !== COMMAND_LINE) {
      warn(`${key} is not read from a file (as in Apache ZooKeeper); give it as -D ${key}=${value}`);
    } else {
      const parsed = spec.kind.parse(value);
      if (parsed === undefined) throw badLine(line, spec.kind.expected);
      const earlier = given.get(key as KeyName);
      if (earlier !== undefined && earlier.file === file && earlier.value !== value) {
        warn(`${key} was already given in line ${earlier.line}; this line counts`);
      }
      if (spec.effect === 'none') warn(`${key} means nothing here: zkt is built another way`);
      else if (spec.effect === 'later') warn(`${key} has no effect in this release`);
      values.set(key, parsed);
      given.set(key as KeyName, line);
      if (spec.scope !== 'core') properties.set(spec.scope === 'jvm' ? key : `zookeeper.${key}`, value);
    }
  }
  const all = Object.entries(KEYS).map(([name, spec]) => [name, values.get(name) ?? spec.kind.fallback]);
  // The value of each key was made by the kind of that very key, which is what `Settings` says.
  const settings = Object.fromEntries(all) as Settings;
  return { settings, given, membership, properties, warnings };
}

function unknownKey(key: string): string {
  if (key.startsWith('zookeeper.') && keySpec(key.slice('zookeeper.'.length)) !== undefined) {
    return `${key} is unknown: in a file, and for core keys, write ${key.slice('zookeeper.'.length)}`;
  }
  const similar = Object.keys(KEYS).find((name) => name.toLowerCase() === key.toLowerCase());
  return similar === undefined
    ? `unknown key ${shorten(key)}`
    : `unknown key ${shorten(key)}; did you mean ${similar}?`;
}
