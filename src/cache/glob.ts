/**
 * Globs over cache keys: `*` is any run of characters, also an empty one, `?` is exactly one
 * Unicode character, and everything else is itself; there is no escape.
 *
 * A regular expression made from such a pattern can take exponential time. Here only the last `*`
 * is ever reconsidered, which is enough because an earlier one that matched less would leave the
 * later ones no more choice; so no pattern costs more than its length times the key's.
 */
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";

const MAX_PATTERN_LENGTH = 512;

const STAR = 0x2a;
const QUESTION_MARK = 0x3f;

/** @throws {INVALID_INPUT} when the pattern is not a string of 1 to 512 characters */
export function checkGlob(pattern: string): void {
  if (typeof pattern === "string" && pattern !== "" && pattern.length <= MAX_PATTERN_LENGTH) return;
  const found =
    typeof pattern === "string" ? `one of ${pattern.length} characters` : preview(pattern);
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`pattern\` to be a string of 1 to ${MAX_PATTERN_LENGTH} characters, got ${found}`,
    { details: { option: "pattern" } },
  );
}

/** Whether the whole of `key` matches `pattern`. */
export function matchesGlob(pattern: string, key: string): boolean {
  let at = 0;
  let keyAt = 0;
  // Where matching resumes when it fails: behind the last star, with the star one longer.
  let afterStar = -1;
  let starEnd = 0;
  while (keyAt < key.length) {
    const wanted = at < pattern.length ? pattern.charCodeAt(at) : -1;
    if (wanted === STAR) {
      at += 1;
      afterStar = at;
      starEnd = keyAt;
    } else if (wanted === QUESTION_MARK) {
      at += 1;
      keyAt += characterWidth(key, keyAt);
    } else if (wanted === key.charCodeAt(keyAt)) {
      at += 1;
      keyAt += 1;
    } else if (afterStar >= 0) {
      // From inside a pair nothing matches that did not from before it.
      starEnd += 1;
      at = afterStar;
      keyAt = starEnd;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(at) === STAR) at += 1;
  return at === pattern.length;
}

/** A character outside the basic plane takes two code units. */
function characterWidth(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}
