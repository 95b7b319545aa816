/** Servers by name, as events know them. */
import { faceName } from './faces.ts';

/** A server as people are told of it, from what events call it: `server 2`, or its address. */
export const nodeName = (node: string): string =>
  faceName({ sid: /^\d{1,9}$/.test(node) ? Number(node) : -1, node });
