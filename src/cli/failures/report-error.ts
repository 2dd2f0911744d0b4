/** How a failure is told: a line for people on stderr, a document for programs on stdout. */
import { CommanderError } from "commander";
import { RepertoireError } from "../../base/errors.ts";
import type { ErrorDetails } from "../../base/errors.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import { MissingLibraryError } from "./missing-library.ts";
import type { Output } from "../terminal/output.ts";
import { renderConflict } from "./render-conflict.ts";
import { indented, printable } from "../terminal/text-width.ts";
import { UsageError } from "./usage-error.ts";

/** A failure as programs read it. */
export interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
}

export function errorDocument(error: unknown): ErrorDocument {
  if (error instanceof RepertoireError) {
    const { code, message, details } = error;
    return { code, message, details };
  }
  if (error instanceof MissingLibraryError)
    return { code: "LIBRARY_NOT_FOUND", message: error.message, details: { path: error.path } };
  const message = error instanceof Error ? error.message : String(error);
  const isUsage = error instanceof UsageError || error instanceof CommanderError;
  return {
    code: isUsage ? "USAGE" : "INTERNAL",
    message: error instanceof CommanderError ? message.replace(/^error: /, "") : message,
    details: {},
  };
}

export function exitCodeFor(error: unknown): number {
  if (error instanceof RepertoireError) return exitCodeOfError(error.code);
  if (error instanceof UsageError || error instanceof CommanderError) return EXIT.usage;
  if (error instanceof MissingLibraryError) return EXIT.notFound;
  return EXIT.internal;
}

/** The line for people; something unexpected comes with its stack, which a report of it needs. */
export function noteError(output: Output, error: unknown): void {
  const { code, message } = errorDocument(error);
  output.note(`${output.paintNote("red", "error:")} ${indented(message)}`);
  if (error instanceof RepertoireError) noteConflict(output, error);
  if (code === "INTERNAL" && error instanceof Error) output.note(printable(stackOf(error)));
}

/** What changed, where the error is a version conflict. */
export function noteConflict(
  { note, paintNote }: Pick<Output, "note" | "paintNote">,
  error: RepertoireError,
): void {
  const text = renderConflict(error, paintNote);
  if (text !== "") note(text);
}

/** The frames without the message above them. */
export function stackOf({ stack = "" }: Error): string {
  return stack.split("\n").slice(1).join("\n");
}
