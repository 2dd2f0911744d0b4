/** What is kept of a query: more would keep more of what callers say than finding skills takes. */
const MAX_CHARACTERS = 500;

/** The query in the form in which it is learned; the same question asked again is the same text. */
export function normalizedQuery(query: string): string {
  return query
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\p{C}\p{Z}\s]+/gu, " ")
    .trim()
    .slice(0, MAX_CHARACTERS)
    .trimEnd();
}
