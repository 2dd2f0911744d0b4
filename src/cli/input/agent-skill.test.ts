import { expect, test } from "vitest";
import { agentSkillDraft } from "./agent-skill.ts";

test("a SKILL.md becomes a draft with instructions, and nothing of its frontmatter is lost", () => {
  const text = `---
name: PDF Forms
description: >-
  Fill in PDF forms.
  Use when a form is to be completed.
license: MIT
allowed-tools: [Bash, Read]
compatibility: needs python
metadata:
  version: "1.2"
---

# Steps

1. Open it.
`;
  expect(agentSkillDraft("pdf/SKILL.md", text)).toEqual({
    id: "pdf-forms",
    name: "PDF Forms",
    description: "Fill in PDF forms. Use when a form is to be completed.",
    category: "agent-skill",
    instructions: "# Steps\n\n1. Open it.",
    license: "MIT",
    metadata: { "allowed-tools": ["Bash", "Read"], compatibility: "needs python", version: "1.2" },
  });
});

test("a name that is no slug becomes one", () => {
  const text = "---\nname: Äpfel & Birnen (v2)\ndescription: x\n---\ny";
  expect(agentSkillDraft("SKILL.md", text).id).toBe("apfel-birnen-v2");
});

test.each([
  ["description: x", "SKILL.md: expected the frontmatter to have a text `name`"],
  ["name: x", "SKILL.md: expected the frontmatter to have a text `description`"],
  ["name: x\ndescription: y\nmetadata: z", "SKILL.md: expected `metadata` to be a map"],
  [
    "name: x\ndescription: y\nv: 1\nmetadata:\n  v: 2",
    'SKILL.md: "v" stands both in the frontmatter',
  ],
])("frontmatter %j is refused", (yaml, message) => {
  expect(() => agentSkillDraft("SKILL.md", `---\n${yaml}\n---\nbody`)).toThrow(message);
});
