import { splitWords } from "./words.ts";
import { STOP_WORDS } from "./stop-words.ts";

/** Each term costs a posting list; what a person means is said in fewer words. */
const MAX_TERMS = 64;

/** The distinct words of a query worth looking up, in order; empty when it has none. */
export function queryTerms(text: string): readonly string[] {
  const words = [...new Set(splitWords(text))];
  const telling = words.filter((word) => !STOP_WORDS.has(word));
  return (telling.length > 0 ? telling : words).slice(0, MAX_TERMS);
}
