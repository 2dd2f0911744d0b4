/**
 * Texts by the words they have, for comparing queries where there are no vectors. Splitting many
 * texts takes long, so nothing is done before the first comparison.
 */
import { queryTerms } from "./query-terms.ts";

export interface TextsByWord<Item extends { readonly text: string }> {
  /**
   * The items most like a text, best first: shared words over the geometric mean of how many each has
   * (Ochiai's coefficient). Items without a shared word are left out.
   *
   * @param all every item there is; those not seen before are taken in
   */
  nearest(
    text: string,
    all: Iterable<Item>,
    limit: number,
  ): readonly { readonly text: Item; readonly similarity: number }[];
  remove(item: Item): void;
  clear(): void;
}

export function textsByWord<Item extends { readonly text: string }>(): TextsByWord<Item> {
  const termsOf = new Map<Item, readonly string[]>();
  const having = new Map<string, Set<Item>>();

  function take(item: Item): void {
    const terms = queryTerms(item.text);
    termsOf.set(item, terms);
    for (const term of terms) having.set(term, (having.get(term) ?? new Set()).add(item));
  }

  return {
    nearest(text, all, limit) {
      for (const item of all) if (!termsOf.has(item)) take(item);
      const terms = queryTerms(text);
      const shared = new Map<Item, number>();
      for (const term of terms)
        for (const item of having.get(term) ?? []) shared.set(item, (shared.get(item) ?? 0) + 1);
      return [...shared]
        .map(([item, count]) => ({
          text: item,
          similarity: count / Math.sqrt((termsOf.get(item)?.length ?? 0) * terms.length),
        }))
        .toSorted((a, b) => b.similarity - a.similarity)
        .slice(0, limit);
    },

    remove(item) {
      for (const term of termsOf.get(item) ?? []) {
        const items = having.get(term);
        items?.delete(item);
        if (items?.size === 0) having.delete(term);
      }
      termsOf.delete(item);
    },

    clear() {
      termsOf.clear();
      having.clear();
    },
  };
}
