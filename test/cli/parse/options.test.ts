import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  OptionError,
  type OptionSpec,
  parseLeadingOptions,
  parseOptions,
} from '../../../src/cli/parse/options.ts';

const LIMIT = { required: true };
const SPECS: readonly OptionSpec[] = [
  { flag: 's', says: 'stat' },
  { flag: 'w', says: 'watch' },
  { flag: 'v', value: 'version', says: 'version' },
  { flag: 'file', value: 'path', says: 'a file' },
  { flag: 'b', long: 'base64', says: 'base64' },
  { long: 'limit', value: 'count', says: 'limit' },
];
const GROUPED: readonly OptionSpec[] = [
  { flag: 'n', value: 'val', says: 'num soft quota', group: LIMIT },
  { flag: 'B', value: 'val', says: 'bytes hard quota', group: LIMIT },
];

/** Words and what they come to: options given, then the rest. */
function check(line: string, given: Record<string, string | true>, rest: string[], specs = SPECS) {
  const args = parseOptions(
    specs,
    line.split(' ').filter((word) => word !== ''),
  );
  expect(Object.fromEntries(args.given)).toEqual(given);
  expect(args.rest).toEqual(rest);
}

const refuse = (line: string, message: string, specs = SPECS) =>
  expect(() => parseOptions(specs, line.split(' '))).toThrow(
    expect.objectContaining({ message: `org.apache.commons.cli.${message}` }),
  );

describe('options', () => {
  test('stand anywhere', () => {
    check('-s /a', { s: true }, ['/a']);
    check('/a -s', { s: true }, ['/a']);
    check('/a -v 3 x -w', { v: '3', w: true }, ['/a', 'x']);
    check('- -s', { s: true }, ['-']);
  });

  test('combine, and carry values behind = and behind their letter', () => {
    check('-sw', { s: true, w: true }, []);
    check('-v=3', { v: '3' }, []);
    check('-v3', { v: '3' }, []);
    check('-sv3', { s: true, v: '3' }, []);
    check('-file f', { file: 'f' }, []);
    check('--limit 3 --base64', { limit: '3', base64: true }, []);
    check('--limit=3', { limit: '3' }, []);
    check('-b', { base64: true }, []);
  });

  test('a value may be a negative number, or what is no option', () => {
    check('-v -1', { v: '-1' }, []);
    check('-v -x', { v: '-x' }, []);
    check('-v 1 -v 2', { v: '1' }, []);
  });

  test('-- ends them', () => {
    check('-- -s', {}, ['-s']);
    check('/a -- -value', {}, ['/a', '-value']);
  });

  test('are refused in the words of zkCli', () => {
    refuse('-z', 'UnrecognizedOptionException: Unrecognized option: -z');
    refuse('-sz', 'UnrecognizedOptionException: Unrecognized option: -sz');
    refuse('-s=1', 'UnrecognizedOptionException: Unrecognized option: -s=1');
    refuse('--nope', 'UnrecognizedOptionException: Unrecognized option: --nope');
    refuse('/a -1', 'UnrecognizedOptionException: Unrecognized option: -1');
    refuse('/a -v', 'MissingArgumentException: Missing argument for option: v');
    refuse('-v -s', 'MissingArgumentException: Missing argument for option: v');
  });

  test('groups choose one', () => {
    check('-n 3 /a', { n: '3' }, ['/a'], GROUPED);
    refuse(
      '/a',
      'MissingOptionException: Missing required option: [-n num soft quota, -B bytes hard quota]',
      GROUPED,
    );
    refuse(
      '-n 1 -B 2',
      "AlreadySelectedException: The option 'B' was specified but an option from this group has already been selected: 'n'",
      GROUPED,
    );
  });

  test('in front of a nested command only', () => {
    const args = parseLeadingOptions(SPECS, ['-s', 'create', '-e', '/a']);
    expect(args.has('s')).toBe(true);
    expect(args.rest).toEqual(['create', '-e', '/a']);
  });

  test('any words are parsed or refused, never worse', () => {
    const word = fc.oneof(
      fc.constantFrom('-s', '-v', '--', '-', '--limit', '-v=', '-sv', '--limit=', '', '-file'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          const args = parseOptions(SPECS, words);
          expect(args.rest.length).toBeLessThanOrEqual(words.length);
        } catch (error) {
          expect(error).toBeInstanceOf(OptionError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
