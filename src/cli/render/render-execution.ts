/** A run as people read it: its value is data, everything else is about it. */
import type { JsonValue } from "../../base/json.ts";
import type { ErrorCause, ExecutionError, ExecutionRecord } from "../../skill/execution.ts";
import { statusStyle } from "../terminal/colours.ts";
import type { Paint } from "../terminal/colours.ts";
import { formatDuration } from "../options/duration.ts";
import { renderCapabilities } from "./render-capabilities.ts";
import { skillAt } from "./skill-at.ts";
import { indented, oneLine, printable, printableJson } from "../terminal/text-width.ts";

/** A text as it is, anything else as indented JSON. */
export function renderValue(value: JsonValue): string {
  return `${typeof value === "string" ? printable(value) : printableJson(value, 2)}\n`;
}

/** Logs, warnings, what went wrong, and how it ended, each on lines of its own. */
export function renderEnding(run: ExecutionRecord, paint: Paint): string {
  const { skillId, version, status, durationMs, logs, warnings = [], error } = run;
  const { used, refused } = run;
  return [
    ...logs.map(({ level, text }) => `${paint("dim", `[${level}]`)} ${indented(text)}`),
    ...warnings.map((warning) => `${paint("yellow", "warning:")} ${oneLine(warning)}`),
    ...(error === undefined ? [] : [renderExecutionError(error, paint)]),
    ...(used === undefined ? [] : [`${paint("dim", "used:")} ${renderCapabilities(used)}`]),
    ...(refused === undefined
      ? []
      : [`${paint("yellow", "refused:")} ${renderCapabilities(refused)}`]),
    `${paint(statusStyle(status), status)} ${skillAt({ skillId, version })} ${paint("dim", `in ${formatDuration(durationMs)}`)}`,
  ].join("\n");
}

export function renderExecutionError(error: ExecutionError, paint: Paint): string {
  const { name, message, excerpt, frames = [], issues = [], causes = [], limit } = error;
  return [
    `${paint("red", `${oneLine(name)}:`)} ${indented(message)}`,
    ...issues.map(
      (issue) =>
        `  ${oneLine(issue.path || "(the whole)")}: ${oneLine(issue.message)}; expected ${oneLine(issue.expected)}, got ${oneLine(issue.received)}`,
    ),
    ...(excerpt === undefined ? [] : [printable(excerpt)]),
    ...frames.map(({ functionName, file, line, column }) =>
      paint(
        "dim",
        `    at ${oneLine(functionName || "(anonymous)")} (${oneLine(file)}:${line}:${column})`,
      ),
    ),
    ...causes.map((cause) => renderCause(cause, paint)),
    ...(limit === undefined ? [] : [paint("dim", `limit reached: ${limit}`)]),
  ].join("\n");
}

function renderCause({ name, message, line, column }: ErrorCause, paint: Paint): string {
  const place = line === undefined ? "" : paint("dim", ` (${line}:${column ?? 1})`);
  return `${paint("dim", "caused by")} ${oneLine(name)}: ${indented(message)}${place}`;
}
