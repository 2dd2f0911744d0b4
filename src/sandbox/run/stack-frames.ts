/**
 * Reads the engine's stack traces. Only frames in the program's own file are kept: frames of the
 * prelude, of `eval` and of native functions say nothing to a skill's author.
 */
import type { StackFrame } from "../../skill/execution.ts";

const FRAME = /^ {4}at (?:(.*) \()?(.*):(\d+):(\d+)\)?$/;
const MAX_FRAMES = 20;
/** Longest line of a stack that is looked at, and longest function name shown. */
const MAX_FRAME_LENGTH = 1000;
const MAX_FUNCTION_NAME_LENGTH = 100;
const EXCERPT_WIDTH = 120;

/**
 * Put before the code when it is evaluated: on the first line the engine counts most columns from
 * 0, and one character more makes them agree with those of all other lines.
 */
export const COLUMN_SHIFT = " ";

const IDENTIFIER_PART = /[\p{ID_Continue}$]/u;

/** What an engine counts columns in. */
export type ColumnUnit = "utf8" | "utf16";

/**
 * The frames of a guest stack that lie in `file`, innermost first, with columns in UTF-16 units.
 * A program can write any stack it likes: frames that lie outside its source are dropped.
 *
 * @param columns what the stack counts them in (default: "utf8")
 */
export function parseFrames(
  stack: string,
  file: string,
  code: string,
  columns: ColumnUnit = "utf8",
): readonly StackFrame[] {
  const frames: StackFrame[] = [];
  const lines = sourceLines(code);
  for (const text of stack.split("\n")) {
    if (frames.length === MAX_FRAMES) break;
    const found = text.length > MAX_FRAME_LENGTH ? null : FRAME.exec(text);
    if (found === null || found[2] !== file) continue;
    const line = Number(found[3]);
    const source = lines[line - 1];
    if (source === undefined) continue;
    frames.push({
      functionName: (found[1] ?? "<anonymous>").slice(0, MAX_FUNCTION_NAME_LENGTH),
      file,
      line,
      column:
        columns === "utf16"
          ? Math.max(1, Number(found[4]))
          : utf16Column(source, line, Number(found[4])),
    });
  }
  return frames;
}

/** The lines of a program as the engine counts them, but for line ends within comments and texts. */
export function sourceLines(code: string): readonly string[] {
  return code.includes("\n") ? code.split("\n") : code.split(/[\r\u2028\u2029]/);
}

/** QuickJS counts columns in UTF-8 bytes; readers and editors count UTF-16 units. */
function utf16Column(source: string, line: number, byteColumn: number): number {
  const bytes = Buffer.from(source, "utf8");
  const column = bytes.subarray(0, Math.max(0, byteColumn - 1)).toString("utf8").length + 1;
  // Identifiers alone are counted from 1 on the first line too, so that the shift is one too many:
  // the engine points behind their first character.
  return line === 1 && IDENTIFIER_PART.test(source[column - 2] ?? "") ? column - 1 : column;
}

/** The source line with a caret under the column; long lines are cut around it. */
export function sourceExcerpt(code: string, line: number, column: number): string | undefined {
  const text = sourceLines(code)[line - 1]?.replace(/\r$/, "");
  if (text === undefined) return undefined;
  const start = boundary(text, column <= EXCERPT_WIDTH - 20 ? 0 : column - EXCERPT_WIDTH / 2);
  const shown = text.slice(start, boundary(text, start + EXCERPT_WIDTH));
  // Tabs are kept before the caret so that it stays under its column however wide they are.
  const indent = shown.slice(0, column - 1 - start).replaceAll(/[^\t]/g, " ");
  return `${shown}\n${indent}^`;
}

/** The index itself, or the one before it when it lies within a surrogate pair. */
function boundary(text: string, index: number): number {
  const isInside = /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(index - 1, index + 1));
  return index > 0 && isInside ? index - 1 : index;
}
