import { FetchFailure } from "./fetch-failure.ts";

/**
 * One signal for everything a fetch does: it aborts when the run ends, and when the time is up.
 * Its reason is the failure to report.
 */
export function deadline(
  runSignal: AbortSignal,
  timeoutMs: number,
  what: string,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const onRunEnd = (): void =>
    controller.abort(
      new FetchFailure("FETCH_CANCELLED", `The run ended while ${what} was fetched`),
    );
  const timer = setTimeout(() => {
    controller.abort(
      new FetchFailure("FETCH_TIMEOUT", `${what} did not answer in full within ${timeoutMs} ms`),
    );
  }, timeoutMs);
  if (runSignal.aborted) onRunEnd();
  else runSignal.addEventListener("abort", onRunEnd, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      runSignal.removeEventListener("abort", onRunEnd);
    },
  };
}
