/** The other end of `thread-call.ts`: makes one call and answers. */
import { parentPort, workerData } from "node:worker_threads";
import { RepertoireError } from "./errors.ts";
import type { ThreadAnswer } from "./thread-call.ts";

interface Call {
  readonly module: string;
  readonly name: string;
  readonly input: unknown;
}

async function answer({ module, name, input }: Call): Promise<ThreadAnswer> {
  try {
    const found = (await import(module)) as Record<string, (input: unknown) => unknown>;
    return { ok: true, value: await found[name]!(input) };
  } catch (error) {
    const known = error instanceof RepertoireError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, code: known?.code, message, details: known?.details ?? {} };
  }
}

parentPort?.postMessage(await answer(workerData as Call));
