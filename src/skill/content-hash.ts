import { createHash } from "node:crypto";
import { canonicalJson } from "../base/json.ts";
import type { JsonValue } from "../base/json.ts";
import type { SkillDefinition } from "./skill.ts";

/**
 * SHA-256 (hex) of the canonical JSON of a definition. It covers everything in
 * {@link SkillDefinition}; the id, author, message and status are not part of the content.
 */
export function contentHash(definition: SkillDefinition): string {
  return createHash("sha256")
    .update(canonicalJson(definition as unknown as JsonValue))
    .digest("hex");
}
