/** Longest text a divergence shows of what was recorded, or of what came instead, in UTF-16 units. */
const MAX_SHOWN = 300;

/** Where two long texts part, this much of what they have in common is shown before it. */
const COMMON_SHOWN = 40;

export function shortened(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 1)}…`;
}

/** Two texts that differ, each shortened so that the first difference is in view. */
export function textsThatDiffer(
  expected: string,
  actual: string,
): { readonly expected: string; readonly actual: string } {
  let same = 0;
  while (same < expected.length && expected[same] === actual[same]) same++;
  const isLong = Math.max(expected.length, actual.length) > MAX_SHOWN;
  const from = isLong ? Math.max(0, same - COMMON_SHOWN) : 0;
  const cut = (text: string): string => shortened((from === 0 ? "" : "…") + text.slice(from));
  return { expected: cut(expected), actual: cut(actual) };
}
