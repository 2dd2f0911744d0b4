/**
 * A first-in-first-out line that anybody may leave from the middle: a doubly linked list, because
 * a cancelled waiter must go at once and a line of thousands must not be searched for it.
 */
export interface Place<T> {
  readonly waiter: T;
  previous: Place<T> | undefined;
  next: Place<T> | undefined;
}

export class WaiterQueue<T> {
  #head: Place<T> | undefined;
  #tail: Place<T> | undefined;

  /** Who is next, still in line. */
  get first(): T | undefined {
    return this.#head?.waiter;
  }

  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  push(waiter: T): Place<T> {
    const place: Place<T> = { waiter, previous: this.#tail, next: undefined };
    if (this.#tail === undefined) this.#head = place;
    else this.#tail.next = place;
    this.#tail = place;
    return place;
  }

  shift(): T | undefined {
    const place = this.#head;
    if (place !== undefined) this.leave(place);
    return place?.waiter;
  }

  /** Only for a place still in line. */
  leave(place: Place<T>): void {
    if (place.previous === undefined) this.#head = place.next;
    else place.previous.next = place.next;
    if (place.next === undefined) this.#tail = place.previous;
    else place.next.previous = place.previous;
  }
}
