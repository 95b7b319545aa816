/** What can be told of a request by its operation code. */
import { OP, opName } from '../../protocol/opcodes.ts';

/** Operations that become transactions; whatever is neither these nor known is refused by the read side. */
export const isWrite = (op: number): boolean => {
  switch (op) {
    case OP.create:
    case OP.delete:
    case OP.setData:
    case OP.setACL:
    case OP.multi:
    case OP.create2:
    case OP.reconfig:
    case OP.createContainer:
    case OP.createTTL:
    case OP.closeSession:
    case OP.error:
      return true;
    default:
      return false;
  }
};

/** The path at the beginning of a request's body `bytes[at, end)`; empty where there is none. */
export function requestPath(op: number, bytes: Buffer, at: number, end: number): string {
  if (op <= 0 || PATHLESS.has(op) || opName(op) === undefined || end - at < 4) return '';
  const length = bytes.readInt32BE(at);
  return length > 0 && length <= end - at - 4 ? bytes.toString('utf8', at + 4, at + 4 + length) : '';
}

/** Operations whose body does not begin with a path. */
const PATHLESS: ReadonlySet<number> = new Set([
  OP.ping,
  OP.multi,
  OP.multiRead,
  OP.reconfig,
  OP.auth,
  OP.sasl,
  OP.setWatches,
  OP.setWatches2,
]);
