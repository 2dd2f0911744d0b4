/**
 * What some work gives, unless the signal aborts first: work that can not be stopped, such as a
 * look-up of a name, is then left to itself.
 *
 * @throws the signal's reason once it is aborted
 */
export function beforeAbort<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}
