import { EXIT } from '../../base/errors.ts';
import { type Acl, parsePerms } from '../../protocol/acl.ts';
import type { CommandContext } from '../command.ts';
import { CommandFailure } from '../explain.ts';

/**
 * The ACL an argument stands for. The shell tells what is wrong and passes it over, as zkCli does. A one-shot
 * refuses it: `world:anyone:rwd,digest:…` with a slip of the finger would leave a node that nobody may use,
 * and exit code 0.
 */
export function aclFrom(context: Pick<CommandContext, 'style' | 'err'>, text: string): Acl[] {
  if (context.style === 'zkCli') return parseAclText(text, (message) => context.err.line(message));
  const wrong: string[] = [];
  const acl = parseAclText(text, (message) => wrong.push(message));
  if (wrong.length > 0) throw new CommandFailure(`${wrong.join('; ')}; nothing was changed`, EXIT.usage);
  return acl;
}

/**
 * Reads `scheme:id:perms,…` as zkCli does: an entry is cut at its first and its last colon, and perms are
 * letters out of `cdrwa`. What is wrong is told and passed over: an entry without two colons, a letter that
 * is none.
 */
function parseAclText(text: string, complain: (message: string) => void): Acl[] {
  const acl: Acl[] = [];
  for (const entry of entriesOf(text)) {
    const first = entry.indexOf(':');
    const last = entry.lastIndexOf(':');
    if (first < 0 || first === last) {
      complain(`${entry} does not have the form scheme:id:perm`);
      continue;
    }
    const letters = [...entry.slice(last + 1)].filter((letter) => {
      const known = 'perms' in parsePerms(letter);
      if (!known) complain(`Unknown perm type: ${letter}`);
      return known;
    });
    const perms = parsePerms(letters.join(''));
    acl.push({
      perms: 'perms' in perms ? perms.perms : 0,
      id: { scheme: entry.slice(0, first), id: entry.slice(first + 1, last) },
    });
  }
  return acl;
}

/** Empty entries at the end do not count, unless there is no other. */
function entriesOf(text: string): string[] {
  const entries = text.split(',');
  if (text === '') return entries;
  while (entries.at(-1) === '') entries.pop();
  return entries;
}
