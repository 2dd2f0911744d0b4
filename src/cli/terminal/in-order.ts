/**
 * Hands on results that arrive in any order as soon as every one before them has arrived.
 *
 * @returns the function to call with each result and its index
 */
export function inOrder<T>(
  emit: (result: T, index: number) => void,
): (index: number, result: T) => void {
  const waiting = new Map<number, T>();
  let next = 0;
  return (index, result) => {
    waiting.set(index, result);
    while (waiting.has(next)) {
      const ready = waiting.get(next) as T;
      waiting.delete(next);
      emit(ready, next);
      next += 1;
    }
  };
}
