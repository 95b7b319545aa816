/** Operation codes: the `type` of request headers, multi headers and transaction headers. */
export const OP = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  /** Only in logs and proposals: a request that failed, with its code. */
  error: -1,
} as const;

/** The name of an operation. */
export type OpName = keyof typeof OP;

const NAMES: ReadonlyMap<number, OpName> = new Map(
  (Object.entries(OP) as [OpName, number][]).map(([name, code]) => [code, name]),
);

/** The operation's name, or undefined for a code that is not in the table. */
export const opName = (code: number): OpName | undefined => NAMES.get(code);

/** Request ids that are no request counters. */
export const XID = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;
