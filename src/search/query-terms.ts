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

/**
 * The FTS5 expression that finds documents with any of the terms, or `undefined` without terms.
 * Any, not all: a sentence rarely shares every word with what it asks for. Every term is a quoted
 * string, in which the double quote is the only character with a meaning.
 */
export function matchExpression(terms: readonly string[]): string | undefined {
  if (terms.length === 0) return undefined;
  return terms.map((term) => `"${term.replaceAll('"', '""')}"`).join(" OR ");
}
