import { loopTurn } from "./loop-turns.ts";

/** Things to close together, last opened first; each is closed even when another fails to. */
export interface Closers {
  /** Remembers something to close, and returns it. */
  own<T extends { close(): Promise<void> }>(closable: T): T;
  /** Closes everything; rejects with the first failure once all have been tried. */
  closeAll(): Promise<void>;
}

export function closers(): Closers {
  const open: { close(): Promise<void> }[] = [];
  return {
    own(closable) {
      open.push(closable);
      return closable;
    },
    async closeAll() {
      const failures: unknown[] = [];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        try {
          // Closing a file may bring what is in its log into it.
          await loopTurn();
          await next.close();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
