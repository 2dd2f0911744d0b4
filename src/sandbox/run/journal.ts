/**
 * The host calls of one run, across all its attempts.
 *
 * A call's effect happens once: its promise is kept, and an attempt that repeats the call gets the
 * same answer. Answers are given to every attempt in the order the first one got them, because that
 * order is all that a run's behaviour depends on besides its inputs. A recorder keeps both for the
 * time after the run; `replay.ts` is the journal of a run that repeats such a recording.
 */
import { hash } from "node:crypto";
import { sleep } from "../../base/abort.ts";
import { utf8Bytes } from "../../base/json.ts";
import { MAX_ERROR_LENGTH, MAX_NAME_LENGTH } from "./guest-limits.ts";
import { retainedBytesLimit } from "./retained-bytes.ts";
import { monotonicMs } from "./monotonic.ts";
import type { HostCallFailure, HostCallReply, SandboxOutcome, SandboxRequest } from "../sandbox.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Capability } from "../../skill/skill.ts";
import type { WireCall, WireReply } from "./job.ts";
import type { JournalRecorder } from "./journal-recorder.ts";

/** Gives an answer to the attempt that is running now. */
export type SendReply = (callId: number, reply: WireReply) => void;

export interface Journal {
  /** Starts another attempt: it has made no call yet. */
  beginAttempt(send: SendReply, deadlineMs: () => number): void;
  call(call: WireCall): void;
  progress(callId: number, fraction: number, message: string | undefined): void;
  /** Host calls made so far, by the attempt that went furthest. */
  readonly count: number;
  /** Adds to how the run ended what there is to tell of its calls: its journal, or where a replay left it. */
  conclude(outcome: Conclusion): Conclusion;
  /** The run ended: aborts what is still under way and gives no more answers. */
  end(): void;
}

export type Conclusion = Omit<SandboxOutcome, "logs">;

interface Entry {
  /** Digest of the request: enough to compare a repeat with, whatever its size. */
  readonly request: string;
  reply: WireReply | undefined;
}

/** @param recorder keeps what the run is given (default: nothing is kept) */
export function createJournal(request: SandboxRequest, recorder?: JournalRecorder): Journal {
  const entries = new Map<number, Entry>();
  const seenProgress = new Set<number>();
  const order: number[] = [];
  const answered: number[] = [];
  // Most runs make no call, and an abort nobody listens to still costs an exception.
  let abort: AbortController | undefined;
  let unanswered = 0;
  let answerBytes = 0;
  let issued = new Set<number>();
  let cursor = 0;
  let send: SendReply = () => undefined;
  let deadline: () => number = () => 0;

  function pump(): void {
    for (;;) {
      const replayed = order[cursor];
      if (replayed === undefined) {
        const at = answered.findIndex((callId) => issued.has(callId));
        if (at < 0) return;
        const [callId = 0] = answered.splice(at, 1);
        order.push(callId);
        const first = entries.get(callId)?.reply;
        if (first !== undefined) recorder?.answered(callId, first);
        continue;
      }
      const reply = entries.get(replayed)?.reply;
      if (reply === undefined || !issued.has(replayed)) return;
      cursor++;
      send(replayed, reply);
    }
  }

  function call(made: WireCall): void {
    issued.add(made.callId);
    const text = hash("sha256", `${made.kind} ${made.name} ${made.args}`, "base64");
    const known = entries.get(made.callId);
    if (known === undefined) {
      unanswered++;
      const entry: Entry = { request: text, reply: undefined };
      entries.set(made.callId, entry);
      recorder?.made(made);
      answer(made)
        .then((reply) => {
          unanswered--;
          // The run is being stopped: a replay must find it where it was when that began.
          if (request.signal?.aborted === true) return;
          entry.reply = reply;
          answered.push(made.callId);
          pump();
        })
        // An answer is plain text by now; if it still can not be sent, the guest is told so.
        .catch(() => send(made.callId, failure("Error", "The host's answer could not be sent")));
    } else if (known.request !== text) {
      // A run is a function of its inputs and answers, so this would be a defect of the engine.
      send(made.callId, failure("InternalError", "A repeated run made a different host call"));
      return;
    }
    pump();
  }

  async function answer(made: WireCall): Promise<WireReply> {
    abort ??= new AbortController();
    try {
      if (made.kind === "sleep") {
        await sleep(Number(made.args), abort.signal);
        return { ok: true, json: "null" };
      }
      const reply = await request.onHostCall({
        kind: made.kind,
        name: made.name,
        ...parseArguments(made.args),
        callId: made.callId,
        signal: abort.signal,
        remainingMs: Math.max(0, deadline() - monotonicMs()),
        ...(made.cpuMs === undefined ? {} : { cpuMs: made.cpuMs }),
      });
      return toWire(reply);
    } catch {
      // The host's own errors are not the guest's to read: they may name its files.
      return failure("Error", "The host failed to answer this call");
    }
  }

  function toWire(reply: HostCallReply): WireReply {
    if (!reply.ok) return retained(toFailure(reply.error));
    const json = (JSON.stringify(reply.value) as string | undefined) ?? "null";
    if (json.length <= request.limits.memoryBytes) return retained({ ok: true, json });
    return failure(
      "LimitError",
      `The host's answer of ${json.length} characters is larger than the run's memory of ${request.limits.memoryBytes} bytes; ask for less, or raise limits.memoryBytes`,
      "LIMIT_EXCEEDED",
      "memoryBytes",
    );
  }

  /** Counts an answer, or replaces it when the run has no room left to keep it. */
  function retained(reply: WireReply): WireReply {
    const limit = retainedBytesLimit(request.limits);
    const bytes = utf8Bytes(reply.ok ? reply.json : reply.error.message);
    if (answerBytes + bytes > limit) {
      return failure(
        "LimitError",
        `The answers of a run's host calls may have at most ${limit} bytes together; ask for less, or raise limits.resultBytes`,
        "LIMIT_EXCEEDED",
        "resultBytes",
      );
    }
    answerBytes += bytes;
    return reply;
  }

  return {
    beginAttempt(newSend, newDeadline) {
      send = newSend;
      deadline = newDeadline;
      issued = new Set();
      cursor = 0;
    },
    call,
    progress(callId, fraction, message) {
      if (seenProgress.has(callId)) return;
      seenProgress.add(callId);
      try {
        request.onProgress?.(fraction, message);
      } catch {
        // Progress is advisory: a failing observer must not end the run it observes.
      }
    },
    get count() {
      return entries.size + seenProgress.size;
    },
    conclude(outcome) {
      const journal = recorder?.journal(outcome);
      return journal === undefined ? outcome : { ...outcome, journal };
    },
    end() {
      send = () => undefined;
      if (unanswered > 0) abort?.abort();
    },
  };
}

function failure(
  name: string,
  message: string,
  code?: string,
  limit?: HostCallFailure["limit"],
): WireReply {
  return toFailure({ name, message, code, limit });
}

/** A host may answer with anything, whatever its type says: only short texts and a flag go on. */
function toFailure(reported: { readonly [Part in keyof HostCallFailure]: unknown }): WireReply {
  const { name, message, code, denied, limit } = reported;
  const capability = capabilityOf(reported.capability);
  const shortCode = textOf(code, MAX_ERROR_LENGTH.code);
  const shortLimit = textOf(limit, MAX_ERROR_LENGTH.name) as HostCallFailure["limit"];
  const error: HostCallFailure = {
    name: textOf(name, MAX_ERROR_LENGTH.name) ?? "Error",
    message: textOf(message, MAX_ERROR_LENGTH.message) ?? "The host call failed",
    ...(shortCode === undefined ? {} : { code: shortCode }),
    ...(denied === undefined ? {} : { denied: denied === true }),
    ...(shortLimit === undefined ? {} : { limit: shortLimit }),
    ...(capability === undefined ? {} : { capability }),
  };
  return { ok: false, error };
}

function capabilityOf(reported: unknown): Capability | undefined {
  if (typeof reported !== "object" || reported === null) return undefined;
  const { kind, name } = reported as Readonly<Record<string, unknown>>;
  if (kind !== "tool" && kind !== "skill" && kind !== "fetch") return undefined;
  return { kind, name: textOf(name, MAX_NAME_LENGTH) ?? "" };
}

function textOf(value: unknown, maxLength: number): string | undefined {
  return typeof value === "string" ? value.slice(0, maxLength) : undefined;
}

/** The arguments of a call as the guest wrote them: one JSON text, or two parted by a line break. */
function parseArguments(text: string): { args: JsonValue; options?: JsonValue } {
  const [args = "null", options] = text.split("\n");
  const parsed = JSON.parse(args) as JsonValue;
  return options === undefined
    ? { args: parsed }
    : { args: parsed, options: JSON.parse(options) as JsonValue };
}
