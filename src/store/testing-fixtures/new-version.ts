/** Versions to store, as small or as full as a test needs. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/json.ts";
import type { JsonValue } from "../../base/json.ts";
import type { SkillDefinition } from "../../skill/skill.ts";
import type { NewVersion } from "../skill-store.ts";

export const SMALLEST_DEFINITION: SkillDefinition = {
  name: "Echo",
  description: "Returns its context",
  category: "general",
  tags: [],
  language: "javascript",
  code: "export default (context) => context",
  capabilities: { tools: [], skills: [], fetch: [] },
  examples: [],
  limits: {},
  metadata: {},
};

/** Every field a definition can have. */
export const FULLEST_DEFINITION: SkillDefinition = {
  name: "Ünïcode 🧪",
  description: 'Says "quoted", \\escaped\\ and \u0000 NUL',
  category: "extraction",
  tags: ["text", "e-mail"],
  language: "typescript",
  code: "export default (context: string): string => context; // 🧪\u0000",
  instructions: "# When\n\nAlways.\r\n",
  input: { type: "object", properties: { text: { type: "string" } } },
  output: false,
  capabilities: { tools: ["browser.click"], skills: ["echo"], fetch: ["https://example.com"] },
  examples: [
    { context: { text: "a" }, result: null },
    { context: null, error: "TypeError", hostCalls: [{ tool: "browser.click", args: [1] }] },
  ],
  limits: { timeoutMs: 1500, memoryBytes: 1024 },
  license: "MIT",
  metadata: { nested: { list: [1, 2.5, "three", null, true] } },
};

/** A version whose content hash follows from its definition, as the library makes it. */
export function newVersion(
  id: string,
  definition: Partial<SkillDefinition> = {},
  rest: Partial<Omit<NewVersion, "id" | "definition">> = {},
): NewVersion {
  const whole = { ...SMALLEST_DEFINITION, ...definition };
  return {
    id,
    definition: whole,
    contentHash: contentHash(whole),
    status: "active",
    checks: [],
    expectedVersion: 0,
    ...rest,
  };
}

function contentHash(definition: SkillDefinition): string {
  const json = canonicalJson(definition as unknown as JsonValue);
  return createHash("sha256").update(json).digest("hex");
}
