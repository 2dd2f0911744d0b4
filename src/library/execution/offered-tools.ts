/**
 * The tools a library lends to skills. What a tool says of itself is enforced on the host's side:
 * a schema is the host's own and trusted, what meets it comes from a skill and is not.
 */
import { RepertoireError } from "../../base/errors.ts";
import { deepFreeze, findJsonDefect, preview } from "../../base/json.ts";
import type { JsonObject, JsonValue } from "../../base/json.ts";
import { describeThrown } from "../../base/thrown.ts";
import { createSchemaChecker } from "../../sandbox/run/schema-checker.ts";
import type { HostCallReply } from "../../sandbox/sandbox.ts";
import { failed } from "./host-replies.ts";
import {
  checkKnownOptions,
  checkOneOf,
  checkPositive,
  checkText,
  isPlainObject,
} from "../check-options.ts";
import type { Tool, ToolCall, ToolDefinition, ToolInfo } from "../options.ts";

/** A tool as runs meet it. */
export interface OfferedTool {
  readonly about: ToolInfo;
  readonly execute: Tool;
  /** JSON Schemas as text. */
  readonly inputJson: string | undefined;
  readonly outputJson: string | undefined;
}

const FIELDS = ["execute", "input", "output", "timeoutMs", "description", "effect"];
const SHOWN_ISSUES = 3;

const schemas = createSchemaChecker();

/**
 * @param maxTimeoutMs the longest a run may take
 * @throws {INVALID_INPUT} for a tool that is neither a function nor a definition of one
 */
export function offerTools(
  tools: Readonly<Record<string, Tool | ToolDefinition>> = {},
  maxTimeoutMs: number,
): ReadonlyMap<string, OfferedTool> {
  return new Map(
    Object.entries(tools).map(([name, tool]) => [name, offer(name, tool, maxTimeoutMs)]),
  );
}

function offer(name: string, tool: unknown, maxTimeoutMs: number): OfferedTool {
  if (typeof tool === "function") {
    const none = { inputJson: undefined, outputJson: undefined };
    return { about: { name }, execute: tool as Tool, ...none };
  }
  const execute: unknown =
    typeof tool === "object" && tool !== null ? (tool as { execute?: unknown }).execute : undefined;
  if (typeof execute !== "function") {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected tool "${name}" to be a function or { execute, … }, got ${preview(tool)}`,
      { details: { tool: name } },
    );
  }
  const place = `tools[${JSON.stringify(name)}]`;
  // An object of a class has fields of its own.
  if (isPlainObject(tool)) checkKnownOptions(place, tool, FIELDS);
  const definition = tool as ToolDefinition;
  const { timeoutMs, description, effect } = definition;
  checkPositive(`${place}.timeoutMs`, timeoutMs, maxTimeoutMs);
  checkText(`${place}.description`, description, 1024);
  checkOneOf(`${place}.effect`, effect, ["read", "write", "pure"]);
  const inputJson = schemaText(`${place}.input`, definition.input);
  const outputJson = schemaText(`${place}.output`, definition.output);
  return {
    about: deepFreeze({
      name,
      ...(description === undefined ? {} : { description }),
      ...(inputJson === undefined ? {} : { input: JSON.parse(inputJson) as JsonObject | boolean }),
      ...(outputJson === undefined
        ? {}
        : { output: JSON.parse(outputJson) as JsonObject | boolean }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(effect === undefined ? {} : { effect }),
    }),
    // It may be a method, and needs its object.
    execute: (args, call) => definition.execute(args, call),
    inputJson,
    outputJson,
  };
}

function schemaText(place: string, schema: unknown): string | undefined {
  if (schema === undefined) return undefined;
  const isSchema =
    typeof schema === "boolean" ||
    (typeof schema === "object" && schema !== null && !Object.hasOwn(schema, "$async"));
  const defect = isSchema ? findJsonDefect(schema) : { found: preview(schema) };
  try {
    if (defect !== undefined) throw new Error(`it is ${defect.found}`);
    const text = JSON.stringify(schema);
    schemas.compile(text);
    return text;
  } catch (cause) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`${place}\` to be a JSON Schema (2020-12): ${(cause as Error).message}`,
      { cause, details: { option: place } },
    );
  }
}

/**
 * Calls a tool for a run. The call ends when the run does or its own time is up, whatever the tool
 * does then: what it answers later is dropped.
 */
export async function callTool(
  tool: OfferedTool,
  args: JsonValue,
  call: ToolCall,
): Promise<HostCallReply> {
  const misfit = defectOf(args) ?? misfitOf(args, tool.inputJson);
  if (misfit !== undefined) {
    const message = `Tool "${tool.about.name}" was given arguments it does not take: ${misfit}`;
    return failed("TypeError", message, "INVALID_INPUT");
  }
  try {
    return toolReply(tool, (await inTime(tool, args, call)) ?? null);
  } catch (error) {
    return {
      ok: false,
      error: describeThrown(
        error,
        `Tool "${tool.about.name}" failed with something that is not an error`,
      ),
    };
  }
}

class ToolTimeoutError extends Error {
  readonly code = "timeout";

  constructor(name: string, timeoutMs: number) {
    super(`Tool "${name}" did not answer within ${timeoutMs} ms`);
    this.name = "TimeoutError";
  }
}

function inTime(
  tool: OfferedTool,
  args: JsonValue,
  call: ToolCall,
): Promise<JsonValue | undefined> {
  const { name, timeoutMs } = tool.about;
  const own = timeoutMs === undefined ? undefined : new AbortController();
  return new Promise((resolve, reject) => {
    function end(error: unknown): void {
      clearTimeout(timer);
      call.signal.removeEventListener("abort", onRunEnd);
      own?.abort(error);
      reject(error);
    }
    const onRunEnd = (): void => end(new Error("The run has ended"));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => end(new ToolTimeoutError(name, timeoutMs)), timeoutMs);
    if (call.signal.aborted) return onRunEnd();
    call.signal.addEventListener("abort", onRunEnd, { once: true });
    const limited = {
      ...call,
      signal: own?.signal ?? call.signal,
      remainingMs: Math.min(call.remainingMs, timeoutMs ?? Infinity),
    };
    // Within a promise of its own, because a tool may throw at once.
    new Promise<JsonValue | undefined>((answer) => {
      answer(tool.execute(args, limited));
    })
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        call.signal.removeEventListener("abort", onRunEnd);
      });
  });
}

/** A key such as `__proto__` would change the objects that a tool copies its arguments into. */
function defectOf(args: JsonValue): string | undefined {
  const defect = findJsonDefect(args, { surrogates: "allow" });
  if (defect === undefined) return undefined;
  return defect.path === "" ? defect.found : `${defect.path} is ${defect.found}`;
}

function toolReply(tool: OfferedTool, value: JsonValue): HostCallReply {
  const answered = `Tool "${tool.about.name}" answered with something that is not`;
  const defect = findJsonDefect(value, { surrogates: "allow" });
  if (defect !== undefined) {
    const at = defect.path === "" ? "" : ` at ${defect.path}`;
    return failed("TypeError", `${answered} JSON: ${defect.found}${at}`);
  }
  const misfit = misfitOf(value, tool.outputJson);
  if (misfit === undefined) return { ok: true, value };
  return failed("TypeError", `${answered} what it promises: ${misfit}`);
}

/** What of a value does not match a schema, in words; a few issues, each of bounded length. */
function misfitOf(value: JsonValue, schemaJson: string | undefined): string | undefined {
  if (schemaJson === undefined) return undefined;
  const issues = schemas.check(schemaJson, JSON.stringify(value));
  if (issues.length === 0) return undefined;
  return issues
    .slice(0, SHOWN_ISSUES)
    .map(
      ({ path, message, expected, received }) =>
        `${path === "" ? "the whole" : path} ${message} (expected ${expected}, got ${received})`,
    )
    .join("; ");
}
