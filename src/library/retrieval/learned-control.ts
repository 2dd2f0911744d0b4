import type { LearnedUse } from "../../store/run-store.ts";
import type { LibraryParts } from "../library-parts.ts";
import { checkInteger, checkIsText, checkKnownOptions } from "../check-options.ts";

/** Which learned queries are meant: those that have all that is named. */
export interface LearnedFilter {
  readonly skillId?: string;
  /** Who asked and ran; "" are those who named nobody. */
  readonly caller?: string;
  readonly query?: string;
}

/** A query that led a caller to run a skill with success. */
export type LearnedQueryUse = Omit<LearnedUse, "id">;

/** What searches have learned from use. */
export interface LearnedControl {
  /** Learned queries, latest first (`limit` default: 50). */
  list(filter?: LearnedFilter & { readonly limit?: number }): Promise<readonly LearnedQueryUse[]>;
  /**
   * Removes learned queries for good, from the files too; runs to come are not traced to searches
   * made before.
   *
   * @param filter an empty one means all
   * @returns how many were removed
   */
  forget(filter: LearnedFilter): Promise<number>;
}

const DEFAULT_LIMIT = 50;
const FILTER = ["skillId", "caller", "query"] as const;

/** @param enter holds the library open during a call */
export function learnedControl(
  { learning, limits }: LibraryParts,
  enter: () => Promise<AsyncDisposable>,
): LearnedControl {
  return {
    async list(options = {}) {
      await using _ = await enter();
      checkFilter("learned.list", options, ["limit"]);
      const { limit, ...filter } = options;
      checkInteger("limit", limit, 1, limits.pageSize);
      const uses = await learning.list(filter);
      return uses.slice(0, limit ?? DEFAULT_LIMIT).map(({ id: _id, ...use }) => use);
    },

    async forget(filter) {
      await using _ = await enter();
      checkFilter("learned.forget", filter);
      return await learning.forget(filter);
    },
  };
}

/** A misspelt name, or one without a value, would remove more than was meant. */
function checkFilter(what: string, filter: LearnedFilter, others: readonly string[] = []): void {
  checkKnownOptions(what, filter, [...FILTER, ...others]);
  for (const name of FILTER) if (name in filter) checkIsText(name, filter[name]);
}
