/** The host thread's side of one worker thread: started, listened to, terminated, always tracked. */
import { Worker } from "node:worker_threads";
import type { WorkerOptions } from "node:worker_threads";
import { extname } from "node:path";
import { createStartPacker } from "./packed-start.ts";
import { SharedState } from "./shared-state.ts";
import type { WasmModule } from "./web-assembly.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./wire.ts";

/** Heap of the worker's own JavaScript (messages, schemas); guest memory is not part of it. */
const RESOURCE_LIMITS = {
  maxOldGenerationSizeMb: 256,
  maxYoungGenerationSizeMb: 32,
  stackSizeMb: 4,
} as const;

export interface Thread {
  readonly shared: SharedState;
  post(message: ToWorker): void;
  /** Whether it keeps the process alive. */
  setRef(ref: boolean): void;
  /** Stops it, even inside native code; resolves when it is gone. */
  terminate(): Promise<void>;
}

export interface ThreadEvents {
  onMessage(message: FromWorker): void;
  /** It ended, asked to or not; called once. */
  onExit(reason: string): void;
}

/** Makes the thread of a worker, from `worker.ts` or what it was compiled to. */
export type StartWorker = (setup: WorkerSetup, options: WorkerOptions) => Worker;

const startFromFile: StartWorker = (setup, options) =>
  new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url), {
    ...options,
    workerData: setup,
  });

/** A worker has `keptSlots` slots that keep their engine and `overflowSlots` that do not. */
export function startThread(
  module: WasmModule,
  keptSlots: number,
  overflowSlots: number,
  events: ThreadEvents,
  startWorker: StartWorker = startFromFile,
): Thread {
  const shared = SharedState.forSlots(keptSlots + overflowSlots);
  const setup: WorkerSetup = { module, shared: shared.buffer, keptSlots };
  const worker = startWorker(setup, {
    name: "repertoire-sandbox",
    env: {},
    execArgv: [],
    stdin: false,
    // Captured, so that nothing a worker writes reaches the host's output. Nobody reads them: a
    // stream that is read keeps the process alive.
    stdout: true,
    stderr: true,
    resourceLimits: RESOURCE_LIMITS,
  });
  const pack = createStartPacker();
  let referenced = true;
  let reason = "it ended by itself";
  worker.on("message", (message: FromWorker) => events.onMessage(message));
  worker.on("error", (error: Error) => {
    reason = error.message;
  });
  const exited = new Promise<void>((resolve) => {
    worker.once("exit", () => {
      events.onExit(reason);
      resolve();
    });
  });
  return {
    shared,
    post: (message) => {
      worker.postMessage(message.kind === "start" ? pack(message) : message);
    },
    setRef(ref) {
      // It is asked for after every run and changes only with the first and the last of them.
      if (ref === referenced) return;
      referenced = ref;
      if (ref) worker.ref();
      else worker.unref();
    },
    terminate: async () => {
      await worker.terminate();
      await exited;
    },
  };
}
