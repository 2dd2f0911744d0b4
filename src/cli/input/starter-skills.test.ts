import { expect, test } from "vitest";
import { loadStarterSkills } from "./starter-skills.ts";

test("loads every starter skill with its code, JavaScript and TypeScript", async () => {
  const skills = await loadStarterSkills();
  expect(skills.length).toBeGreaterThanOrEqual(30);
  const files = skills.map(({ draft }) => `starter/${draft.category}/${draft.id}.json`);
  expect(skills.map(({ file }) => file)).toEqual(files);
  expect(new Set(skills.map(({ draft }) => draft.language ?? "javascript"))).toEqual(
    new Set(["javascript", "typescript"]),
  );
  expect(skills.every(({ draft }) => draft.code?.includes("export default"))).toBe(true);
});
