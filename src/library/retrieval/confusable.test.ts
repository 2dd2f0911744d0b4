import { expect, test } from "vitest";
import { noteDraft } from "../../../test/support/skill-draft.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { SkillDraft } from "../../skill/skill.ts";

function named(id: string, name: string, description: string): SkillDraft {
  return { ...noteDraft(id), name, description };
}

const SKILLS = [
  named("b_words", "Count words", "Count the number of words in a text"),
  named("a_words", "Word count", "Count the number of words in a given text"),
  named("c_words", "Count the words", "Counts the number of words in the text"),
  named("mail", "Send mail", "Deliver a message to a mailbox over SMTP"),
  named("resize", "Resize an image", "Scale a picture to a width and a height"),
  named("scale", "Resize an image", "Scale a picture to a width and a height"),
];

test("skills that can hardly be told apart are listed in groups, most alike first", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany(SKILLS);
  expect(await library.confusable()).toEqual({
    groups: [
      { ids: ["resize", "scale"], count: 2, similarity: 1 },
      { ids: ["a_words", "b_words", "c_words"], count: 3, similarity: expect.any(Number) },
    ],
    total: 2,
    compared: 6,
    complete: true,
  });
  const first = await library.confusable({ limit: 1 });
  expect(first).toMatchObject({ groups: [{ ids: ["resize", "scale"] }], total: 2 });
  await library.setStatus("scale", "deprecated");
  expect(await library.confusable()).toMatchObject({ total: 1, compared: 5 });
});

test("without an embedder words alone decide", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  await fixture.library.addMany(SKILLS);
  const { groups } = await fixture.library.confusable();
  expect(groups.map(({ ids }) => ids)).toEqual([
    ["a_words", "b_words", "c_words"],
    ["resize", "scale"],
  ]);
});

test("a library of more than a page is compared whole, and an empty one has no groups", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  expect(await library.confusable()).toEqual({ groups: [], total: 0, compared: 0, complete: true });
  await library.addMany(Array.from({ length: 400 }, (_, at) => noteDraft(`note_${at}`)));
  expect(await library.confusable()).toMatchObject({ compared: 400, complete: true });
});

test("a wrong option is refused, and a signal ends it", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("one"));
  expect(await rejection(library.confusable({ limit: 0 }))).toMatchObject({
    code: "INVALID_INPUT",
  });
  const signal = AbortSignal.abort();
  expect(await rejection(library.confusable({ signal }))).toMatchObject({ code: "CANCELLED" });
});
