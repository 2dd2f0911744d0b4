/** Others get their turn while a program calls the library without ever waiting for anything else. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { temporaryLibrary } from "../support/temporary-library.ts";
import type { SkillLibrary } from "../../src/index.ts";

const CALLS: Readonly<Record<string, (library: SkillLibrary) => Promise<unknown>>> = {
  "get, cached": (library) => library.get("one"),
  "get, from the store": (library) => library.get("one", { useCache: false }),
  "get of what is not there": (library) => library.get("none"),
  list: (library) => library.list(),
  facets: (library) => library.facets(),
  "a history": (library) => library.getVersionHistory("one"),
  "the same search": (library) => library.search("one"),
  "a search at a revision": async (library) => (await library.at()).search("one"),
  "add of what is there": (library) => library.add(draft("one")),
  "a lock": async (library) => {
    await using _ = await library.locks.acquire("key");
  },
};

const NAMES = Object.keys(CALLS);

function draft(id: string) {
  return { id, name: id, description: `The skill ${id}`, code: `export default () => "${id}"` };
}

test.each(NAMES)("a timer fires while %s is called over and over", async (name) => {
  await using temporary = await temporaryLibrary();
  await temporary.library.add(draft("one"));
  const timer = AbortSignal.timeout(1);
  // Where the event loop never gets a turn, this goes on for ever.
  while (!timer.aborted) await CALLS[name]!(temporary.library);
  expect(timer.aborted).toBe(true);
});

test("timers fire while another connection keeps the write lock, and the write comes through", async () => {
  await using temporary = await temporaryLibrary();
  const { library, path } = temporary;
  const other = new DatabaseSync(join(path, "library.sqlite"), { timeout: 10_000 });
  other.exec("BEGIN IMMEDIATE");
  let ticks = 0;
  // The lock is only let go by a timer, so a write that waited inside SQLite would wait in vain.
  const ticking = setInterval(() => {
    ticks += 1;
    if (ticks === 10) other.exec("ROLLBACK");
  }, 5);
  const added = await library.add(draft("one"));
  clearInterval(ticking);
  other.close();
  expect(added).toMatchObject({ version: 1, created: true });
  expect(ticks).toBeGreaterThanOrEqual(10);
});

test("a library of many skills counts its facets as one of few does", async () => {
  await using temporary = await temporaryLibrary({ embedder: false });
  const { library } = temporary;
  const drafts = Array.from({ length: 520 }, (_, at) => ({
    ...draft(`skill-${at}`),
    category: at < 20 ? "few" : "many",
    tags: ["all"],
  }));
  await library.addMany(drafts.slice(0, 400), { validate: false });
  const tags = [{ value: "all", count: 400 }];
  expect((await library.facets()).tags).toEqual(tags);
  await library.addMany(drafts.slice(400), { validate: false });
  expect(await library.facets()).toEqual({
    skills: 520,
    categories: [
      { value: "many", count: 500 },
      { value: "few", count: 20 },
    ],
    tags: [{ value: "all", count: 520 }],
    statuses: [{ value: "active", count: 520 }],
    totals: { categories: 2, tags: 1 },
  });
  expect((await library.facets({ category: "few", limit: 1 })).tags).toEqual([
    { value: "all", count: 20 },
  ]);
});
