/** The largest of many numbers, of which only the least is ever asked for: a binary heap. */
export interface BestNumbers {
  /** Takes a number in and returns the least of the largest; -Infinity until there are enough. */
  add(value: number): number;
}

/** Keeps the `count` largest. */
export function bestNumbers(count: number): BestNumbers {
  const heap = new Float64Array(count);
  let size = 0;

  function rise(at: number): void {
    const value = heap[at]!;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= value) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = value;
  }

  function sink(value: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && heap[child + 1]! < heap[child]!) child += 1;
      if (heap[child]! >= value) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = value;
  }

  return {
    add(value) {
      if (size < count) {
        heap[size] = value;
        rise(size);
        size += 1;
      } else if (count > 0 && value > heap[0]!) {
        sink(value);
      }
      return size < count || count === 0 ? Number.NEGATIVE_INFINITY : heap[0]!;
    },
  };
}
