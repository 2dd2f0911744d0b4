import { expect, test } from "vitest";
import { noteDraft } from "../../../test/support/skill-draft.ts";
import { switchedEmbedder } from "../../../test/support/switched-embedder.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

const notes = (count: number, prefix = "note"): ReturnType<typeof noteDraft>[] =>
  Array.from({ length: count }, (_, n) => noteDraft(`${prefix}-${String(n).padStart(3, "0")}`));

async function pending(library: SkillLibrary): Promise<number> {
  return (await library.stats()).search.pending;
}

/** Generous, because pauses double and the machine may be busy. */
const SOON = { timeout: 20_000, interval: 20 };

test("skills added while the embedder fails are found by keyword, and embedded once it works", async () => {
  const embedder = switchedEmbedder();
  embedder.documents = "fail";
  await using fixture = await temporaryLibrary({ embedder });
  const { library } = fixture;
  await library.addMany(notes(3));
  expect(await library.search("note")).toMatchObject({
    matches: [{}, {}, {}],
    mode: "keyword",
    modeReason: "the embedder switched failed on the skills: quota is used up",
  });
  expect((await library.stats()).search).toMatchObject({
    pending: 3,
    vectors: 0,
    embedderError: "quota is used up",
  });
  embedder.documents = "work";
  await expect.poll(() => pending(library), SOON).toBe(0);
  const { search } = await library.stats();
  expect(search).toStrictEqual({
    activity: {
      threaded: false,
      copies: 0,
      builds: expect.any(Number),
      rejectedPacks: 0,
      replacedThreads: 0,
    },
    revision: 3,
    skills: 3,
    vectors: 3,
    pending: 0,
    embedder: "switched",
  });
  // The same query again: what was found by keyword alone is not remembered.
  const found = await library.search("note");
  expect(found).toMatchObject({ mode: "hybrid", embedder: "switched" });
  expect(found).not.toHaveProperty("modeReason");
});

test("no add and no later search waits for an embedder that does not answer", async () => {
  const embedder = switchedEmbedder();
  embedder.documents = "hang";
  await using fixture = await temporaryLibrary({ embedder });
  const { library } = fixture;
  await library.addMany(notes(2));
  const first = await library.search("note");
  expect(first).toMatchObject({ mode: "keyword", matches: [{}, {}] });
  const asked = embedder.given.length;
  await library.addMany(notes(2, "later-note"));
  const startedMs = performance.now();
  expect(await library.search("note")).toMatchObject({
    mode: "keyword",
    matches: [{}, {}, {}, {}],
  });
  // The first search gave it two seconds; this one, while it is known to hang, nothing.
  expect(performance.now() - startedMs).toBeLessThan(1900);
  expect(embedder.given.length - asked).toBeLessThanOrEqual(2);
});

test("a text that the embedder refuses keeps no other from its vector", async () => {
  const embedder = switchedEmbedder();
  embedder.poison = "toxic";
  await using fixture = await temporaryLibrary({ embedder });
  const { library } = fixture;
  await library.addMany([...notes(20), noteDraft("toxic-note"), ...notes(20, "other")]);
  await library.search("note");
  await expect.poll(() => pending(library), SOON).toBe(1);
  const found = await library.search("toxic note");
  expect(found).toMatchObject({
    mode: "hybrid",
    modeReason:
      "1 of 41 skills have no vector yet, and are found by keyword; the embedder failed: quota is used up",
    embedder: "switched",
  });
  expect(found.matches.map(({ id }) => id)).toContain("toxic-note");
});

test("what one process left is embedded by the next, without a search", async () => {
  const failing = switchedEmbedder();
  failing.documents = "fail";
  await using fixture = await temporaryLibrary({ embedder: failing });
  await fixture.library.addMany(notes(5));
  await fixture.library.search("note");
  await fixture.library.close();
  const embedder = switchedEmbedder();
  await using next = await openLibrary({
    path: fixture.path,
    embedder,
    sandbox: { workers: 1 },
  });
  await expect.poll(() => pending(next), SOON).toBe(0);
  expect((await next.stats()).search).toMatchObject({ skills: 5, vectors: 5 });
});

test("closing ends what is being embedded, and loses nothing", async () => {
  const embedder = switchedEmbedder();
  embedder.documents = "hang";
  await using fixture = await temporaryLibrary({ embedder });
  const { library, path } = fixture;
  await library.addMany(notes(3));
  await library.search("note");
  await library.close();
  embedder.documents = "work";
  await using again = await openLibrary({ path, embedder, sandbox: { workers: 1 } });
  await expect.poll(() => pending(again), SOON).toBe(0);
});

test("two libraries that embed the same index at once leave nothing out", async () => {
  const failing = switchedEmbedder();
  failing.documents = "fail";
  await using fixture = await temporaryLibrary({ embedder: failing });
  const { library, path } = fixture;
  await library.addMany(notes(300));
  await library.search("note");
  await using other = await openLibrary({
    path,
    embedder: switchedEmbedder(),
    sandbox: { workers: 1 },
  });
  failing.documents = "work";
  await Promise.all([library.addMany(notes(50, "more")), other.search("note")]);
  await library.search("more");
  await expect.poll(() => pending(other), SOON).toBe(0);
  expect((await library.stats()).search).toMatchObject({ skills: 350, vectors: 350, pending: 0 });
  expect(await library.search("note 7")).toMatchObject({ mode: "hybrid" });
});

test("reindexing waits until all is embedded, or the embedder fails", async () => {
  const embedder = switchedEmbedder();
  await using fixture = await temporaryLibrary({ embedder });
  const { library } = fixture;
  await library.addMany(notes(5));
  embedder.documents = "fail";
  await library.reindex();
  expect(await pending(library)).toBe(5);
  embedder.documents = "work";
  await library.reindex();
  expect(await pending(library)).toBe(0);
});

test("closing does not wait for a reindexing that waits for the embedder", async () => {
  const embedder = switchedEmbedder();
  await using fixture = await temporaryLibrary({ embedder });
  const { library } = fixture;
  await library.addMany(notes(5));
  embedder.documents = "hang";
  const reindexing = library.reindex();
  await expect.poll(() => pending(library), SOON).toBe(5);
  await library.close();
  await reindexing;
});
