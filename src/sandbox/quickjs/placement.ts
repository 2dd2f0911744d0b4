/** Which slot of which worker a run gets. */
import type { Member } from "./member.ts";

/** Overflow slots of a worker for each depth of nesting. */
export const NESTED_SLOTS_PER_DEPTH = 4;

/**
 * A free slot on the least busy of the workers, or `undefined`.
 *
 * A run of depth 1 or more may also take one of the overflow slots of its depth. Because the
 * deepest runs wait for none, some depth can always go on: the pool can not deadlock.
 */
export function chooseSlot(
  members: readonly Member[],
  keptSlots: number,
  depth: number,
): { readonly member: Member; readonly slot: number } | undefined {
  const byLoad = members.toSorted((a, b) => load(a) - load(b));
  for (const member of byLoad) {
    const slot = freeSlot(member, 0, keptSlots);
    if (slot !== undefined) return { member, slot };
  }
  if (depth === 0) return undefined;
  const first = keptSlots + (depth - 1) * NESTED_SLOTS_PER_DEPTH;
  for (const member of byLoad) {
    const slot = freeSlot(member, first, first + NESTED_SLOTS_PER_DEPTH);
    if (slot !== undefined) return { member, slot };
  }
  return undefined;
}

function load(member: Member): number {
  return member.placements.size + (member.shared.executing() === undefined ? 0 : 0.5);
}

function freeSlot(member: Member, from: number, to: number): number | undefined {
  for (let slot = from; slot < to; slot++) if (!member.placements.has(slot)) return slot;
  return undefined;
}
