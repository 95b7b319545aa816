import { expect, test } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import { explain } from '../../src/cli/explain.ts';
import { KeeperError } from '../../src/client/keeper-error.ts';
import { ERR } from '../../src/protocol/error-codes.ts';

const connect = (why: string): ZktError => new ZktError('ZKT_CONNECT', { servers: 'a:1', why });

test.each<[string, unknown, number, string]>([
  ['a refused connection', connect('connect ECONNREFUSED'), 3, 'is a server running there?'],
  ['a server without a quorum', connect('the server closed the connection'), 3, '`zkt status` tells'],
  ['a wrong version of a node', new KeeperError(ERR.BADVERSION, '/a'), 5, '`stat` shows'],
  ['a wrong version of the configuration', new KeeperError(ERR.BADVERSION), 5, '`config` shows'],
  ['no list of servers', new KeeperError(ERR.BADARGUMENTS), 1, 'server.N=host:quorumPort:electionPort'],
  ['no right to reconfigure', new KeeperError(ERR.NOAUTH), 6, '/zookeeper/config'],
  ['reconfig switched off', new KeeperError(ERR.RECONFIGDISABLED), 1, 'reconfigEnabled=true'],
  ['no right to a node', new KeeperError(ERR.NOAUTH, '/a'), 6, '`getAcl` shows who may'],
])('%s: what to do next', (_name, thrown, exit, hint) => {
  expect(explain(thrown)).toMatchObject({ exit, hint: expect.stringContaining(hint) });
});
