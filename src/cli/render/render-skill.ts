/** A skill as people read it. */
import type { Skill, SkillVersion } from "../../skill/skill.ts";
import { claimText } from "./claim-text.ts";
import { statusStyle } from "../terminal/colours.ts";
import type { Paint } from "../terminal/colours.ts";
import { formatDuration } from "../options/duration.ts";
import { renderFields } from "../terminal/table.ts";
import { oneLine, printable } from "../terminal/text-width.ts";

export function renderSkill(skill: Skill, { paint }: { readonly paint: Paint }): string {
  const { code, instructions, input, output, metrics } = skill;
  return [
    renderVersion(skill, paint),
    renderFields(
      [
        ["claimed", skill.claim && `by ${claimText(skill.claim)}`],
        ["runs", metrics.uses === 0 ? "none yet" : describeRuns(skill)],
        ["input", input === undefined ? undefined : JSON.stringify(input)],
        ["output", output === undefined ? undefined : JSON.stringify(output)],
      ].map(([name, value]) => [name as string, value === undefined ? undefined : oneLine(value)]),
      paint,
    ),
    ...(instructions === undefined ? [] : [section("instructions", instructions, paint)]),
    ...(code === undefined ? [] : [section("code", code, paint)]),
  ].join("\n");
}

/** What tells one version from another. */
export function renderVersion(version: SkillVersion, paint: Paint): string {
  const { id, name, description, category, tags, status, statusReason, replacement } = version;
  const { tools, skills, fetch } = version.capabilities;
  const reason = statusReason === undefined ? "" : ` (${oneLine(statusReason)})`;
  const instead = replacement === undefined ? "" : `, use ${oneLine(replacement)}`;
  return renderFields(
    [
      ["id", paint("bold", id)],
      ["name", oneLine(name)],
      ["description", printable(description)],
      ["version", `${version.version} (revision ${version.revision}, ${version.createdAt})`],
      ["status", paint(statusStyle(status), status) + reason + instead],
      ["category", oneLine(category)],
      ["tags", listOf(tags)],
      ["tools", listOf(tools)],
      ["skills", listOf(skills)],
      ["fetches", listOf(fetch)],
      ["checks", checksOf(version)],
      ["author", version.author === undefined ? undefined : oneLine(version.author)],
      ["message", version.message === undefined ? undefined : oneLine(version.message)],
      ["license", version.license === undefined ? undefined : oneLine(version.license)],
      ["hash", version.contentHash],
    ],
    paint,
  );
}

function checksOf({ checks }: SkillVersion): string {
  if (checks.length === 0) return "none: added without validation";
  const passed = checks.filter((check) => check.passed).length;
  return `${passed} of ${checks.length} passed`;
}

function describeRuns({ metrics }: Skill): string {
  const { uses, successRate, p50Ms, p95Ms, lastUsedAt } = metrics;
  return [
    String(uses),
    ...(successRate === undefined ? [] : [`${Math.round(successRate * 100)} % succeeded`]),
    ...(p50Ms === undefined ? [] : [`median ${formatDuration(p50Ms)}`]),
    ...(p95Ms === undefined ? [] : [`95th percentile ${formatDuration(p95Ms)}`]),
    ...(lastUsedAt === undefined ? [] : [`last ${lastUsedAt}`]),
  ].join(", ");
}

function listOf(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : oneLine(items.join(", "));
}

function section(title: string, text: string, paint: Paint): string {
  return `${paint("bold", title)}\n${printable(text).trimEnd()}\n`;
}
