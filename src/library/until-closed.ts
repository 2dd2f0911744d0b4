import { RepertoireError } from "../base/errors.ts";

/** Closing the library ends the work, which then fails with `CLOSED`. */
export async function untilClosed<T>(
  { closing }: { readonly closing: AbortController },
  given: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = given === undefined ? closing.signal : AbortSignal.any([closing.signal, given]);
  try {
    return await work(signal);
  } catch (error) {
    const isClosing = error instanceof RepertoireError && error.code === "CANCELLED";
    throw isClosing && closing.signal.aborted ? closing.signal.reason : error;
  }
}
