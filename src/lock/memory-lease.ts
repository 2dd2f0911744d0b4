import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { Lease, LockMode } from "./lock-driver.ts";

export interface MemoryLeaseOptions {
  readonly key: string;
  readonly mode: LockMode;
  readonly ttlMs: number;
  readonly token: bigint;
  /** Called once, when the lease ends in whatever way; passes the lock on. */
  readonly onEnd: (lease: MemoryLease) => void;
}

/** A lease that runs from now on, and that whoever granted it can take back. */
export class MemoryLease implements Lease {
  readonly key: string;
  readonly mode: LockMode;
  readonly token: bigint;
  readonly #ttlMs: number;
  readonly #onEnd: (lease: MemoryLease) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: AbortController | undefined;
  #lost: RepertoireError | undefined;
  #ended = false;

  constructor(options: MemoryLeaseOptions) {
    this.key = options.key;
    this.mode = options.mode;
    this.token = options.token;
    this.#ttlMs = options.ttlMs;
    this.#onEnd = options.onEnd;
    this.#timer = setTimeout(() => this.lose(`its ${options.ttlMs} ms passed`), options.ttlMs);
    this.#timer.unref();
  }

  /** Made when first asked for: few holders do, and it costs more than the rest of the lease. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#lost !== undefined) this.#controller.abort(this.#lost);
    return this.#controller.signal;
  }

  /** Ends it unless it has ended; its holder learns so before the next one is let in. */
  lose(reason: string): void {
    if (this.#ended) return;
    // First of all, because a listener may release what it has just been told it lost.
    this.#ended = true;
    this.#lost = new RepertoireError(
      "LEASE_LOST",
      `The lease of lock ${preview(this.key)} ended before it was released, because ${reason}; hold it for less time or ask for a longer \`ttlMs\``,
      {
        details: {
          key: this.key,
          mode: this.mode,
          token: String(this.token),
          ttlMs: this.#ttlMs,
        },
      },
    );
    this.#controller?.abort(this.#lost);
    this.#finish();
  }

  release(): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      this.#finish();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#onEnd(this);
  }
}
