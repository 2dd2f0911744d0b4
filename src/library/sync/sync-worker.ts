/**
 * The thread behind the synchronous twins: an ordinary library on the same files, whose
 * asynchronous methods run here while the caller sleeps. Same code, hence same results and errors.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { JsonValue } from "../../base/json.ts";
import type { ExecuteOptions } from "../execution/execute-options.ts";
import { openLibrary } from "../open-library.ts";
import type { Tool } from "../options.ts";
import type { SkillLibrary } from "../skill-library.ts";
import { fromToolFailure, toWireError } from "./sync-protocol.ts";
import type { SyncMessage, SyncRequest, SyncWorkerData, ToolAnswer } from "./sync-protocol.ts";

const { port, signal, options, tools } = workerData as SyncWorkerData;
const SIGN_OF_LIFE_MS = 5000;
const counter = new Int32Array(signal);
const toolCalls = new Map<number, PromiseWithResolvers<JsonValue>>();
let nextCallId = 0;
let opening: Promise<SkillLibrary> | undefined;

function send(message: SyncMessage): void {
  port.postMessage(message);
  wakeCaller();
}

function wakeCaller(): void {
  Atomics.add(counter, 0, 1);
  Atomics.notify(counter, 0);
}

// The caller can not see this thread end while it sleeps, only that it falls silent.
setInterval(wakeCaller, SIGN_OF_LIFE_MS).unref();

/** A tool is a function of the caller's thread: ask it, while it sleeps on our messages. */
function remoteTool(name: string): Tool {
  return (args, { runId, skillId, remainingMs }) => {
    const callId = nextCallId++;
    const answer = Promise.withResolvers<JsonValue>();
    toolCalls.set(callId, answer);
    send({ kind: "tool", name, args, runId, skillId, remainingMs, callId });
    return answer.promise;
  };
}

function library(): Promise<SkillLibrary> {
  opening ??= openLibrary({
    ...options,
    tools: Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => [name, { ...tool, execute: remoteTool(name) }]),
    ),
  }).catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function call({ requestId, method, args, reportsProgress }: SyncRequest): Promise<unknown> {
  const opened = await library();
  if (method !== "execute")
    return (opened[method] as (...given: readonly unknown[]) => Promise<unknown>).apply(opened, [
      ...args,
    ]);
  const [id, context, executeOptions] = args as [
    string,
    JsonValue | undefined,
    ExecuteOptions | undefined,
  ];
  const onProgress = (fraction: number, message?: string): void =>
    send({ kind: "progress", requestId, fraction, message });
  const execution = await opened.execute(id, context, {
    ...executeOptions,
    ...(reportsProgress ? { onProgress } : {}),
  });
  // Written before the caller goes on, so that it finds its own run in the metrics.
  await opened.getRun(execution.runId);
  return Object.fromEntries(Object.entries(execution));
}

function settleTool({ callId, value, error }: ToolAnswer): void {
  const pending = toolCalls.get(callId);
  toolCalls.delete(callId);
  if (error === undefined) pending?.resolve(value as JsonValue);
  else pending?.reject(fromToolFailure(error));
}

async function answer(request: SyncRequest): Promise<void> {
  const { requestId } = request;
  try {
    send({ kind: "result", requestId, value: await call(request) });
  } catch (error) {
    send({ kind: "error", requestId, error: toWireError(error) });
  }
}

async function shutDown(): Promise<void> {
  await (await opening)?.close();
  port.close();
  parentPort?.close();
}

port.on("message", (message: SyncRequest | ToolAnswer) => {
  if (message.kind === "tool-answer") settleTool(message);
  else if (message.kind === "close") void shutDown();
  else void answer(message);
});
