/** zkt's client against Apache ZooKeeper. */
import { describe } from 'vitest';
import { operationsSuite } from '../client/operations-suite.ts';
import { findApache, startApache } from './apache.ts';

describe.skipIf(findApache() === undefined)('the client against an Apache server', () => {
  operationsSuite(async () => {
    const server = await startApache({
      config: ['tickTime=500'],
      properties: { 'zookeeper.extendedTypesEnabled': 'true' },
    });
    return { address: server.address, stop: () => server.remove() };
  });
});
