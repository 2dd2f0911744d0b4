/** The checks around a run that no engine has a part in: its context, its result, its schemas. */
import type { Issue } from "../../base/errors.ts";
import { preview, utf8Bytes } from "../../base/json.ts";
import type { Program } from "../sandbox.ts";
import type { GuestReport } from "./guest-report.ts";
import { oversizeContextError } from "./guest-report.ts";
import type { Job } from "./job.ts";
import type { Ending } from "./run-ending.ts";
import { SchemaError } from "./schema-checker.ts";
import type { SchemaChecker } from "./schema-checker.ts";
import { parseFrames } from "./stack-frames.ts";
import type { ColumnUnit } from "./stack-frames.ts";

/** How the run ends when its context does not match; `undefined` when it does. */
export function checkContext(job: Job, schemas: SchemaChecker): Ending | undefined {
  const { contextBytes } = job.limits;
  // A character has at most three bytes, so that the count is needed near the limit alone.
  if (3 * job.contextJson.length > contextBytes) {
    const bytes = utf8Bytes(job.contextJson);
    if (bytes > contextBytes) {
      return { status: "invalid-context", error: oversizeContextError(bytes, contextBytes) };
    }
  }
  const { inputSchema } = job.program;
  if (inputSchema === undefined) return undefined;
  return checkText("context", "input", inputSchema, job.contextJson, schemas);
}

/** The ending itself, or how the run ends when its result does not match. */
export function checkResult(ending: Ending, job: Job, schemas: SchemaChecker): Ending {
  const { outputSchema } = job.program;
  if (ending.valueJson === undefined || outputSchema === undefined) return ending;
  return checkText("result", "output", outputSchema, ending.valueJson, schemas) ?? ending;
}

function checkText(
  what: "context" | "result",
  schema: "input" | "output",
  schemaJson: string,
  valueJson: string,
  schemas: SchemaChecker,
): Ending | undefined {
  const name = what === "context" ? "InvalidContextError" : "InvalidResultError";
  const status = `invalid-${what}` as const;
  try {
    const issues = schemas.check(schemaJson, valueJson);
    const first = issues[0];
    if (first === undefined) return undefined;
    const more = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
    const place = first.path === "" ? `the ${what}` : first.path;
    const message = `The ${what} does not match the skill's ${schema} schema: ${place} ${first.message}${more}`;
    return { status, error: { name, message, issues } };
  } catch (cause) {
    if (cause instanceof SchemaError) {
      const message = `The skill's ${schema} schema can not be used: ${cause.message}`;
      return { status: "error", error: { name: "SchemaError", message } };
    }
    if (cause instanceof SyntaxError) {
      return { status, error: { name, message: `The ${what} is not JSON text: ${cause.message}` } };
    }
    // Nested too deeply for the validator's recursion, or made of names that break the validator:
    // members called valueOf or toString, references to members every object has.
    if (cause instanceof RangeError || cause instanceof TypeError) {
      const message = `The ${what} can not be checked against the skill's ${schema} schema: ${cause.message}`;
      return { status, error: { name, message } };
    }
    throw cause;
  }
}

/** What is wrong with the schemas of a program. */
export function schemaIssues(program: Program, schemas: SchemaChecker): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [path, schema] of [
    ["input", program.inputSchema],
    ["output", program.outputSchema],
  ] as const) {
    if (schema === undefined) continue;
    try {
      schemas.compile(schema);
    } catch (cause) {
      if (!(cause instanceof SchemaError)) throw cause;
      issues.push({
        path,
        message: `is not a usable JSON Schema: ${cause.message}`,
        expected: "a JSON Schema 2020-12",
        received: preview(schema),
      });
    }
  }
  return issues;
}

/** What an engine reported of a program that does not compile. */
export function syntaxIssue(
  report: GuestReport,
  { code, file }: Program,
  columns?: ColumnUnit,
): Issue {
  const top = parseFrames(report.stack ?? "", file, code, columns)[0];
  return {
    path: "code",
    message: `${report.name}: ${report.message}`,
    expected: "a JavaScript module",
    received: preview(code.split("\n")[(top?.line ?? 1) - 1]?.trim()),
    ...(top === undefined ? {} : { line: top.line, column: top.column }),
  };
}
