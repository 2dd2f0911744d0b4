import type { Issue } from "../../base/errors.ts";
import { MAX_REPORT_BYTES, readReport } from "../run/guest-report.ts";
import { schemaIssues, syntaxIssue } from "../run/job-checks.ts";
import type { Job } from "../run/job.ts";
import type { SchemaChecker } from "../run/schema-checker.ts";
import { sourceOf } from "./guest-run.ts";
import type { QuickJsInstance } from "./quickjs-instance.ts";

/** What is wrong with a program before it runs. */
export function checkProgram(
  engine: QuickJsInstance,
  { program, limits }: Job,
  schemas: SchemaChecker,
): readonly Issue[] {
  engine.limit(limits.memoryBytes, limits.stackBytes);
  const compiled = engine.compileModule(sourceOf(program.code), program.file);
  const issues = schemaIssues(program, schemas);
  if (!engine.isException(compiled)) return issues;
  const thrown = engine.call("report", { box: engine.takeException() });
  const report = readReport(engine.text(thrown, MAX_REPORT_BYTES));
  return [syntaxIssue(report, program), ...issues];
}
