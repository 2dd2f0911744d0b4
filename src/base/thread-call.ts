/**
 * Calls a synchronous function of another module on a thread of its own, so that work which takes
 * seconds, such as reading a whole file, does not stop the event loop.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { cancelledError, throwIfAborted } from "./abort.ts";
import { RepertoireError } from "./errors.ts";
import type { ErrorCode, ErrorDetails } from "./errors.ts";

/** Which function, of which module. */
export interface ThreadFunction {
  /** URL of the module, without the extension its files have here. */
  readonly module: URL;
  readonly name: string;
}

/** How the thread answers. */
export type ThreadAnswer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: ErrorCode | undefined;
      readonly message: string;
      readonly details: ErrorDetails;
    };

const WORK = "Work on a thread";
const EXTENSION = extname(import.meta.filename);

/**
 * The value of `name(input)`; both must be fit for structured cloning.
 *
 * @throws the library's error that the function threw, `INTERNAL` for any other one
 * @throws {CANCELLED} when the signal aborts, after the thread has ended
 */
export async function callInThread<T>(
  called: ThreadFunction,
  input: unknown,
  signal?: AbortSignal,
): Promise<T> {
  throwIfAborted(signal, WORK);
  const worker = new Worker(new URL(`./thread-call-worker${EXTENSION}`, import.meta.url), {
    workerData: { module: `${called.module.href}${EXTENSION}`, name: called.name, input },
    stdout: true,
    stderr: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer>();
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", (exitCode) =>
    reject(
      new RepertoireError("INTERNAL", `A thread ended with ${exitCode} before its work was done`),
    ),
  );
  const stop = (): void => reject(cancelledError(signal as AbortSignal, WORK));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const answer = await promise;
    if (answer.ok) return answer.value as T;
    const { code = "INTERNAL", message, details } = answer;
    throw new RepertoireError(code, message, { details });
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
