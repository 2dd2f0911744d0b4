/** Everything that is measured. An engine of the library is added to `OWN_ENGINES` by one line. */
import { quickjsProcessSandbox } from "../../src/sandbox/process/quickjs-process-sandbox.ts";
import { quickjsSandbox } from "../../src/sandbox/quickjs/quickjs-sandbox.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { v8Sandbox } from "../../src/sandbox/v8/v8-sandbox.ts";
import {
  childPerRun,
  isolatedVm,
  plainFunction,
  quickjsEmscripten,
  quickjsInThisThread,
  quickjsInWorker,
} from "./comparisons.ts";
import { ownEngine } from "./own-engine.ts";
import type { BenchEngine } from "./engine.ts";

/** The library's engines, measured like all others with 1 worker, and by their throughput. */
export const OWN_ENGINES: Readonly<Record<string, (workers: number) => Sandbox>> = {
  quickjs: (workers) => quickjsSandbox({ workers }),
  "quickjs-process": (workers) => quickjsProcessSandbox({ workers }),
  v8: (workers) => v8Sandbox({ workers }),
};

/** The same engine in the same thread model and nothing else: what others are compared with. */
export const BASELINE = quickjsInWorker;

export const ENGINES: readonly BenchEngine[] = [
  plainFunction,
  quickjsInThisThread(false),
  quickjsInThisThread(true),
  BASELINE,
  ...Object.entries(OWN_ENGINES).map(([name, open]) => ownEngine(`our ${name}`, () => open(1))),
  quickjsEmscripten,
  isolatedVm("context"),
  isolatedVm("isolate"),
  childPerRun,
];
