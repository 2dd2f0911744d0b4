/**
 * Checks drafts on a thread that can be ended. Parsers, type strippers and schema compilers take
 * time and memory that grow steeply with input made for it, and can be left unusable by it; on the
 * host's own thread a single draft would stop every agent of the process.
 *
 * One draft is checked at a time. A thread that overruns its time or dies is replaced.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { RepertoireError } from "../../../base/errors.ts";
import type { CheckedParts, StructureReport } from "./check-draft.ts";

/** Processor time; far more than the largest honest draft needs. */
const CHECK_MS = 5000;
/** How long a thread may take for that on a busy machine, and how often it is looked at. */
const MAX_WAIT_MS = 60_000;
const LOOK_MS = 1000;
const MEMORY_MB = 512;

const NOT_CHECKED: StructureReport = {
  issues: [
    {
      path: "",
      message: `its code and schemas could not be checked within ${CHECK_MS} ms of processor time and ${MEMORY_MB} MB`,
      expected: "code and schemas of ordinary size and nesting",
      received: "something too complex to check",
    },
  ],
};

export interface DraftChecker {
  /** Never rejects for what a draft holds; rejects with `CLOSED` after `close()`. */
  check(parts: CheckedParts): Promise<StructureReport>;
  close(): Promise<void>;
}

export function draftChecker(): DraftChecker {
  let thread: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  function start(): Worker {
    if (thread !== undefined) return thread;
    const entry = new URL(`./draft-check-worker${extname(import.meta.filename)}`, import.meta.url);
    const worker = new Worker(entry, {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      stdout: true,
      stderr: true,
    });
    // Its end says all there is to say of how it failed.
    worker.on("error", () => undefined);
    worker.once("exit", () => {
      if (thread === worker) thread = undefined;
    });
    thread = worker;
    return worker;
  }

  function end(): Promise<unknown> {
    const ended = thread?.terminate();
    thread = undefined;
    return ended ?? Promise.resolve();
  }

  async function checkNow(parts: CheckedParts): Promise<StructureReport> {
    if (closed)
      throw new RepertoireError("CLOSED", "The library is closed; open it again with openLibrary");
    const worker = start();
    worker.ref();
    const report = await reportOf(worker, parts);
    worker.unref();
    if (report !== undefined) return report;
    await end();
    return NOT_CHECKED;
  }

  return {
    check(parts) {
      const result = last.then(() => checkNow(parts));
      last = result.catch(() => undefined);
      return result;
    },
    async close() {
      closed = true;
      await end();
      await last;
    },
  };
}

/** The report; none when the thread overran its time or died. */
function reportOf(worker: Worker, parts: CheckedParts): Promise<StructureReport | undefined> {
  const { promise, resolve } = Promise.withResolvers<StructureReport | undefined>();
  const giveUp = (): void => resolve(undefined);
  const begunMs = processorMs(worker);
  let lookedMs = CHECK_MS;
  let ended = false;
  let timer = setTimeout(look, CHECK_MS);

  /** On a machine with more work than processors it may hardly have begun. */
  function look(): void {
    if (lookedMs >= MAX_WAIT_MS) return giveUp();
    // Without an answer it is deep in native code.
    timer = setTimeout(giveUp, CHECK_MS);
    void Promise.all([begunMs, processorMs(worker)]).then(([begun, now]) => {
      if (ended) return;
      clearTimeout(timer);
      if (begun === undefined || now === undefined || now - begun >= CHECK_MS) return giveUp();
      lookedMs += LOOK_MS;
      timer = setTimeout(look, LOOK_MS);
    });
  }

  worker.once("message", resolve);
  worker.once("exit", giveUp);
  worker.postMessage(parts);
  return promise.finally(() => {
    ended = true;
    clearTimeout(timer);
    worker.off("message", resolve);
    worker.off("exit", giveUp);
  });
}

/** Processor time a thread has used; unknown before Node 24.6. */
async function processorMs(worker: Worker): Promise<number | undefined> {
  const { cpuUsage } = worker as { readonly cpuUsage?: Worker["cpuUsage"] };
  if (cpuUsage === undefined) return undefined;
  // One that has not started has used none; one that has ended is told of by its exit.
  const { user, system } = await cpuUsage.call(worker).catch(() => ({ user: 0, system: 0 }));
  return (user + system) / 1000;
}
