/**
 * Every call in flight holds the gate for reading; closing takes it for writing, so it waits for
 * them and nothing is cut off between two store calls.
 */
import { RepertoireError } from "../base/errors.ts";
import { AsyncRWLock } from "../lock/rw-lock.ts";
import type { WriteLimit } from "./catalog/write-limit.ts";

export interface LibraryGateParts {
  readonly writes: WriteLimit;
  /** Aborted when the library closes. */
  readonly closing: AbortController;
}

export class LibraryGate {
  readonly #parts: LibraryGateParts;
  readonly #lock = new AsyncRWLock({ name: "the library" });

  constructor(parts: LibraryGateParts) {
    this.#parts = parts;
  }

  /** Whether closing has begun. */
  get isClosed(): boolean {
    return this.#parts.closing.signal.aborted;
  }

  /** Holds the library open until it is disposed of; @throws {CLOSED} */
  async enter(): Promise<AsyncDisposable> {
    if (this.isClosed) throw closedError();
    return this.#lock.acquire("read");
  }

  /** Holds the library open until the work has settled; @throws {CLOSED} */
  async during<T>(work: () => T | Promise<T>): Promise<T> {
    await using _ = await this.enter();
    return await work();
  }

  /** As `during`, for a write; @throws {LIMIT_EXCEEDED} when too many are under way */
  async duringWrite<T>(work: () => Promise<T>): Promise<T> {
    if (this.isClosed) throw closedError();
    using _ = this.#parts.writes.enter();
    return await this.during(work);
  }

  /** Ends what can be ended, waits for every call under way, and lets no other in. */
  async close(): Promise<void> {
    this.#parts.closing.abort(closedError());
    await this.#lock.acquire("write");
    this.#lock.close();
  }
}

/** What calls reject with once closing has begun. */
export function closedError(): RepertoireError {
  return new RepertoireError("CLOSED", "The library is closed; open it again with openLibrary");
}
