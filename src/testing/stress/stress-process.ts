/**
 * A process under stress: performs the operations of its plan until it is told to stop, or killed.
 * Its task comes as JSON in the first argument.
 */
import { historyRecorder } from "../history/history-file.ts";
import type { HistoryRecorder } from "../history/history-file.ts";
import { stressOperations } from "./stress-plan.ts";
import type { StressMix } from "./stress-plan.ts";
import type { StressSubject } from "./stress-subject.ts";

export interface StressTask {
  /** URL of a module that exports {@link OpenSubject} as `openSubject`. */
  readonly module: string;
  readonly argument: string;
  readonly client: string;
  readonly seed: number;
  readonly keys: number;
  readonly prefix: string;
  readonly mix: StressMix;
  readonly historyPath: string;
}

/** Opens what is put under stress, once in each process. */
export type OpenSubject = (argument: string, recorder: HistoryRecorder) => Promise<StressSubject>;

export type StressMessage = "ready" | "stop";

async function work(task: StressTask): Promise<void> {
  const stopping = new AbortController();
  process.on("message", (message: StressMessage) => {
    if (message === "stop") stopping.abort();
  });
  // Whoever started it is gone: nobody would check what it does, or stop it.
  process.once("disconnect", () => process.exit());
  const recorder = historyRecorder(task.historyPath, task.client);
  const { openSubject } = (await import(task.module)) as { readonly openSubject: OpenSubject };
  const subject = await openSubject(task.argument, recorder);
  process.send?.("ready" satisfies StressMessage);
  const { seed, client, keys, prefix, mix } = task;
  const plan = stressOperations({ seed, client, keys, prefix, mix });
  while (!stopping.signal.aborted) {
    await subject.perform(plan.next().value);
    // Calls of an embedded store may never leave the microtask queue, and nobody would be heard.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await subject.close();
  recorder.close();
  process.removeAllListeners("disconnect");
  process.disconnect();
}

await work(JSON.parse(process.argv[2] ?? "") as StressTask);
