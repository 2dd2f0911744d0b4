/**
 * The main thread of a sandbox process: it hardens the process, then moves messages between its
 * parent and the pool of worker threads. No guest code runs on it.
 *
 * It ends when its input does, so it never outlives its parent.
 */
import { extname } from "node:path";
import { hardenChild, probeOfThread } from "../hardening/harden-child.ts";
import { LIMITS } from "../../base/limits.ts";
import { createPool } from "../quickjs/pool.ts";
import type { RunPool } from "../run/sandbox-over.ts";
import { loadEngine } from "../quickjs/engine-binary.ts";
import type { StartWorker } from "../quickjs/thread.ts";
import type { Job } from "../run/job.ts";
import { createSchemaChecker } from "../run/schema-checker.ts";
import { createChildRun } from "./child-run.ts";
import type { ChildRun } from "./child-run.ts";
import { readSetup } from "./child-setup.ts";
import { createFrameReader, encodeFrame } from "./frame.ts";
import type { Frame } from "./frame.ts";
import type { ChildCounts, FromChild, ToChild } from "./messages.ts";
import type { RecordedModules } from "./module-recorder.ts";
import { startRecordedWorker } from "./recorded-worker.ts";

export async function runChild(modules: RecordedModules): Promise<void> {
  const setup = readSetup(process.argv[2]);
  const urlOf = (path: string): string =>
    new URL(`${path}${extname(import.meta.filename)}`, import.meta.url).href;
  const workerUrl = urlOf("../quickjs/worker");
  const probeUrl = urlOf("../hardening/probe-thread");
  const startWorker: StartWorker = (data, options) =>
    startRecordedWorker(modules, workerUrl, data, options);
  const pool = createPool(setup.workers, setup.slotsPerWorker, startWorker);
  const runs = new Map<number, ChildRun>();

  function counts(): ChildCounts {
    const { workers, kills, retries } = pool.counts();
    return { workers, kills, retries };
  }

  function start({ id, depth, job }: Extract<ToChild, { kind: "start" }>, text: string): void {
    const child = createChildRun(id, { ...job, contextJson: text }, depth, {
      post,
      onEnd(outcome) {
        runs.delete(id);
        const { valueJson, ...rest } = outcome;
        const done = { ...rest, logs: child.run.logs };
        post({ kind: "done", id, outcome: done, counts: counts() }, valueJson ?? "");
      },
      onFail(error) {
        runs.delete(id);
        post({ kind: "failed", id, reason: error.message });
      },
    });
    runs.set(id, child);
    pool.submit(child.run);
  }

  function onFrame({ message, text }: Frame): void {
    // The parent is trusted: it is what this process is protected for, not from.
    const received = message as ToChild;
    const child = runs.get(received.id);
    switch (received.kind) {
      case "start":
        return start(received, text);
      case "reply": {
        const { attempt, callId, reply } = received;
        return child?.reply(attempt, callId, reply.ok ? { ...reply, json: text } : reply);
      }
      case "cancel":
        return child === undefined ? undefined : pool.cancel(child.run);
      case "ask":
        if (child === undefined) return;
        return post({ kind: "deadline", id: received.id, deadlineMs: child.deadlineMs() });
    }
  }

  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  try {
    await loadEngine();
    createSchemaChecker().load();
    // It refuses to work on a main thread, but all that it imports is loaded by then.
    await import(workerUrl).catch(() => undefined);
    await import(probeUrl);
    const warm = startWorkerOf(pool);
    const isolation = await hardenChild(setup, () =>
      probeOfThread(startRecordedWorker(modules, probeUrl, undefined, {})),
    );
    process.stdin.on("data", createFrameReader(onFrame));
    await warm;
    post({ kind: "ready", isolation, counts: counts() });
  } catch (error) {
    post({ kind: "unable", reason: error instanceof Error ? error.message : String(error) });
  }
}

/** Has the pool start its first worker, by checking a program that is none of anybody's. */
function startWorkerOf(pool: RunPool): Promise<void> {
  return new Promise((resolve, reject) => {
    const job: Job = {
      kind: "check",
      program: { file: "", code: "" },
      contextJson: "null",
      limits: LIMITS,
      seed: 0,
      now: 0,
    };
    const events = { post: () => undefined, onEnd: () => resolve(), onFail: reject };
    pool.submit(createChildRun(0, job, 0, events).run);
  });
}

function post(message: FromChild, text = ""): void {
  process.stdout.write(encodeFrame(message, text));
}
