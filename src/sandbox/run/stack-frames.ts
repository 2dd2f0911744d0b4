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
 * Put before the code when it is evaluated: the engine counts columns from 0 on the first line and
 * from 1 on all others, and one character more makes the first line agree.
 */
export const COLUMN_SHIFT = " ";

/**
 * The frames of a guest stack that lie in `file`, innermost first, with columns in UTF-16 units.
 * A program can write any stack it likes: frames that lie outside its source are dropped.
 */
export function parseFrames(stack: string, file: string, code: string): readonly StackFrame[] {
  const frames: StackFrame[] = [];
  const lines = code.split("\n");
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
      column: utf16Column(source, Number(found[4])),
    });
  }
  return frames;
}

/** The engine counts columns in UTF-8 bytes; readers and editors count UTF-16 units. */
function utf16Column(line: string, byteColumn: number): number {
  const bytes = Buffer.from(line, "utf8");
  return bytes.subarray(0, Math.max(0, byteColumn - 1)).toString("utf8").length + 1;
}

/** The source line with a caret under the column; long lines are cut around it. */
export function sourceExcerpt(code: string, line: number, column: number): string | undefined {
  const text = code.split("\n")[line - 1]?.replace(/\r$/, "");
  if (text === undefined) return undefined;
  const start = column <= EXCERPT_WIDTH - 20 ? 0 : column - EXCERPT_WIDTH / 2;
  const shown = text.slice(start, start + EXCERPT_WIDTH);
  // Tabs are kept before the caret so that it stays under its column however wide they are.
  const indent = shown.slice(0, column - 1 - start).replaceAll(/[^\t]/g, " ");
  return `${shown}\n${indent}^`;
}
