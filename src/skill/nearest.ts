/**
 * The candidate most like `word`, for "did you mean" in error messages; `undefined` when none is
 * close. Edit distance with swaps of neighbours (optimal string alignment).
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const short = word.slice(0, 64).toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(short.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(short, candidate.slice(0, 64).toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const [a, b] = [left[row - 1], right[column - 1]];
      const substitution = (last[column - 1] ?? 0) + (a === b ? 0 : 1);
      const insertion = (current[column - 1] ?? 0) + 1;
      const deletion = (last[column] ?? 0) + 1;
      const isSwap = row > 1 && column > 1 && a === right[column - 2] && b === left[row - 2];
      const swap = isSwap ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(substitution, insertion, deletion, swap));
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
