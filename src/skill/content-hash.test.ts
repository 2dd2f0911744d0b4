import fc from "fast-check";
import { expect, test } from "vitest";
import { contentHash } from "./content-hash.ts";
import { draftParser } from "./parse-draft.ts";
import type { SkillDefinition } from "./skill.ts";

const parse = draftParser();
const base = { id: "a", name: "A", description: "d", code: "export default () => 1" };
const hashOf = (changes: object): string => contentHash(parse({ ...base, ...changes }).definition);

test("is SHA-256 in hex, and stays the same from release to release", () => {
  expect(hashOf({})).toBe("a2acb86f654980611f48fd27ac842dc9862fdae9c27b534f2b11d3af1bbdcd1d");
});

test("covers every field of the definition", () => {
  const changes: Required<{ [Field in keyof SkillDefinition]: unknown }> = {
    name: "B",
    description: "e",
    category: "other",
    tags: ["t"],
    language: "typescript",
    code: "export default () => 2",
    instructions: "# read",
    input: { type: "object" },
    output: true,
    capabilities: { tools: ["t"] },
    examples: [{ context: 1 }],
    limits: { timeoutMs: 5 },
    license: "MIT",
    metadata: { a: 1 },
  };
  const hashes = Object.entries(changes).map(([field, value]) => hashOf({ [field]: value }));
  expect(new Set([hashOf({}), ...hashes]).size).toBe(hashes.length + 1);
});

test("does not cover who submitted it under which id and status", () => {
  expect(hashOf({ id: "b", author: "x", status: "draft" })).toBe(hashOf({}));
});

test("does not depend on the order of members", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (metadata) => {
      const safe = Object.fromEntries(
        Object.entries(metadata).filter(([key]) => key !== "__proto__"),
      );
      fc.pre(
        JSON.stringify(safe).isWellFormed() &&
          !JSON.stringify(safe).includes("__proto__") &&
          !JSON.stringify(safe).includes("\\ud"),
      );
      const reversed = Object.fromEntries(Object.entries(safe).toReversed());
      expect(hashOf({ metadata: reversed })).toBe(hashOf({ metadata: safe }));
    }),
  );
});
