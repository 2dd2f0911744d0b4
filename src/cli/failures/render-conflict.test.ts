import { expect, test } from "vitest";
import { VersionConflictError } from "../../base/errors.ts";
import type { ConflictField } from "../../base/conflict-field.ts";
import type { Paint } from "../terminal/colours.ts";
import { renderConflict } from "./render-conflict.ts";

const plain: Paint = (_style, text) => text;

function shown(changes: readonly ConflictField[]): string {
  return renderConflict(new VersionConflictError("x", 1, 2, "hash", { changes }), plain);
}

test("values without a base, and fields that are not there, are told as such", () => {
  expect(
    shown([
      { field: "license", change: "conflict", theirs: "MIT" },
      {
        field: "tags",
        change: "merged",
        base: [],
        theirs: ["a"],
        yours: ["b"],
        merged: ["a", "b"],
      },
    ]),
  ).toBe(`  license: both changed it
    base    (none)
    theirs  MIT
    yours   (none)
  tags: both changed it, in ways that go together
    base    []
    theirs  ["a"]
    yours   ["b"]`);
});

test("long values are told by what changed in them", () => {
  const characters = { base: 5000, theirs: 5000, yours: 5000 };
  const long = { characters, theirDiff: "@@ -1 +1 @@\n-a\n+b\n", truncated: true } as const;
  expect(shown([{ field: "code", change: "theirs", long }])).toBe(`  code: they changed it
    theirs
      @@ -1 +1 @@
      -a
      +b
    … and more; get both versions to see all of it`);
});

test("what came from a skill can not rewrite the terminal", () => {
  const changes = [{ field: "name", change: "yours", base: "a", theirs: "a", yours: "\u001B[2J" }];
  expect(shown(changes as readonly ConflictField[])).not.toContain("\u001B");
});

test("other errors, and conflicts of which nothing is known, have nothing to show", () => {
  expect(renderConflict(new VersionConflictError("x", 1, 2, "hash"), plain)).toBe("");
});
