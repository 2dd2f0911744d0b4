/**
 * Where a host call stands. QuickJS gives a call the place of what it evaluated last, which may be
 * an argument some lines further down; the name of the method tells which call it belongs to.
 */
import { sourceLines } from "./stack-frames.ts";

/** A place in a source, both counted from 1, columns in UTF-16 units. */
export interface SourcePlace {
  readonly line: number;
  readonly column: number;
}

/** Lines before a place in which its call is looked for. */
const MAX_LINES = 200;

/**
 * The place of the call of `host.<method>` whose arguments hold `place`; the same place when it is
 * not among the arguments of one.
 */
export function callingPlace(code: string, place: SourcePlace, method: string): SourcePlace {
  const lines = sourceLines(code);
  const { line, column } = place;
  const last = lines[line - 1];
  if (last === undefined) return place;
  const here = new RegExp(`^(?:[\\w$]+\\s*)?(?:\\??\\.\\s*)?${method}\\b|^\\(`);
  if (here.test(last.slice(column - 1))) return place;
  const first = Math.max(0, line - 1 - MAX_LINES);
  const before = [...lines.slice(first, line - 1), last.slice(0, column - 1)].join("\n");
  const calls = [...before.matchAll(new RegExp(`\\b${method}\\s*(?:\\?\\.\\s*)?\\(`, "g"))];
  const call = calls.findLast(({ index, 0: text }) => isOpen(before, index + text.length));
  if (call === undefined) return place;
  const upTo = before.slice(0, call.index).split("\n");
  return { line: first + upTo.length, column: (upTo.at(-1)?.length ?? 0) + 1 };
}

/** Whether the parenthesis before this index is still open at the end. */
function isOpen(text: string, from: number): boolean {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return false;
  }
  return true;
}
