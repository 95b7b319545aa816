/** Packets of the quorum port by name. */
import { PACKET, type PacketName } from '../protocol/quorum.ts';

const NAMES: ReadonlyMap<number, PacketName> = new Map(
  (Object.entries(PACKET) as [PacketName, number][]).map(([name, type]) => [type, name]),
);

/** The name of a type of packet; `type N` for one that is not known. */
export const packetName = (type: number): string => NAMES.get(type) ?? `type ${type}`;
