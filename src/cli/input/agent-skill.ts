/** An Agent Skills folder (https://agentskills.io/specification) as a skill draft with instructions. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RepertoireError } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import { parseFrontmatter } from "./frontmatter.ts";
import type { FrontmatterValue } from "./frontmatter.ts";
import { readSource } from "./read-input.ts";

export const SKILL_FILE = "SKILL.md";

export interface AgentSkill {
  readonly draft: SkillDraft;
  /** Files beside `SKILL.md` that a draft has no place for. */
  readonly leftOut: readonly string[];
}

/** @throws {INVALID_INPUT} when the folder has no `SKILL.md`, or its frontmatter can not be read */
export async function readAgentSkill(folder: string, signal: AbortSignal): Promise<AgentSkill> {
  const names = await readdir(folder);
  if (!names.includes(SKILL_FILE)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `${folder} has no ${SKILL_FILE}; give a draft's file, or an Agent Skills folder`,
      { details: { file: folder } },
    );
  }
  const { name: file, text } = await readSource(join(folder, SKILL_FILE), signal);
  return {
    draft: agentSkillDraft(file, text),
    leftOut: names.filter((name) => name !== SKILL_FILE && !name.startsWith(".")).sort(),
  };
}

/** Fields of the frontmatter that a draft has no field for are kept in its metadata. */
export function agentSkillDraft(file: string, text: string): SkillDraft {
  const { fields, body } = parseFrontmatter(file, text);
  const name = textOf(file, "name", fields.get("name"));
  const license = fields.get("license");
  const metadata: Record<string, JsonValue> = {};
  for (const [key, value] of fields) {
    if (["name", "description", "license", "metadata"].includes(key)) continue;
    metadata[key] = jsonOf(value);
  }
  const given = fields.get("metadata") ?? "";
  if (!(given instanceof Map) && given !== "")
    throw invalid(file, "expected `metadata` to be a map of names and values");
  for (const [key, value] of given instanceof Map ? given : []) {
    if (Object.hasOwn(metadata, key))
      throw invalid(file, `"${key}" stands both in the frontmatter and in its \`metadata\``);
    metadata[key] = value as string;
  }
  return {
    id: slugOf(name),
    name,
    description: textOf(file, "description", fields.get("description")),
    category: "agent-skill",
    ...(body === "" ? {} : { instructions: body }),
    ...(license === undefined ? {} : { license: textOf(file, "license", license) }),
    metadata,
  };
}

function textOf(file: string, field: string, value: FrontmatterValue | undefined): string {
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  throw invalid(file, `expected the frontmatter to have a text \`${field}\``);
}

function jsonOf(value: FrontmatterValue): JsonValue {
  return typeof value === "string" || !(value instanceof Map)
    ? (value as JsonValue)
    : Object.fromEntries(value);
}

function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{Mark}/gu, "")
    .replaceAll(/[^a-z0-9_]+/g, "-")
    .replaceAll(/^[-_]+|-+$/g, "")
    .slice(0, 64);
}

function invalid(file: string, message: string): RepertoireError {
  return new RepertoireError("INVALID_INPUT", `${file}: ${message}`, { details: { file } });
}
