import { afterAll, expect, test } from "vitest";
import { openLibrary } from "../../index.ts";
import type { Skill } from "../../index.ts";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { applyChange } from "./skill-change.ts";

const directory = temporaryDirectory();
afterAll(() => directory.remove());

test("makes a change on top of another one, and leaves everything else as it is", async () => {
  await using library = await openLibrary(directory.path);
  await library.add({
    id: "label",
    name: "Label",
    description: "Old words.",
    tags: ["price"],
    language: "typescript",
    code: "export default ({ amount }: { amount: number }) => amount.toFixed(2);\n",
    input: { type: "object", required: ["amount"] },
    examples: [{ context: { amount: 1 }, result: "1.00" }],
    limits: { timeoutMs: 500 },
    license: "MIT",
    metadata: { a: 1, b: 1 },
  });
  const original = (await library.get("label")) as Skill;

  await library.add(applyChange(original, { addTags: ["shop", "price"], metadata: { b: 2 } }), {
    expectedVersion: 1,
  });
  const theirs = (await library.get("label")) as Skill;
  await library.add(applyChange(theirs, { description: "New words." }), { expectedVersion: 2 });

  const changes = await library.diff("label", 1, 3);
  expect(changes.map(({ field }) => field)).toEqual(["description", "tags", "metadata"]);
  expect(await library.get("label")).toMatchObject({
    version: 3,
    description: "New words.",
    tags: ["price", "shop"],
    metadata: { a: 1, b: 2 },
  });
});
