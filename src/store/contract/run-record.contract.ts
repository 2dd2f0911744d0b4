import { isoTime } from "../../base/clock.ts";
import { LIMITS, runLimits } from "../../base/limits.ts";
import type { RecordedRun, RunRecord, RunRecording } from "../run-store.ts";

export function secondAt(second: number): string {
  return isoTime(second * 1000);
}

/** Run number `number`, which started in that second. */
export function runRecord(number: number, fields: Partial<RunRecord> = {}): RunRecord {
  const status = fields.status ?? "ok";
  return {
    runId: `run-${number}`,
    skillId: "echo",
    version: 1,
    status,
    ...(status === "ok" ? {} : { error: { name: "Error", message: `failure \u0000 ${number}` } }),
    logs: [],
    logsDropped: 0,
    startedAt: secondAt(number),
    durationMs: 10,
    cpuMs: 1.5,
    hostCalls: 0,
    ...fields,
  };
}

/** A recording of about `bytes` bytes. */
export function recordingOf(bytes: number, text = "x"): RunRecording {
  return {
    journal: {
      engine: "engine@1",
      seed: 7,
      now: 1_000_000,
      contextJson: JSON.stringify(text.repeat(bytes / text.length)),
      calls: [
        {
          callId: 0,
          kind: "tool",
          name: "a \u0000",
          args: '"🧪"\n{}',
          reply: { ok: false, error: { name: "E", message: "m \ud800", denied: true } },
        },
        { callId: 2, kind: "sleep", name: "", args: "5", reply: { ok: true, json: "null" } },
        { callId: 3, kind: "fetch", name: "https://x.test", args: "null" },
      ],
      order: [2, 0],
      truncated: true,
      stopped: { status: "timeout", error: { name: "Timeout", message: "over" } },
    },
    limits: runLimits(LIMITS),
    ending: { status: "timeout", error: { name: "Timeout", message: "over" } },
    value: { sha256: "ab", bytes: 3 },
  };
}

export function recorded(number: number, bytes: number): RecordedRun {
  return { ...runRecord(number, { journal: "kept" }), recording: recordingOf(bytes) };
}
