/**
 * A search index's engine on a thread of its own, so that scanning never holds up the caller's event
 * loop. The thread has its own connection and its own memory of the index; the caller's thread keeps
 * none. The price is a heap of some 10 MB beside what is held of the index.
 *
 * A thread that dies is replaced, and what it was asked is asked again: every task can be repeated. One
 * whose task kills threads again and again is told so.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { cancelledError } from "../../base/abort.ts";
import { RepertoireError } from "../../base/errors.ts";
import { type PackedRows, unpackRows } from "../found-rows.ts";
import type { IndexEngine } from "../index-engine.ts";
import type { IndexFilter } from "../search-index.ts";
import {
  fromWireFailure,
  type SearchReply,
  type SearchRequest,
  type SearchTask,
  type SearchThreadOptions,
  type WireFilter,
  type WireIds,
} from "./search-wire.ts";

/** Tasks sent ahead, so that the thread need not wait for the next one. */
const SENT_AHEAD = 4;
/** Tasks that wait; a caller beyond that is told to come back. */
const MAX_WAITING = 1000;
/** Threads that may die of one task. */
const MAX_DEATHS = 2;
/** How long nothing is asked before the index in memory is kept on disk. */
const SAVE_AFTER_MS = 1000;
/** The one who closes it waits so long for that: a pack of a million skills takes some seconds. */
const SAVE_WITHIN_MS = 15_000;
const SAVE_CALL = 0;

export interface SearchThread extends Omit<
  IndexEngine,
  "close" | "held" | "near" | "adopt" | "catchUp"
> {
  readonly builds: number;
  readonly rejectedPacks: number;
  readonly replaced: number;
  /** Ends the thread, once it has kept what it holds on disk; what it was asked is rejected with `CLOSED`. */
  close(): Promise<void>;
}

interface Job {
  readonly task: () => SearchTask;
  readonly promise: PromiseWithResolvers<unknown>;
  deaths: number;
}

export function searchThread(options: SearchThreadOptions): SearchThread {
  const waiting: Job[] = [];
  const sent = new Map<number, Job>();
  let worker: Worker | undefined;
  let calls = 0;
  let closed = false;
  let replaced = 0;
  let counts = { builds: 0, rejectedPacks: 0 };
  /** Those of threads that have ended. */
  let before = { builds: 0, rejectedPacks: 0 };
  let saving: NodeJS.Timeout | undefined;
  /** Whether it was asked anything since it was told to save. */
  let isUnsaved = false;
  /** Resolves when the save under way has ended, or its thread has. */
  let saved: PromiseWithResolvers<void> | undefined;
  /** The set of ids that the thread has. */
  let known: { only?: ReadonlySet<string>; except?: ReadonlySet<string> } = {};

  function start(): Worker {
    const entry = new URL(
      `./search-thread-worker${extname(import.meta.filename)}`,
      import.meta.url,
    );
    const started = new Worker(entry, { workerData: options });
    // It keeps the process alive only while somebody waits for it.
    started.unref();
    started.on("message", (reply: SearchReply) => take(reply));
    // Its end says all there is to say of how it failed.
    started.on("error", () => undefined);
    started.once("exit", () => {
      if (worker === started) bury();
    });
    known = {};
    return started;
  }

  function bury(): void {
    worker = undefined;
    isUnsaved = false;
    saved?.resolve();
    saved = undefined;
    const { builds, rejectedPacks } = before;
    before = {
      builds: builds + counts.builds,
      rejectedPacks: rejectedPacks + counts.rejectedPacks,
    };
    counts = { builds: 0, rejectedPacks: 0 };
    const jobs = [...sent.values()];
    sent.clear();
    if (closed) return;
    replaced += 1;
    // The first was being worked on; the others had only been sent ahead.
    if (jobs[0] !== undefined) jobs[0].deaths += 1;
    const lost = jobs.filter((job) => job.deaths >= MAX_DEATHS);
    for (const { promise } of lost) promise.reject(threadDied(options.path));
    waiting.unshift(...jobs.filter((job) => job.deaths < MAX_DEATHS));
    feed();
  }

  function take({ call, value, error, builds, rejectedPacks }: SearchReply): void {
    counts = { builds, rejectedPacks };
    if (call === SAVE_CALL) {
      saved?.resolve();
      saved = undefined;
      return;
    }
    const job = sent.get(call);
    sent.delete(call);
    if (error === undefined) job?.promise.resolve(value);
    else job?.promise.reject(fromWireFailure(error));
    feed();
    if (sent.size > 0) return;
    worker?.unref();
    saveSoon();
  }

  function saveSoon(): void {
    isUnsaved = true;
    clearTimeout(saving);
    saving = setTimeout(() => {
      // Nobody waits for it, and a thread that dies of it is replaced when there is something to do.
      if (!closed && sent.size === 0) startSave();
    }, SAVE_AFTER_MS).unref();
  }

  function startSave(): void {
    if (worker === undefined || saved !== undefined) return;
    isUnsaved = false;
    saved = Promise.withResolvers();
    worker.postMessage({ call: SAVE_CALL, task: { kind: "save" } } satisfies SearchRequest);
  }

  /** A process that lives for one search would else build the index anew each time. */
  async function finishSaving(): Promise<void> {
    if (isUnsaved) startSave();
    if (saved === undefined) return;
    worker?.ref();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, SAVE_WITHIN_MS);
    await Promise.race([saved.promise, late.promise]);
    clearTimeout(timer);
  }

  function feed(): void {
    while (sent.size < SENT_AHEAD) {
      const job = waiting.shift();
      if (job === undefined) return;
      clearTimeout(saving);
      worker ??= start();
      worker.ref();
      const call = ++calls;
      try {
        worker.postMessage({ call, task: job.task() } satisfies SearchRequest);
        sent.set(call, job);
      } catch (error) {
        // Something in it can not travel.
        job.promise.reject(error);
      }
    }
  }

  function ask<T>(task: () => SearchTask, signal?: AbortSignal): Promise<T> {
    if (closed) return Promise.reject(closedError(options.path));
    if (signal?.aborted === true) return Promise.reject(cancelledError(signal, "Searching"));
    if (waiting.length >= MAX_WAITING) return Promise.reject(tooMany(options.path));
    const job: Job = { task, promise: Promise.withResolvers<unknown>(), deaths: 0 };
    waiting.push(job);
    const cancel = (): void => {
      const at = waiting.indexOf(job);
      // One that was sent is answered, and nobody hears it.
      if (at >= 0) waiting.splice(at, 1);
      job.promise.reject(cancelledError(signal!, "Searching"));
    };
    signal?.addEventListener("abort", cancel, { once: true });
    feed();
    return job.promise.promise.finally(() =>
      signal?.removeEventListener("abort", cancel),
    ) as Promise<T>;
  }

  function wireFilter({ only, except, ...filter }: IndexFilter): WireFilter {
    return {
      ...filter,
      ...(only === undefined ? {} : { only: wireIds("only", only) }),
      ...(except === undefined ? {} : { except: wireIds("except", except) }),
    };
  }

  /** The ids themselves only when the thread does not have them. */
  function wireIds(use: "only" | "except", ids: ReadonlySet<string>): WireIds {
    if (known[use] === ids) return {};
    known[use] = ids;
    return { ids };
  }

  return {
    search({ signal, filter, ...query }) {
      const task = (): SearchTask => ({
        kind: "search",
        query: { ...query, filter: wireFilter(filter) },
      });
      return ask<PackedRows>(task, signal).then(unpackRows);
    },
    neighbours: (id, limit) => ask(() => ({ kind: "neighbours", id, limit })),
    apply: (update, told) => ask(() => ({ kind: "apply", update, told })),
    save: () => ask(() => ({ kind: "save" })),
    copy: () => ask(() => ({ kind: "copy" })),

    get builds() {
      return before.builds + counts.builds;
    },
    get rejectedPacks() {
      return before.rejectedPacks + counts.rejectedPacks;
    },
    get replaced() {
      return replaced;
    },

    async close() {
      closed = true;
      clearTimeout(saving);
      const isIdle = sent.size === 0;
      for (const { promise } of [...sent.values(), ...waiting.splice(0)])
        promise.reject(closedError(options.path));
      sent.clear();
      if (isIdle) await finishSaving();
      await worker?.terminate();
    },
  };
}

function closedError(path: string): RepertoireError {
  return new RepertoireError("CLOSED", `The search index ${path} is closed`);
}

function tooMany(path: string): RepertoireError {
  return new RepertoireError(
    "LIMIT_EXCEEDED",
    `${MAX_WAITING} searches of ${path} are waiting already; ask fewer at once, or try again later`,
    { details: { limit: "waiting searches", max: MAX_WAITING } },
  );
}

function threadDied(path: string): RepertoireError {
  return new RepertoireError(
    "INTERNAL",
    `The thread of the search index ${path} ended twice over the same task; try again, and look for a lack of memory`,
    { details: { threadDied: true } },
  );
}

/** Whether the task could not be done because threads died of it. */
export function isThreadDeath(error: unknown): boolean {
  return error instanceof RepertoireError && error.details["threadDied"] === true;
}
