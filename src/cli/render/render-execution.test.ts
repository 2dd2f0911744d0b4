import { expect, test } from "vitest";
import type { ExecutionRecord } from "../../skill/execution.ts";
import { renderEnding } from "./render-execution.ts";

const RUN: ExecutionRecord = {
  runId: "r",
  skillId: "orders",
  version: 3,
  status: "ok",
  logs: [],
  logsDropped: 0,
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 12,
  cpuMs: 3,
  hostCalls: 0,
};

const plain = (_style: unknown, text: string): string => text;

test("a failure shows its causes with their places, and the limit it reached", () => {
  const shown = renderEnding(
    {
      ...RUN,
      status: "error",
      error: {
        name: "Error",
        message: "import failed",
        line: 9,
        column: 3,
        excerpt: "  throw x\n  ^",
        causes: [
          { name: "LimitError", message: "too many calls", line: 4, column: 7 },
          { name: "NonError", message: "a\u001b[31m\nb" },
        ],
        limit: "hostCalls",
      },
    },
    plain,
  );
  expect(shown.split("\n")).toEqual([
    "Error: import failed",
    "  throw x",
    "  ^",
    "caused by LimitError: too many calls (4:7)",
    expect.stringMatching(/^caused by NonError: a/),
    "  b",
    "limit reached: hostCalls",
    "error orders@3 in 12 ms",
  ]);
  expect(shown).not.toContain("\u001b");
});

test("logs come first, then warnings", () => {
  const logs = [{ level: "warn", text: "careful" }] as const;
  const shown = renderEnding({ ...RUN, logs, logsDropped: 2, warnings: ["2 lines"] }, plain);
  expect(shown.split("\n")).toEqual(["[warn] careful", "warning: 2 lines", "ok orders@3 in 12 ms"]);
});
