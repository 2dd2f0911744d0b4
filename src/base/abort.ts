import { RepertoireError } from "./errors.ts";

/** The typed error for an aborted signal, keeping the caller's reason as its cause. */
export function cancelledError(signal: AbortSignal, what: string): RepertoireError {
  return new RepertoireError("CANCELLED", `${what} was cancelled by its signal`, {
    cause: signal.reason,
  });
}

/** @throws {CANCELLED} when the signal is already aborted */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw cancelledError(signal, what);
}

/**
 * Waits, without keeping the process alive longer than needed.
 *
 * @throws {CANCELLED} as soon as the signal aborts
 */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelledError(signal, "A wait"));
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(cancelledError(signal as AbortSignal, "A wait"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
