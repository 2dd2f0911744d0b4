import { findJsonDefect, utf8Bytes } from "../../base/json.ts";
import type { ExecutionError } from "../../skill/execution.ts";
import { contextDefect, invalidContext } from "./failed-executions.ts";

/** What a skill is given, as JSON, or why it can not be given that. */
export function checkContext(
  context: unknown,
  contextBytes: number,
): { ok: true; json: string } | { ok: false; error: ExecutionError } {
  const value = context === undefined ? {} : context;
  const defect = findJsonDefect(value);
  if (defect) return { ok: false, error: contextDefect(defect) };
  const json = JSON.stringify(value);
  const bytes = utf8Bytes(json);
  if (bytes <= contextBytes) return { ok: true, json };
  const message = `The context has ${bytes} bytes; at most ${contextBytes} are allowed; send less, or raise limits.contextBytes`;
  const error = invalidContext(message, "LIMIT_EXCEEDED");
  return { ok: false, error: { ...error, limit: "contextBytes" } };
}
