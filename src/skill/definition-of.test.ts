import { expect, test } from "vitest";
import { definitionOf, draftOf } from "./definition-of.ts";
import { draftParser } from "./parse-draft.ts";

const parse = draftParser();
const stored = {
  ...parse({ id: "a", name: "A", description: "d", code: "export default () => 1", output: false })
    .definition,
  id: "a",
  version: 3,
  contentHash: "0".repeat(64),
  createdAt: "2026-01-01T00:00:00.000Z",
};

test("the draft of a stored skill parses to the same definition", () => {
  expect(parse(draftOf(stored)).definition).toEqual(definitionOf(stored));
});

test("nothing but the definition is in it", () => {
  expect(Object.keys(draftOf(stored)).toSorted()).toEqual(
    ["id", ...Object.keys(definitionOf(stored))].toSorted(),
  );
  expect(definitionOf(stored)).not.toHaveProperty("version");
  expect(definitionOf(stored).output).toBe(false);
  expect(definitionOf(stored)).not.toHaveProperty("input");
});
