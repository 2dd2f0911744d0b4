/**
 * The synchronous twins. The caller's thread sleeps while another thread does the work with the
 * asynchronous library, on the same files; it is started at the first call.
 */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { RepertoireError } from "../../base/errors.ts";
import { findJsonDefect } from "../../base/json.ts";
import { describeThrown } from "../../base/thrown.ts";
import type { JsonValue } from "../../base/json.ts";
import { checkDraftIsJson } from "../../skill/draft-json.ts";
import { Execution } from "../../skill/execution.ts";
import type { ExecutionRecord } from "../../skill/execution.ts";
import type { Skill } from "../../skill/skill.ts";
import type { AddOptions, AddResult, GetOptions } from "../catalog/catalog-options.ts";
import type { Evidence } from "../execution/evidence.ts";
import type { ExecuteOptions } from "../execution/execute-options.ts";
import type { FetchPolicy } from "../execution/host-fetch/fetch-policy.ts";
import { executionOfContext } from "../execution/failed-executions.ts";
import type { LibraryOptions } from "../options.ts";
import type { SearchOptions, SearchResult } from "../retrieval/searcher.ts";
import { fromWireError } from "./sync-protocol.ts";
import type {
  SyncMessage,
  SyncMethod,
  SyncRequest,
  SyncWorkerData,
  ToolAnswer,
} from "./sync-protocol.ts";

/** Its thread gives a sign of life several times as often; without one for this long it is dead. */
const SILENCE_MS = 30_000;
const CLOSE_MS = 10_000;
const NOT_TRANSFERABLE = ["store", "runs", "index", "locks", "clock"] as const;

/** A call whose caller is waiting. */
interface Call {
  readonly onProgress: ExecuteOptions["onProgress"];
  answer?: SyncMessage & { readonly kind: "result" | "error" };
}

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly counter: Int32Array;
}

export interface SyncLibraryParts {
  readonly options: LibraryOptions;
  /** Told of runs: the thread has written its own by the time they are over. */
  readonly evidence: Pick<Evidence, "record" | "expire">;
}

export class SyncLibrary {
  readonly #options: LibraryOptions;
  readonly #evidence: SyncLibraryParts["evidence"];
  readonly #calls = new Map<number, Call>();
  #nextRequestId = 0;
  #thread: Thread | undefined;
  #closed = false;

  constructor(parts: SyncLibraryParts) {
    this.#options = parts.options;
    this.#evidence = parts.evidence;
  }

  /** As `library.add`, synchronous; without `signal`. */
  add(draft: unknown, options: Omit<AddOptions, "signal"> = {}): AddResult {
    // What is not JSON can not travel to the other thread, where everything else is checked.
    checkDraftIsJson(draft);
    // Of a lease, what it is made of can travel as well.
    const { lease } = options;
    const plain = lease && { lease: { key: lease.key, token: lease.token } };
    return this.#call("add", [draft, { ...options, ...plain }]) as AddResult;
  }

  /** As `library.get`, synchronous; without `signal`. */
  get(id: string, options: Omit<GetOptions, "signal"> = {}): Skill | undefined {
    return this.#call("get", [id, options]) as Skill | undefined;
  }

  /** As `library.search`, synchronous; without `signal`. */
  search(query: string, options: Omit<SearchOptions, "signal"> = {}): SearchResult {
    return this.#call("search", [query, options]) as SearchResult;
  }

  /**
   * As `library.execute`, synchronous; without `signal`. Tools run on the caller's thread, and must
   * answer without a promise: nothing could settle it while the thread waits.
   */
  execute(
    id: string,
    context?: JsonValue,
    options: Omit<ExecuteOptions, "signal"> = {},
  ): Execution {
    const defect = context === undefined ? undefined : findJsonDefect(context);
    if (defect !== undefined) {
      const { version, caller } = options;
      const skill = this.get(id, version === undefined ? {} : { version });
      // Whatever else is wrong comes first, and is for the thread to say.
      if (skill !== undefined && isExecutable(skill, version !== undefined)) {
        const execution = executionOfContext(id, skill.version, defect, caller);
        this.#evidence.record(execution);
        return execution;
      }
    }
    const { onProgress, ...plain } = options;
    const record = this.#call(
      "execute",
      [id, defect === undefined ? context : {}, plain],
      onProgress,
    );
    this.#evidence.expire();
    return new Execution(record as ExecutionRecord);
  }

  /** Ends the thread, once it has closed its library. */
  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    thread.worker.ref();
    const exited = once(thread.worker, "exit");
    thread.port.postMessage({ kind: "close" });
    const timer = setTimeout(() => void thread.worker.terminate(), CLOSE_MS);
    await exited;
    clearTimeout(timer);
    thread.port.close();
  }

  #call(
    method: SyncMethod,
    args: readonly unknown[],
    onProgress?: ExecuteOptions["onProgress"],
  ): unknown {
    const { port, counter } = this.#start();
    const requestId = this.#nextRequestId++;
    const request: SyncRequest = {
      kind: "call",
      requestId,
      method,
      args,
      reportsProgress: onProgress !== undefined,
    };
    try {
      port.postMessage(request);
    } catch (error) {
      throw new RepertoireError(
        "INVALID_INPUT",
        `The arguments of sync.${method} can not be handed to another thread: ${(error as Error).message}`,
        { cause: error },
      );
    }
    const call: Call = { onProgress };
    this.#calls.set(requestId, call);
    try {
      while (call.answer === undefined)
        this.#handle(this.#nextMessage(port, counter, method), port);
    } finally {
      this.#calls.delete(requestId);
    }
    if (call.answer.kind === "error") throw fromWireError(call.answer.error);
    return call.answer.value;
  }

  /** A call that waits hears what belongs to another, because a tool may itself make a call. */
  #handle(message: SyncMessage, port: MessagePort): void {
    if (message.kind === "tool") {
      port.postMessage(this.#answerTool(message));
      return;
    }
    const call = this.#calls.get(message.requestId);
    if (call === undefined) return;
    if (message.kind !== "progress") {
      call.answer = message;
      return;
    }
    try {
      call.onProgress?.(message.fraction, message.message);
    } catch {
      // Progress is advisory: a failing observer must not end the run it observes.
    }
  }

  #nextMessage(port: MessagePort, counter: Int32Array, method: SyncMethod): SyncMessage {
    for (;;) {
      const seen = Atomics.load(counter, 0);
      const received = receiveMessageOnPort(port);
      if (received !== undefined) return received.message as SyncMessage;
      if (Atomics.wait(counter, 0, seen, SILENCE_MS) === "timed-out") {
        void this.#thread?.worker.terminate();
        this.#thread = undefined;
        throw new RepertoireError(
          "INTERNAL",
          `sync.${method} gave no sign of life for ${SILENCE_MS} ms; its thread was ended`,
        );
      }
    }
  }

  #answerTool(message: SyncMessage & { kind: "tool" }): ToolAnswer {
    const { callId, name, args, runId, skillId, remainingMs } = message;
    const { signal } = new AbortController();
    try {
      const call = { runId, skillId, remainingMs, signal };
      const tool = this.#options.tools?.[name];
      const value: unknown =
        (typeof tool === "function" ? tool(args, call) : tool?.execute(args, call)) ?? null;
      return { kind: "tool-answer", callId, value: answerOf(name, value) };
    } catch (error) {
      return {
        kind: "tool-answer",
        callId,
        error: describeThrown(error, `Tool "${name}" failed with something that is not an error`),
      };
    }
  }

  #start(): Thread {
    if (this.#closed)
      throw new RepertoireError("CLOSED", "The library is closed; open it again with openLibrary");
    this.#thread ??= this.#startThread();
    return this.#thread;
  }

  #startThread(): Thread {
    const { tools, ...options } = this.#options;
    const outer = NOT_TRANSFERABLE.find((name) => options[name] !== undefined);
    const isDriver = (value: unknown): boolean => typeof value === "object" && value !== null;
    const found =
      outer ??
      (isDriver(options.embedder)
        ? "embedder"
        : "run" in (options.sandbox ?? {})
          ? "sandbox"
          : undefined);
    const hook = fetchHook(options.policy?.fetch);
    if (hook !== undefined) {
      throw new RepertoireError(
        "SYNC_UNSUPPORTED",
        `The synchronous twins can not call functions of \`${hook}\` on this thread while it waits; use the asynchronous methods, or plain data in place of the functions`,
        { details: { option: hook } },
      );
    }
    if (found !== undefined) {
      throw new RepertoireError(
        "SYNC_UNSUPPORTED",
        `The synchronous twins need the embedded drivers, and this library was opened with its own \`${found}\`; use the asynchronous methods`,
        {
          details: { driver: found },
        },
      );
    }
    if (options.path !== undefined && !existsSync(join(options.path, "library.sqlite"))) {
      throw new RepertoireError(
        "STORE_UNAVAILABLE",
        `The library in ${options.path} was deleted or moved while it was open; close it, and open it again`,
      );
    }
    const { port1, port2 } = new MessageChannel();
    const signal = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const worker = new Worker(
      new URL(`./sync-worker${extname(import.meta.filename)}`, import.meta.url),
      {
        workerData: { port: port2, signal, options, tools: withoutCalls(tools) },
        transferList: [port2],
      },
    );
    worker.unref();
    port1.unref();
    return { worker, port: port1, counter: new Int32Array(signal) };
  }
}

/** The tools as another thread can know them. */
function withoutCalls(tools: LibraryOptions["tools"] = {}): SyncWorkerData["tools"] {
  return Object.fromEntries(
    Object.entries(tools).map(([name, tool]) => {
      if (typeof tool === "function") return [name, {}];
      const { execute: _, ...definition } = tool;
      return [name, definition];
    }),
  );
}

/** What a tool answered, when it can be handed to the skill. */
function answerOf(name: string, value: unknown): unknown {
  if (value instanceof Promise) {
    // Nobody will wait for it; its failure must not end the process.
    value.catch(() => undefined);
    throw new Error(
      `Tool "${name}" is asynchronous, and the synchronous twins can not wait for it; call library.execute`,
    );
  }
  const defect = findJsonDefect(value, { surrogates: "allow" });
  if (defect === undefined) return value;
  const at = defect.path === "" ? "" : ` at ${defect.path}`;
  throw new TypeError(
    `Tool "${name}" answered with something that is not JSON: ${defect.found}${at}`,
  );
}

/** What of a fetch policy is a function, which no other thread can call. */
function fetchHook(policy: FetchPolicy | undefined): string | undefined {
  if (policy?.resolve !== undefined) return "policy.fetch.resolve";
  const all = Object.values(policy?.credentials ?? {});
  return all.some((given) => typeof given === "function") ? "policy.fetch.credentials" : undefined;
}

/** Whether `execute` would run it. */
function isExecutable(skill: Skill, isNamed: boolean): boolean {
  const isOffered = skill.status === "active" || skill.status === "deprecated";
  return skill.code !== undefined && (isNamed || isOffered);
}
