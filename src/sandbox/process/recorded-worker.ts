/** Starts worker threads from recorded sources, so that neither they nor this process read a file. */
import { Worker } from "node:worker_threads";
import type { WorkerOptions } from "node:worker_threads";
import type { RecordedModules } from "./module-recorder.ts";

/**
 * What a thread executes first. It is CommonJS text because that is what a worker can be given, and
 * it leaves `workerData` as the entry expects it.
 */
const BOOTSTRAP = `
"use strict";
const { registerHooks } = require("node:module");
const threads = require("node:worker_threads");
const { modules, entry, data } = threads.workerData;
const { sources, resolved } = modules;
// Only its own entry file is left to it, and only where it can not be given up.
if (process.permission && process.permission.drop) process.permission.drop("fs.read");
threads.workerData = data;
require("node:module").syncBuiltinESMExports();
function urlOf(specifier, parentURL) {
  const known = resolved.get(parentURL + " " + specifier);
  if (known !== undefined) return known;
  return URL.canParse(specifier, parentURL) ? new URL(specifier, parentURL).href : specifier;
}
registerHooks({
  resolve(specifier, context, nextResolve) {
    const url = urlOf(specifier, context.parentURL);
    const known = sources.get(url);
    if (known === undefined) return nextResolve(specifier, context);
    return { url, format: known.format, shortCircuit: true };
  },
  load(url, context, nextLoad) {
    const known = sources.get(url);
    if (known === undefined) return nextLoad(url, context);
    return { format: known.format, source: known.source, shortCircuit: true };
  },
});
import(entry);
`;

/** Without permissions of its own a thread has all there are, whatever its process may do. */
const THREAD_FLAGS = ["--permission", "--no-warnings"];

/** A worker thread that executes the recorded module `entry` and may do nothing beyond messages. */
export function startRecordedWorker(
  modules: RecordedModules,
  entry: string,
  data: unknown,
  options: WorkerOptions,
): Worker {
  return new Worker(BOOTSTRAP, {
    ...options,
    eval: true,
    env: {},
    execArgv: THREAD_FLAGS,
    workerData: { modules, entry, data },
  });
}
