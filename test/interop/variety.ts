/** Writes of every kind, for data directories that are to hold everything there is. */
import { type Acl, type Client, CREATOR_ALL_ACL, type OpResult, PERMS } from '../../src/client/index.ts';
import { failure } from '../client/clients.ts';

/**
 * Who writes: two sessions that stay, and one that comes and goes. All present the digest `u:p` or nothing.
 */
export interface Writers {
  readonly a: Client;
  readonly b: Client;
  /** Opens another session. */
  readonly passing: () => Promise<Client>;
}

const world = (perms: number): Acl => ({ perms, id: { scheme: 'world', id: 'anyone' } });
const acl = (perms: number, scheme: string, id: string): Acl => ({ perms, id: { scheme, id } });
const OF_U = 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ='; // what digest makes of u:p
const DAY_MS = 86_400_000;
const TTL_MS_MAX = 2 ** 40 - 1;

/** Creates, changes and deletes nodes of every kind below `root`, which must not exist. */
export async function writeVariety(root: string, writers: Writers): Promise<void> {
  const { a } = writers;
  await a.create(root, `root of ${root}`);
  await kinds(root, writers);
  await acls(`${root}/acl`, a);
  await changes(`${root}/changes`, a);
  await multis(`${root}/multi`, writers);
  await refusals(root, a);
  await sessions(`${root}/members`, writers);
  await quotas(root, a);
}

async function kinds(root: string, { a, b }: Writers): Promise<void> {
  await a.create(`${root}/null`, null);
  await a.create(`${root}/empty`, '');
  await a.create(`${root}/binary`, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  await a.create(`${root}/zeros`, Buffer.alloc(3000));
  await a.create(`${root}/big`, Buffer.alloc(300_000, '0123456789abcdef'));
  await a.create(`${root}/größe-漢`, 'žluť 漢字 🙂\n');
  await a.create(`${root}/with-stat`, '2', { stat: true });
  await a.create(`${root}/queue`);
  for (let i = 0; i < 12; i++) await sequential(`${root}/queue/item-`, a);
  await a.create(`${root}/queue/`, null, { mode: 'persistentSequential' });
  for (const i of [0, 3, 11]) await a.delete(`${root}/queue/item-${String(i).padStart(10, '0')}`);
  await a.create(`${root}/locks`, null, { mode: 'container' });
  await a.create(`${root}/locks/l-`, null, { mode: 'ephemeralSequential' });
  await b.create(`${root}/locks/l-`, 'b', { mode: 'ephemeralSequential' });
  await a.create(`${root}/unused-container`, 'never had a child', { mode: 'container' });
  await a.create(`${root}/lease`, 'a day', { mode: 'persistentTtl', ttlMs: DAY_MS });
  await a.create(`${root}/lease-max`, '34 years', { mode: 'persistentTtl', ttlMs: TTL_MS_MAX });
  await a.create(`${root}/lease-`, null, { mode: 'persistentSequentialTtl', ttlMs: DAY_MS });
  let deep = `${root}/deep`;
  for (let i = 0; i < 12; i++) {
    await a.create(deep, String(i));
    deep += `/level${i}`;
  }
}

/** A sequential node of that prefix; answers the name it got. */
export const sequential = async (prefix: string, client: Client): Promise<string> =>
  (await client.create(prefix, prefix, { mode: 'persistentSequential' })).path;

async function acls(root: string, a: Client): Promise<void> {
  await a.create(root);
  const lists: Record<string, readonly Acl[]> = {
    creator: CREATOR_ALL_ACL,
    read: [world(PERMS.READ)],
    'no-admin': [world(PERMS.ALL & ~PERMS.ADMIN)],
    digest: [acl(PERMS.ALL, 'digest', OF_U)],
    ip: [acl(PERMS.ALL, 'ip', '127.0.0.1'), acl(PERMS.READ, 'ip', '10.0.0.0/8')],
    mixed: [
      acl(PERMS.ALL, 'digest', OF_U),
      acl(PERMS.READ | PERMS.CREATE, 'digest', 'other:AAAAAAAAAAAAAAAAAAAAAAAAAAA='),
      world(PERMS.READ),
    ],
    none: [world(0)],
    shared: CREATOR_ALL_ACL,
  };
  for (const [name, list] of Object.entries(lists)) await a.create(`${root}/${name}`, name, { acl: list });
  await a.create(`${root}/changed`);
  await a.setAcl(`${root}/changed`, [world(PERMS.READ | PERMS.ADMIN)], 0);
  await a.create(`${root}/changed-twice`);
  await a.setAcl(`${root}/changed-twice`, [world(PERMS.READ | PERMS.ADMIN)]);
  await a.setAcl(`${root}/changed-twice`, [world(PERMS.ALL)]);
}

async function changes(root: string, a: Client): Promise<void> {
  await a.create(root);
  await a.set(root, 'once', 0);
  await a.set(root, 'twice', 1);
  await a.create(`${root}/shrinks`, Buffer.alloc(5000, 'x'));
  await a.set(`${root}/shrinks`, 'small');
  await a.create(`${root}/to-null`, 'x');
  await a.set(`${root}/to-null`, null);
  await a.create(`${root}/again`, 'first');
  await a.delete(`${root}/again`, 0);
  await a.create(`${root}/again`, 'second');
  for (let i = 0; i < 20; i++) await a.create(`${root}/gone${i}`);
  for (let i = 0; i < 20; i++) await a.delete(`${root}/gone${i}`);
}

async function multis(root: string, { a, b }: Writers): Promise<void> {
  await a.create(root);
  await a.multi([
    { type: 'create', path: `${root}/m`, data: 'm' },
    { type: 'create', path: `${root}/m/with-stat`, stat: true },
    { type: 'create', path: `${root}/m/s-`, mode: 'persistentSequential' },
    { type: 'create', path: `${root}/m/container`, mode: 'container' },
    { type: 'create', path: `${root}/m/ttl`, mode: 'persistentTtl', ttlMs: DAY_MS },
    { type: 'create', path: `${root}/m/read`, acl: [world(PERMS.READ)] },
    { type: 'set', path: `${root}/m`, data: 'changed', version: 0 },
    { type: 'check', path: `${root}/m`, version: 1 },
    { type: 'create', path: `${root}/m/brief` },
    { type: 'delete', path: `${root}/m/brief` },
  ]);
  await b.multi([{ type: 'create', path: `${root}/ephemeral`, mode: 'ephemeral' }]);
  await a.multi([{ type: 'check', path: root }]);
  await a.multi([]);
  const bad = { type: 'check', path: `${root}/absent` } as const;
  const good = { type: 'create', path: `${root}/undone` } as const;
  for (const ops of [
    [bad, good],
    [good, bad, good],
    [good, bad],
  ])
    await failure(a.multi(ops));
}

/** What fails takes a zxid too. */
async function refusals(root: string, a: Client): Promise<void> {
  await failure(a.create(root));
  await failure(a.create(`${root}/absent/child`));
  await failure(a.create(`${root}/locks/l-0000000000/child`));
  await failure(a.delete(`${root}/absent`));
  await failure(a.delete(`${root}/deep`));
  await failure(a.set(root, 'x', 99));
  await failure(a.set(`${root}/acl/read`, 'x'));
  await failure(a.setAcl(root, [acl(PERMS.ALL, 'unheard', 'of')]));
}

async function sessions(root: string, { a, b, passing }: Writers): Promise<void> {
  await a.create(root);
  await a.create(`${root}/a`, 'of a', { mode: 'ephemeral' });
  await b.create(`${root}/b`, 'of b', { mode: 'ephemeral' });
  await b.create(`${root}/n-`, null, { mode: 'ephemeralSequential' });
  const c = await passing();
  await c.create(`${root}/c`, 'of c', { mode: 'ephemeral' });
  await c.create(`${root}/n-`, null, { mode: 'ephemeralSequential' });
  await c.close();
  const idle = await passing();
  await idle.close();
}

/** As `setquota` writes them; the usage is the server's to keep. */
async function quotas(root: string, a: Client): Promise<void> {
  const limits = {
    [root]: 'count=100000,bytes=100000000',
    [`${root}-soft`]: 'count=1,bytes=5',
    [`${root}-hard`]: 'count=1000,bytes=100000=;byteHardLimit=200000;countHardLimit=2000',
  };
  for (const [path, text] of Object.entries(limits)) {
    if (path !== root) await a.create(path, 'quota');
    await a.create(`/zookeeper/quota${path}`);
    await a.create(`/zookeeper/quota${path}/zookeeper_limits`, text);
    await a.create(`/zookeeper/quota${path}/zookeeper_stats`, 'count=0,bytes=0');
    if (path !== root) await a.create(`${path}/child`, 'more than the soft limit');
  }
}

/**
 * Creates `count` nodes below `root`, by creates and by multis, in folders; then changes and deletes some.
 */
export async function writeMany(root: string, count: number, a: Client): Promise<void> {
  const FOLDER = 500;
  const MULTI = 50;
  await a.create(root);
  const pending: Promise<unknown>[] = [];
  for (let f = 0; f < count / FOLDER; f++) {
    const folder = `${root}/f${f}`;
    pending.push(a.create(folder, `folder ${f}`));
    const data = (i: number): string | null => (i % 11 === 0 ? null : 'x'.repeat((i * 37) % 200));
    for (let i = 0; i < FOLDER - 1; i++) {
      const path = `${folder}/n${i}`;
      if (f % 2 === 0) pending.push(a.create(path, data(i)));
      else if (i % MULTI === 0) {
        const last = Math.min(i + MULTI, FOLDER - 1);
        const ops = Array.from({ length: last - i }, (_, k) => ({
          type: 'create' as const,
          path: `${folder}/n${i + k}`,
          data: data(i + k),
        }));
        pending.push(a.multi(ops));
      }
    }
    for (let i = 0; i < FOLDER - 1; i += 10) pending.push(a.set(`${folder}/n${i}`, `changed ${i}`));
    if (f % 3 === 0) pending.push(replaced(folder, a));
  }
  await Promise.all(pending);
}

/** Deletes the first 20 nodes of a folder and creates others in their place. */
const replaced = (folder: string, a: Client): Promise<OpResult[]> =>
  a.multi(
    Array.from({ length: 20 }, (_, i) => [
      { type: 'delete' as const, path: `${folder}/n${i}` },
      { type: 'create' as const, path: `${folder}/new${i}`, data: 'new' },
    ]).flat(),
  );
