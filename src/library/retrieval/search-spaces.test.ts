import { existsSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noteDraft } from "../../../test/support/skill-draft.ts";
import { switchedEmbedder } from "../../../test/support/switched-embedder.ts";
import type { SwitchedEmbedder } from "../../../test/support/switched-embedder.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

const SOON = { timeout: 20_000, interval: 20 };
const notes = (count: number, prefix = "note"): ReturnType<typeof noteDraft>[] =>
  Array.from({ length: count }, (_, n) => noteDraft(`${prefix}-${n}`));

/** A closed library of five skills that the bundled embedder has embedded. */
async function embeddedBefore(): Promise<TemporaryLibrary> {
  const fixture = await temporaryLibrary();
  await fixture.library.addMany(notes(5));
  await fixture.library.search("note");
  await fixture.library.close();
  return fixture;
}

const formerFile = (path: string): string => join(path, "index-static-tl256.sqlite");

function age(path: string): void {
  utimesSync(formerFile(path), new Date("2020-01-01"), new Date("2020-01-01"));
}

function open(path: string, embedder: SwitchedEmbedder): Promise<SkillLibrary> {
  return openLibrary({ path, embedder, sandbox: { workers: 1 } });
}

async function embedderOf(library: SkillLibrary): Promise<string | null> {
  return (await library.search("note", { useCache: false })).embedder;
}

test("the former embedder answers until the new one is done, and then goes", async () => {
  await using fixture = await embeddedBefore();
  age(fixture.path);
  const embedder = switchedEmbedder();
  embedder.documents = "hang";
  await using library = await open(fixture.path, embedder);
  expect(await library.search("note")).toMatchObject({
    matches: [{}, {}, {}, {}, {}],
    mode: "hybrid",
    embedder: "static-tl256",
    modeReason: "the skills are still being embedded with switched",
  });
  // What is added meanwhile is found at once.
  await library.add(noteDraft("late-note"));
  expect((await library.search("note")).matches.map(({ id }) => id)).toContain("late-note");
  await expect
    .poll(async () => (await library.stats()).search.next, SOON)
    .toStrictEqual({ embedder: "switched", done: 0, total: 6 });
  expect((await library.stats()).search).toMatchObject({ embedder: "static-tl256", vectors: 6 });
  embedder.documents = "work";
  await expect.poll(() => embedderOf(library), SOON).toBe("switched");
  const { search } = await library.stats();
  expect(search).toStrictEqual({
    activity: {
      threaded: false,
      copies: 0,
      builds: expect.any(Number),
      rejectedPacks: 0,
      replacedThreads: 0,
    },
    revision: 6,
    skills: 6,
    vectors: 6,
    pending: 0,
    embedder: "switched",
  });
  expect(await library.search("note")).not.toHaveProperty("modeReason");
  await expect.poll(() => existsSync(formerFile(fixture.path)), SOON).toBe(false);
});

test("an embedder that fails leaves the former one in use", async () => {
  await using fixture = await embeddedBefore();
  const embedder = switchedEmbedder();
  embedder.documents = "fail";
  await using library = await open(fixture.path, embedder);
  expect(await embedderOf(library)).toBe("static-tl256");
  await expect
    .poll(async () => (await library.stats()).search, SOON)
    .toMatchObject({
      embedder: "static-tl256",
      embedderError: "quota is used up",
      next: { embedder: "switched", done: 0, total: 5 },
    });
  expect((await library.search("note")).modeReason).toBe(
    "the skills are still being embedded with switched; the embedder failed: quota is used up",
  );
  await library.close();
  // And in the next process, too.
  await using again = await open(fixture.path, embedder);
  expect(await embedderOf(again)).toBe("static-tl256");
});

test("the former index stays where another library has it open, or had it recently", async () => {
  await using fixture = await embeddedBefore();
  const { path } = fixture;
  await using other = await openLibrary({ path, sandbox: { workers: 1 } });
  expect(await embedderOf(other)).toBe("static-tl256");
  age(path);
  const first = await open(path, switchedEmbedder());
  await expect.poll(() => embedderOf(first), SOON).toBe("switched");
  await first.add(noteDraft("late-note"));
  await first.close();
  expect(existsSync(formerFile(path))).toBe(true);
  expect((await other.search("note")).matches).toHaveLength(6);
  await other.close();
  // That was a use a moment ago.
  await (await open(path, switchedEmbedder())).close();
  expect(existsSync(formerFile(path))).toBe(true);
  age(path);
  await (await open(path, switchedEmbedder())).close();
  expect(existsSync(formerFile(path))).toBe(false);
});

test("searches that run while the embedders change over all find everything", async () => {
  await using fixture = await embeddedBefore();
  const embedder = switchedEmbedder();
  embedder.documents = "hang";
  await using library = await open(fixture.path, embedder);
  const used = new Set<string | null>();
  while (!used.has("switched")) {
    const found = await Promise.all(
      Array.from({ length: 5 }, () => library.search("note", { useCache: false })),
    );
    for (const { matches, embedder: id } of found) {
      expect(matches).toHaveLength(5);
      used.add(id);
    }
    embedder.documents = "work";
    // Nothing of a search waits for anything outside this thread: timers need a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([...used]).toStrictEqual(["static-tl256", "switched"]);
});

test("embedders whose ids differ only in signs have indexes of their own", async () => {
  await using fixture = await temporaryLibrary({ embedder: switchedEmbedder("a/b") });
  await fixture.library.addMany(notes(2));
  await fixture.library.search("note");
  await using other = await open(fixture.path, switchedEmbedder("a:b"));
  await other.search("note");
  expect((await fixture.library.stats()).search).toMatchObject({ embedder: "a/b", vectors: 2 });
  expect((await other.stats()).search).toMatchObject({ embedder: "a:b", vectors: 2 });
});
