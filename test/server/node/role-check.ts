/** What the suites about servers by role have in common. */
import { it } from 'vitest';
import { type Hello, RoleClient } from './role-client.ts';
import { type Member, type RigOptions, RoleRig } from './role-rig.ts';

/** A case with a rig of its own. */
export const check = (name: string, run: (rig: RoleRig) => Promise<void>, options: RigOptions = {}): void =>
  it(name, async () => run(await RoleRig.start(options)));

/** A client of a server, with the answer to its connect request. */
export const clientOf = (rig: RoleRig, member: Member, hello?: Hello): Promise<RoleClient> =>
  new RoleClient(rig, member.port, hello).open();

/** The servers of a rig by role. */
export const roles: readonly [string, (rig: RoleRig) => Member][] = [
  ['leader', (rig) => rig.leader],
  ['follower', (rig) => rig.follower],
  ['observer', (rig) => rig.observer],
];
