import { OP } from '../../protocol/opcodes.ts';

/** Lists of names come in no order. */
export function sorted(op: number, body: unknown): unknown {
  if (op === OP.getEphemerals)
    return { ephemerals: [...(body as { ephemerals: string[] }).ephemerals].sort() };
  if (op !== OP.getChildren && op !== OP.getChildren2) return body;
  const reply = body as { children: string[] };
  return { ...reply, children: [...reply.children].sort() };
}
