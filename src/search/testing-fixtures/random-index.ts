/** Made-up documents and questions that match each other often, for comparing two ways to search. */
import fc from "fast-check";
import { direction } from "../search-index.contract.ts";

/** What `indexDocument` takes beside an id and a vector. */
export const randomDocument = {
  description: fc
    .array(fc.constantFrom("word", "words", "mail", "csv"), { maxLength: 5 })
    .map((some) => some.join(" ")),
  category: fc.constantFrom("a", "b"),
  tags: fc.subarray(["x", "y"]),
};

export const randomVector = fc.nat(359).map(direction);

export const randomQuestion = fc.record({
  text: fc.constantFrom("word", "mail csv", "nothing like it", "the"),
  vector: randomVector,
  filter: fc.record(
    {
      status: fc.constant("active" as const),
      category: fc.constantFrom("a", "b"),
      tags: fc.subarray(["x", "y"]),
      only: fc.constantFrom(new Set(["d1", "d3"]), new Set(["d2"])),
    },
    { requiredKeys: ["status"] },
  ),
  limit: fc.integer({ min: 1, max: 6 }),
});
