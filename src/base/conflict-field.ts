/**
 * A compared field as an error carries it: bounded in size whatever the values are, and JSON. Long
 * values are told by what changed in them; whole, they are where they came from.
 */
import type { JsonValue } from "./json.ts";
import { unifiedDiff } from "./line-diff.ts";
import type { DiffLine } from "./line-diff.ts";
import type { FieldComparison } from "./three-way.ts";

/** Characters of JSON up to which the values of a field, taken together, are told whole. */
const WHOLE_CHARACTERS = 2000;
/** Of each difference of a long value. */
const DIFF_CHARACTERS = 4000;
/** Texts that differ in more lines have little to do with each other. */
const MAX_EDITS = 300;

/** What changed in a value too long to tell whole, as unified diffs of its lines. */
export interface LongField {
  /** Characters of each value; absent where there is no such field. */
  readonly characters: {
    readonly base?: number;
    readonly theirs?: number;
    readonly yours?: number;
  };
  /** From base to theirs; absent when they did not change it. */
  readonly theirDiff?: string;
  /** From base to yours; absent when you did not change it. */
  readonly yourDiff?: string;
  /** From theirs to yours, where there is no base. */
  readonly diff?: string;
  /** Whether a difference goes on where it was cut. */
  readonly truncated?: true;
}

/** A field of a conflict: with its values, or, where those are long, with what changed in them. */
export interface ConflictField extends FieldComparison {
  readonly long?: LongField;
}

export function conflictField(compared: FieldComparison): ConflictField {
  const { field, change, base, theirs, yours, merged } = compared;
  const sizes = { base: sizeOf(base), theirs: sizeOf(theirs), yours: sizeOf(yours) };
  const total = [...Object.values(sizes), sizeOf(merged)].reduce((sum, size) => sum + size, 0);
  if (total <= WHOLE_CHARACTERS) return compared;
  const diffs = {
    ...(base === undefined || change === "yours" ? {} : { theirDiff: diffText(base, theirs) }),
    ...(base === undefined || change === "theirs" ? {} : { yourDiff: diffText(base, yours) }),
    ...(base === undefined ? { diff: diffText(theirs, yours) } : {}),
  };
  const isCut = Object.values(diffs).some((text) => text.length > DIFF_CHARACTERS);
  return {
    field,
    change,
    long: {
      characters: Object.fromEntries(Object.entries(sizes).filter(([, size]) => size > 0)),
      ...Object.fromEntries(
        Object.entries(diffs).map(([name, text]) => [name, text.slice(0, DIFF_CHARACTERS)]),
      ),
      ...(isCut ? { truncated: true } : {}),
    },
  };
}

function sizeOf(value: JsonValue | undefined): number {
  if (value === undefined) return 0;
  return typeof value === "string" ? value.length : JSON.stringify(value).length;
}

const SIGN: Readonly<Record<DiffLine["kind"], string>> = {
  same: " ",
  added: "+",
  removed: "-",
  hunk: "",
};

function diffText(from: JsonValue | undefined, to: JsonValue | undefined): string {
  const lines = unifiedDiff(linesOf(from), linesOf(to), MAX_EDITS);
  let text = "";
  for (const { kind, text: line } of lines) {
    text += `${SIGN[kind]}${line}\n`;
    if (text.length > DIFF_CHARACTERS) break;
  }
  // A cut must not leave half a character behind.
  return text.slice(0, DIFF_CHARACTERS + 1).toWellFormed();
}

function linesOf(value: JsonValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
}
