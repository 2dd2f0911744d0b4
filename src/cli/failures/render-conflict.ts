/** What a version conflict says, field by field, for people. */
import type { ConflictField } from "../../base/conflict-field.ts";
import type { RepertoireError } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import { unifiedDiff } from "../../base/line-diff.ts";
import type { Paint, Style } from "../terminal/colours.ts";
import { oneLine, printable } from "../terminal/text-width.ts";

const WHO: Readonly<Record<ConflictField["change"], readonly [text: string, style: Style]>> = {
  conflict: ["both changed it", "red"],
  merged: ["both changed it, in ways that go together", "green"],
  same: ["both changed it alike", "green"],
  theirs: ["they changed it", "cyan"],
  yours: ["you changed it", "cyan"],
};

/** Nothing for any other error, and where nothing is known of what changed. */
export function renderConflict(error: RepertoireError, paint: Paint): string {
  if (error.code !== "VERSION_CONFLICT") return "";
  const changes = (error.details["changes"] ?? []) as readonly ConflictField[];
  return changes.flatMap((each) => renderField(each, paint)).join("\n");
}

function renderField(each: ConflictField, paint: Paint): readonly string[] {
  const [who, style] = WHO[each.change];
  const lines = each.long === undefined ? valuesOf(each) : diffsOf(each.long);
  return [
    `  ${paint("bold", printable(each.field))}: ${paint(style, who)}`,
    ...lines.map((line) => `    ${paintLine(line, paint)}`),
  ];
}

/** The values as they are, or line by line what changed in them. */
function valuesOf({ change, base, theirs, yours }: ConflictField): readonly string[] {
  const isLines = [base, theirs, yours].some(
    (value) => typeof value === "string" && value.includes("\n"),
  );
  const differs = {
    theirs: change !== "yours",
    yours: change !== "theirs" && change !== "same",
  };
  if (!isLines)
    return [
      `base    ${textOf(base)}`,
      ...(differs.theirs ? [`theirs  ${textOf(theirs)}`] : []),
      ...(differs.yours ? [`yours   ${textOf(yours)}`] : []),
    ];
  if (base === undefined) return titled("theirs to yours", linesOf(theirs, yours));
  return [
    ...(differs.theirs ? titled("theirs", linesOf(base, theirs)) : []),
    ...(differs.yours ? titled("yours", linesOf(base, yours)) : []),
  ];
}

function diffsOf(long: ConflictField["long"] & {}): readonly string[] {
  const { theirDiff, yourDiff, diff, truncated } = long;
  return [
    ...titled("theirs", theirDiff?.trimEnd().split("\n") ?? []),
    ...titled("yours", yourDiff?.trimEnd().split("\n") ?? []),
    ...titled("theirs to yours", diff?.trimEnd().split("\n") ?? []),
    ...(truncated === true ? ["… and more; get both versions to see all of it"] : []),
  ];
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

const SIGN = { same: " ", added: "+", removed: "-", hunk: "" } as const;

function linesOf(from: JsonValue | undefined, to: JsonValue | undefined): readonly string[] {
  return unifiedDiff(plainText(from), plainText(to)).map(({ kind, text }) => SIGN[kind] + text);
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined) return "(none)";
  return oneLine(typeof value === "string" ? value : JSON.stringify(value));
}

function plainText(value: JsonValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function paintLine(line: string, paint: Paint): string {
  const shown = printable(line);
  if (shown.startsWith("  +")) return paint("green", shown);
  return shown.startsWith("  -") ? paint("red", shown) : shown;
}
