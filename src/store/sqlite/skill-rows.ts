/** How skills look as rows, and how rows become the values readers get: fresh, plain, without holes. */
import type { Check, SkillDefinition, SkillStatus, SkillSummary } from "../../skill/skill.ts";
import type { NewVersion, StatusChange, StoredVersion } from "../skill-store.ts";
import { parseStored } from "./stored-json.ts";

export interface VersionRow {
  readonly skill_id: string;
  readonly version: number;
  readonly revision: number;
  readonly content_hash: string;
  readonly definition: string;
  readonly code: Uint8Array | null;
  readonly program: Uint8Array | null;
  readonly instructions: Uint8Array | null;
  readonly admission: string;
  readonly created_at: string;
  readonly status: SkillStatus;
  readonly note: string;
}

export interface SummaryRow {
  readonly id: string;
  readonly version: number;
  readonly status: SkillStatus;
  readonly summary: string;
}

/** The part of a definition that is kept as JSON: all but the long texts. */
type DefinitionFields = Omit<SkillDefinition, "code" | "instructions">;

/** What is known of a version beyond its definition. */
interface Admission {
  readonly checks: readonly Check[];
  readonly author?: string;
  readonly message?: string;
}

/** What was said when a status was set. */
type StatusNote = Pick<StatusChange, "reason" | "replacement">;

/** The part of a summary that changes with the version alone. */
type SummaryFields = Omit<SkillSummary, "id" | "version" | "status">;

// JSON.stringify drops absent fields; each field is named, so that nothing else gets in.

export function definitionJson(definition: SkillDefinition): string {
  return JSON.stringify({
    name: definition.name,
    description: definition.description,
    category: definition.category,
    tags: definition.tags,
    language: definition.language,
    input: definition.input,
    output: definition.output,
    capabilities: definition.capabilities,
    examples: definition.examples,
    limits: definition.limits,
    license: definition.license,
    metadata: definition.metadata,
  });
}

export function admissionJson({ checks, author, message }: NewVersion): string {
  return JSON.stringify({ checks, author, message });
}

export function noteJson({ reason, replacement }: StatusNote): string {
  return JSON.stringify({ reason, replacement });
}

export function summaryJson(definition: SkillDefinition, updatedAt: string): string {
  const { name, description, category, tags, code } = definition;
  const executable = code !== undefined;
  return JSON.stringify({ name, description, category, tags, executable, updatedAt });
}

export function storedVersion(row: VersionRow, path: string): StoredVersion {
  const place = `version ${row.version} of skill "${row.skill_id}" in ${path}`;
  const definition = parseStored(row.definition, place) as DefinitionFields;
  const { checks, author, message } = parseStored(row.admission, place) as Admission;
  const { reason, replacement } = parseStored(row.note, place) as StatusNote;
  return {
    id: row.skill_id,
    version: row.version,
    revision: row.revision,
    contentHash: row.content_hash,
    status: row.status,
    ...(reason === undefined ? {} : { statusReason: reason }),
    ...(replacement === undefined ? {} : { replacement }),
    checks,
    ...(author === undefined ? {} : { author }),
    ...(message === undefined ? {} : { message }),
    createdAt: row.created_at,
    ...definition,
    ...(row.code === null ? {} : { code: text(row.code) }),
    ...(row.instructions === null ? {} : { instructions: text(row.instructions) }),
    ...(row.program === null ? {} : { program: text(row.program) }),
  };
}

export function skillSummary(row: SummaryRow, path: string): SkillSummary {
  const { id, version, status } = row;
  const fields = parseStored(row.summary, `the summary of skill "${id}" in ${path}`);
  return { id, version, status, ...(fields as SummaryFields) };
}

/** Tags as a summary has them. */
export function tagsOf(summary: string): readonly string[] {
  return (parseStored(summary, "the summary of a skill") as SummaryFields).tags;
}

function text({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
}
