import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../base/limits.ts";
import { MessageError } from "./field.ts";
import { readMessage } from "./read-message.ts";
import { readOutcome } from "./read-outcome.ts";

const COUNTS = { workers: 1, kills: 0, retries: 0 };
const CALL = {
  kind: "call",
  id: 1,
  attempt: 1,
  callId: 0,
  call: "tool",
  name: "click",
  cpuMs: 1.5,
  deadlineMs: 5,
};
const OUTCOME = {
  status: "ok",
  logs: [{ level: "info", text: "hello" }],
  logsDropped: 0,
  durationMs: 1,
  cpuMs: 1,
  hostCalls: 0,
};
const FAILED = {
  ...OUTCOME,
  status: "error",
  error: {
    name: "TypeError",
    message: "no",
    line: 1,
    column: 2,
    frames: [{ functionName: "f", file: "a@1.js", line: 1, column: 2 }],
    limit: "cpuMs",
    causes: [{ name: "Error", message: "why" }],
  },
};

describe("a message of a sandbox process", () => {
  test("is read as it is, and nothing more than is known of it", () => {
    expect(readMessage({ ...CALL, extra: "x" })).toEqual(CALL);
    expect(readMessage({ kind: "done", id: 3, outcome: OUTCOME, counts: COUNTS })).toEqual({
      kind: "done",
      id: 3,
      outcome: OUTCOME,
      counts: COUNTS,
    });
  });

  test.each([
    ["no object", null],
    ["no known kind", { kind: "eval" }],
    ["an id below zero", { ...CALL, id: -1 }],
    ["a fraction of a call", { ...CALL, callId: 0.5 }],
    ["an unknown call", { ...CALL, call: "shell" }],
    ["a long name", { ...CALL, name: "n".repeat(10_000) }],
    ["an endless deadline", { ...CALL, deadlineMs: Infinity }],
    ["progress beyond the end", { kind: "progress", id: 1, attempt: 1, callId: 0, fraction: 2 }],
    ["a boundary with gaps", { kind: "ready", isolation: {}, counts: COUNTS }],
  ])("with %s is refused", (_kind, message) => {
    expect(() => readMessage(message)).toThrow(MessageError);
  });

  test("of any shape is read or refused, and nothing else happens", () => {
    const kinds = ["ready", "unable", "attempt", "call", "progress", "deadline", "done", "failed"];
    const anyMessage = fc
      .tuple(fc.constantFrom(...kinds), fc.dictionary(fc.string(), fc.anything()))
      .map(([kind, fields]) => ({ ...CALL, ...fields, kind }));
    fc.assert(
      fc.property(fc.oneof(fc.anything(), anyMessage), (message) => {
        try {
          readMessage(message);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageError);
        }
      }),
    );
  });
});

describe("an outcome of a sandbox process", () => {
  test("is read as it is, and nothing more than is known of it", () => {
    expect(readOutcome({ ...FAILED, extra: 1 }, "", LIMITS)).toEqual(FAILED);
    expect(readOutcome(OUTCOME, "[1]", LIMITS)).toEqual({ ...OUTCOME, valueJson: "[1]" });
  });

  test.each([
    ["an unknown status", { ...OUTCOME, status: "not-found" }, "1"],
    ["a failure without its error", { ...OUTCOME, status: "error" }, ""],
    ["a result that is no JSON", OUTCOME, "{"],
    ["a result beyond its limit", OUTCOME, JSON.stringify("x".repeat(2000))],
    ["a result nested too deeply", OUTCOME, `${"[".repeat(400)}${"]".repeat(400)}`],
    ["more lines than may be", { ...OUTCOME, logs: Array(9).fill(OUTCOME.logs[0]) }, "1"],
    [
      "longer lines than may be",
      { ...OUTCOME, logs: [{ level: "info", text: "x".repeat(99) }] },
      "1",
    ],
    ["a line of no level", { ...OUTCOME, logs: [{ level: "fatal", text: "" }] }, "1"],
    ["more calls than may be", { ...OUTCOME, hostCalls: 1e9 }, "1"],
    ["a time that is none", { ...OUTCOME, cpuMs: Number.NaN }, "1"],
    ["a long message", { ...FAILED, error: { name: "E", message: "m".repeat(1e6) } }, ""],
    ["an unknown limit", { ...FAILED, error: { ...FAILED.error, limit: "none" } }, ""],
    ["a place that is none", { ...FAILED, error: { ...FAILED.error, line: "1" } }, ""],
  ])("with %s is refused", (_kind, outcome, text) => {
    const limits = { ...LIMITS, resultBytes: 1000, logLines: 8, logBytes: 50 };
    expect(() => readOutcome(outcome, text, limits)).toThrow(MessageError);
  });
});
