/**
 * Keeps what a run is given, within a bound: its context, the calls it makes and their answers.
 * Once something has no room, nothing after it is kept: a replay can go as far as the recording
 * has no gap, and no further.
 */
import { utf8Bytes } from "../../base/json.ts";
import type { JournaledCall, RunJournal } from "../../skill/run-journal.ts";
import type { SandboxOutcome } from "../sandbox.ts";
import type { Job, WireCall, WireReply } from "./job.ts";

/** What a call costs besides its texts. */
const CALL_BYTES = 64;

export interface JournalRecorder {
  /** The run makes a call for the first time. */
  made(call: WireCall): void;
  /** The run is given an answer, for the first time. */
  answered(callId: number, reply: WireReply): void;
  /** What was kept; nothing when not even the context has room. */
  journal(ending: Pick<SandboxOutcome, "status" | "error">): RunJournal | undefined;
}

/** @param engine its name and version */
export function createJournalRecorder(job: Job, engine: string, maxBytes: number): JournalRecorder {
  const { contextJson, seed, now } = job;
  const calls = new Map<number, JournaledCall>();
  const order: number[] = [];
  const hasContext = utf8Bytes(contextJson) <= maxBytes;
  let room = maxBytes - utf8Bytes(contextJson);
  let truncated = false;

  function fits(bytes: number): boolean {
    truncated ||= bytes > room;
    if (!truncated) room -= bytes;
    return !truncated;
  }

  return {
    made(call) {
      const { callId, kind, name, args } = call;
      if (fits(CALL_BYTES + utf8Bytes(name) + utf8Bytes(args)))
        calls.set(callId, { callId, kind, name, args });
    },
    answered(callId, reply) {
      const call = calls.get(callId);
      if (call === undefined || !fits(replyBytes(reply))) return;
      calls.set(callId, { ...call, reply });
      order.push(callId);
    },
    journal({ status, error }) {
      if (!hasContext) return undefined;
      const wasStopped = status === "timeout" || status === "cancelled";
      return {
        engine,
        seed,
        now,
        contextJson,
        calls: [...calls.values()],
        order,
        ...(truncated ? { truncated } : {}),
        ...(wasStopped && error !== undefined ? { stopped: { status, error } } : {}),
      };
    },
  };
}

function replyBytes(reply: WireReply): number {
  if (reply.ok) return utf8Bytes(reply.json);
  const { name, message, code = "" } = reply.error;
  return utf8Bytes(name) + utf8Bytes(message) + utf8Bytes(code);
}
