/** How a failure is told: a line for people on stderr, a document for programs on stdout. */
import { CommanderError } from "commander";
import { RepertoireError } from "../base/errors.ts";
import type { ErrorDetails } from "../base/errors.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { printable } from "./text-width.ts";
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
  return EXIT.internal;
}

/** The line for people; something unexpected comes with its stack, which a report of it needs. */
export function noteError(output: Output, error: unknown): void {
  const { code, message } = errorDocument(error);
  output.note(`${output.paintNote("red", "error:")} ${printable(message)}`);
  if (code === "INTERNAL" && error instanceof Error && error.stack !== undefined)
    output.note(error.stack.split("\n").slice(1).join("\n"));
}
