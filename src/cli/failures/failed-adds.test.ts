import { expect, test } from "vitest";
import { RepertoireError } from "../../base/errors.ts";
import { failureNotes } from "./failed-adds.ts";
import type { FailedAdd } from "./failed-adds.ts";

function notesOf(failures: readonly FailedAdd[]): readonly string[] {
  const lines: string[] = [];
  const notes = failureNotes({
    note: (line) => lines.push(line),
    paintNote: (_, text) => text,
  });
  for (const failure of failures) notes.note(failure);
  notes.end();
  return lines;
}

test("names the place and the id of each draft, where the message does not", () => {
  const error = new RepertoireError("INVALID_DRAFT", "The draft is wrong:\n  tags: many\nok a");
  expect(
    notesOf([
      { file: "a.jsonl", line: 3, id: "slugify", error },
      { file: "a.json", index: 0, error },
      {
        file: "b.json",
        id: "b",
        error: new RepertoireError("INVALID_INPUT", "b.json:1:1 is not JSON"),
      },
    ]),
  ).toEqual([
    "error: a.jsonl:3 (slugify): The draft is wrong:\n  tags: many\n  ok a",
    "error: a.json[0]: The draft is wrong:\n  tags: many\n  ok a",
    "error: b.json:1:1 is not JSON",
  ]);
});

test("tells what stops every draft once, with the number of the others", () => {
  const error = new RepertoireError("STORE_UNAVAILABLE", "The disk is full");
  const failures = Array.from({ length: 2361 }, (_, index) => ({ file: "a.json", index, error }));
  expect(notesOf(failures)).toEqual([
    "error: a.json[0]: The disk is full",
    "error: 2,360 more drafts were not added: The disk is full",
  ]);
  expect(notesOf(failures.slice(0, 2)).at(-1)).toBe(
    "error: 1 more draft was not added: The disk is full",
  );
});
