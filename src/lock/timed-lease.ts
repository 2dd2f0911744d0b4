import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import { checkTtl } from "./acquire-options.ts";
import type { Lease, LockMode } from "./lock-driver.ts";

export interface TimedLeaseOptions {
  readonly key: string;
  readonly mode: LockMode;
  readonly ttlMs: number;
  readonly token: bigint;
  /** A clock that nobody can set. */
  readonly nowMs: () => number;
  /** When its holder must take it for lost, on that clock. */
  readonly endsAtMs: number;
  /** Called once, when it was released: passes the lock on. */
  readonly onRelease: (lease: TimedLease) => void | Promise<void>;
  /** Called once, when it was lost. */
  readonly onLost: (lease: TimedLease) => void;
  /** Lets it last longer; the new end, or nothing when it is over. */
  readonly onRenew: (
    lease: TimedLease,
    ttlMs: number,
  ) => number | undefined | Promise<number | undefined>;
}

/** A lease that runs from now on, and that whoever granted it can take back. */
export class TimedLease implements Lease {
  readonly key: string;
  readonly mode: LockMode;
  readonly token: bigint;
  readonly #options: TimedLeaseOptions;
  #ttlMs: number;
  #endsAtMs: number;
  #timer: NodeJS.Timeout;
  #controller: AbortController | undefined;
  #lost: RepertoireError | undefined;
  #released: Promise<void> | undefined;
  #ended = false;
  #detached = false;

  constructor(options: TimedLeaseOptions) {
    this.key = options.key;
    this.mode = options.mode;
    this.token = options.token;
    this.#options = options;
    this.#ttlMs = options.ttlMs;
    this.#endsAtMs = options.endsAtMs;
    this.#timer = this.#countDown(options.endsAtMs - options.nowMs());
  }

  /** Made when first asked for: few holders do, and it costs more than the rest of the lease. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#lost !== undefined) this.#controller.abort(this.#lost);
    return this.#controller.signal;
  }

  get isDetached(): boolean {
    return this.#detached;
  }

  /** How long it lasts still, by the clock; not above zero when its time has passed. */
  get remainingMs(): number {
    return this.#endsAtMs - this.#options.nowMs();
  }

  /** Looks at the clock too: a timer of a process that was suspended or busy comes late. */
  held(): boolean {
    if (!this.#ended && this.remainingMs <= 0) this.#loseToTime();
    return !this.#ended;
  }

  async renew(ttlMs: number = this.#ttlMs): Promise<void> {
    checkTtl(ttlMs);
    if (!this.held()) throw this.#endedError();
    const endsAtMs = await this.#options.onRenew(this, ttlMs);
    if (endsAtMs === undefined) {
      this.lose("it was revoked or had run out");
      throw this.#endedError();
    }
    if (this.#ended) {
      // It ran out, or was released, while it was renewed: nobody would end what was renewed.
      await this.#options.onRelease(this);
      throw this.#endedError();
    }
    this.#ttlMs = ttlMs;
    this.#endsAtMs = endsAtMs;
    clearTimeout(this.#timer);
    this.#timer = this.#countDown(this.remainingMs);
  }

  /** Ends it unless it has ended; its holder learns so before the next one is let in. */
  lose(reason: string, remedy = "take the lock again"): void {
    if (this.#ended) return;
    // First of all, because a listener may release what it has just been told it lost.
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#lost = new RepertoireError(
      "LEASE_LOST",
      `The lease of lock ${preview(this.key)} ended before it was released, because ${reason}; ${remedy}`,
      { details: { ...this.#facts(), ttlMs: this.#ttlMs } },
    );
    this.#controller?.abort(this.#lost);
    this.#options.onLost(this);
  }

  detach(): void {
    this.#detached = true;
  }

  /** The opposite of {@link detach}. */
  attach(): void {
    this.#detached = false;
  }

  /** Ends it for this process alone; it goes on for whoever takes it up. */
  leave(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  release(): Promise<void> {
    if (!this.#ended && !this.#detached) {
      this.leave();
      const passing = this.#options.onRelease(this);
      if (passing !== undefined) this.#released = passing;
    }
    return this.#released ?? Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #countDown(remainingMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#loseToTime(), Math.max(0, Math.ceil(remainingMs))).unref();
  }

  #loseToTime(): void {
    this.lose(
      `its ${this.#ttlMs} ms passed`,
      "hold it for less time, renew it, or ask for a longer `ttlMs`",
    );
  }

  #endedError(): RepertoireError {
    if (this.#lost !== undefined) return this.#lost;
    return new RepertoireError(
      "LEASE_LOST",
      `Can not renew the lease of lock ${preview(this.key)}: it was released; take the lock again`,
      { details: this.#facts() },
    );
  }

  #facts(): { readonly key: string; readonly mode: LockMode; readonly token: string } {
    return { key: this.key, mode: this.mode, token: String(this.token) };
  }
}
