/**
 * Counts the rejected promises of a run that nothing handles. The engine tells when a promise is
 * rejected that nothing handles, and once more when something handles it after all.
 */
import type { Box, Exports } from "./quickjs-exports.ts";

/** How many are kept, so that their reasons can be told. */
const KEPT = 3;

export interface Rejections {
  readonly count: number;
  /** The first of those that are not handled. */
  readonly first: Iterable<Box>;
  /** Takes both boxes. */
  note(promise: Box, reason: Box, isHandled: boolean): void;
  /** Forgets all; their boxes went with the memory they were in. */
  clear(): void;
}

export function createRejections(
  engine: Pick<Exports, "qjs_get_value_ptr" | "qjs_free_value">,
): Rejections {
  let count = 0;
  /** By the address of the promise, which no other can have as long as it is boxed. */
  const kept = new Map<number, Box>();

  return {
    get count() {
      return count;
    },
    get first() {
      return kept.values();
    },
    note(promise, reason, isHandled) {
      engine.qjs_free_value(reason);
      count += isHandled ? -1 : 1;
      const address = engine.qjs_get_value_ptr(promise);
      if (!isHandled && kept.size < KEPT) {
        kept.set(address, promise);
        return;
      }
      const known = kept.get(address);
      if (isHandled && known !== undefined) {
        kept.delete(address);
        engine.qjs_free_value(known);
      }
      engine.qjs_free_value(promise);
    },
    clear() {
      count = 0;
      kept.clear();
    },
  };
}
