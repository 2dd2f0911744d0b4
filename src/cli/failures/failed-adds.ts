/**
 * The drafts of a bulk that were not stored, for people. What stops all of them alike, such as a
 * full disk or Ctrl-C, is told once with the number of the others.
 */
import type { ErrorCode, RepertoireError } from "../../base/errors.ts";
import { plural } from "../terminal/plural.ts";
import type { Output } from "../terminal/output.ts";
import { noteConflict, stackOf } from "./report-error.ts";
import { indented, oneLine, printable } from "../terminal/text-width.ts";

/** A draft that was not stored, as one line of JSON. */
export interface FailedAdd {
  readonly id?: string;
  readonly file: string;
  readonly line?: number;
  /** Its place in a JSON array. */
  readonly index?: number;
  readonly error: RepertoireError;
}

export interface FailureNotes {
  note(failed: FailedAdd): void;
  /** Tells how many were left untold. */
  end(): void;
}

/** Failures that say nothing about the draft. */
const OF_ALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "STORE_UNAVAILABLE",
  "STORE_CORRUPT",
  "LOCK_TIMEOUT",
  "LEASE_LOST",
  "CANCELLED",
  "CLOSED",
  "INTERNAL",
]);

export function failureNotes({
  note,
  paintNote,
}: Pick<Output, "note" | "paintNote">): FailureNotes {
  const repeats = new Map<ErrorCode, { count: number; readonly message: string }>();
  return {
    note(failed) {
      const { code, message } = failed.error;
      const repeat = repeats.get(code);
      if (repeat !== undefined) {
        repeat.count += 1;
        return;
      }
      if (OF_ALL.has(code)) repeats.set(code, { count: 0, message });
      note(`${paintNote("red", "error:")} ${indented(placeOf(failed) + message)}`);
      noteConflict({ note, paintNote }, failed.error);
      if (code === "INTERNAL") note(printable(stackOf(failed.error)));
    },
    end() {
      for (const { count, message } of repeats.values())
        if (count > 0)
          note(
            `${paintNote("red", "error:")} ${plural(count, "more draft")} ${count === 1 ? "was" : "were"} not added: ${oneLine(message)}`,
          );
    },
  };
}

/** Nothing where the message begins with the file already. */
function placeOf({ id, file, line, index, error }: FailedAdd): string {
  if (error.message.startsWith(file) || error.message.startsWith("(stdin)")) return "";
  const at = line === undefined ? (index === undefined ? "" : `[${index}]`) : `:${line}`;
  const which = id === undefined || error.message.includes(id) ? "" : ` (${oneLine(id)})`;
  return `${oneLine(file)}${at}${which}: `;
}
