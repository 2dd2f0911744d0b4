/** How a repeated run compares with the recorded one. */
import { utf8Bytes } from "../../base/json.ts";
import type { SandboxOutcome } from "../../sandbox/sandbox.ts";
import { shortened, textsThatDiffer } from "../../skill/divergence-text.ts";
import type { ExecutionError } from "../../skill/execution.ts";
import type { Divergence } from "../../skill/run-journal.ts";
import type { RunRecord, RunRecording } from "../../store/run-store.ts";
import { digestOf } from "./journal-keeper.ts";

/**
 * The first difference, in the order of what it explains: a call, the status, the value, the error,
 * the logs. Errors of another version are compared by what they say: they come from other lines.
 */
export function firstDifference(
  outcome: SandboxOutcome,
  recorded: RunRecord,
  recording: RunRecording,
  isSameVersion: boolean,
): Divergence | undefined {
  if (outcome.divergence !== undefined) return outcome.divergence;
  const ending = recording.ending ?? { status: "ok" };
  if (outcome.status !== ending.status)
    return {
      what: "status",
      expected: describeEnding(ending),
      actual: describeEnding(outcome),
    };
  const value = compareValue(outcome.valueJson, recording.value);
  if (value !== undefined) return value;
  const comparable = isSameVersion ? wholeError : errorAcrossVersions;
  return (
    compareTexts("error", comparable(ending.error), comparable(outcome.error)) ??
    compareTexts("logs", logsText(recorded), logsText(outcome))
  );
}

function compareValue(
  actual: string | undefined,
  expected: RunRecording["value"],
): Divergence | undefined {
  if (actual === undefined || expected === undefined) return undefined;
  if ("json" in expected) return compareTexts("value", expected.json, actual);
  if (digestOf(actual) === expected.sha256) return undefined;
  return {
    what: "value",
    expected: `${expected.bytes} bytes of JSON with SHA-256 ${expected.sha256}`,
    actual: shortened(`${utf8Bytes(actual)} bytes of JSON: ${actual}`),
  };
}

function compareTexts(
  what: Divergence["what"],
  expected: string,
  actual: string,
): Divergence | undefined {
  return expected === actual ? undefined : { what, ...textsThatDiffer(expected, actual) };
}

function wholeError(error: ExecutionError | undefined): string {
  return JSON.stringify(error) ?? "no error";
}

function errorAcrossVersions(error: ExecutionError | undefined): string {
  if (error === undefined) return "no error";
  const { name, message, code, limit, issues } = error;
  return JSON.stringify({ name, message, code, limit, issues });
}

function logsText({ logs, logsDropped }: Pick<RunRecord, "logs" | "logsDropped">): string {
  const lines = logs.map(({ level, text }) => `[${level}] ${text}`);
  return [...lines, ...(logsDropped === 0 ? [] : [`${logsDropped} left out`])].join("\n");
}

function describeEnding({ status, error }: Pick<RunRecord, "status" | "error">): string {
  return shortened(error === undefined ? status : `${status}: ${error.name}: ${error.message}`);
}
