import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { JsonObject } from "../../base/json.ts";
import type { SearchIndex } from "../../search/search-index.ts";
import { sqliteSearchIndex } from "../../search/sqlite-index.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

async function found(library: SkillLibrary, query: string): Promise<string[]> {
  return (await library.search(query, { limit: 1000 })).matches.map(({ id }) => id).toSorted();
}

const notes = (count: number, prefix = "note"): ReturnType<typeof noteDraft>[] =>
  Array.from({ length: count }, (_, n) => noteDraft(`${prefix}-${String(n).padStart(3, "0")}`));

function indexFiles(path: string): string[] {
  return readdirSync(path).filter((name) => name.startsWith("index"));
}

test("an index that was deleted while the library was closed is built at the next search", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.addMany(notes(300));
  const before = await found(library, "note");
  await library.close();
  expect(indexFiles(path).length).toBeGreaterThan(0);
  for (const file of indexFiles(path)) rmSync(join(path, file));
  await using again = await openLibrary(path);
  expect(await found(again, "note")).toStrictEqual(before);
  expect(before).toHaveLength(300);
});

test("an index that is deleted under an open library is built anew", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.addMany(notes(3));
  await found(library, "note");
  for (const file of indexFiles(path)) rmSync(join(path, file));
  library.cache.clear();
  expect(await found(library, "note")).toHaveLength(3);
});

test("an index of garbage, and one with another application's data, are built anew", async () => {
  for (const spoil of [
    (file: string) => writeFileSync(file, "garbage ".repeat(2000)),
    (file: string) => {
      rmSync(file);
      const database = new DatabaseSync(file);
      database.exec("CREATE TABLE theirs (x)");
      database.close();
    },
  ]) {
    await using fixture = await temporaryLibrary();
    const { library, path } = fixture;
    await library.addMany(notes(3));
    await found(library, "note");
    await library.close();
    for (const file of indexFiles(path)) spoil(join(path, file));
    await using again = await openLibrary(path);
    expect(await found(again, "note")).toHaveLength(3);
  }
});

test("an index ahead of its store belongs to another history, and is built anew", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.addMany(notes(5, "lost"));
  await found(library, "lost");
  await library.close();
  // As after restoring a backup of the store alone.
  for (const name of readdirSync(path))
    if (name.startsWith("library.sqlite")) rmSync(join(path, name));
  await using again = await openLibrary(path);
  await again.addMany(notes(2, "new"));
  expect(await found(again, "new lost note")).toStrictEqual(["new-000", "new-001"]);
});

test("reindex builds the same index again", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany(notes(250));
  const before = await library.search("note 7", { limit: 1000, useCache: false });
  await library.reindex();
  expect(await library.search("note 7", { limit: 1000, useCache: false })).toStrictEqual(before);
  expect((await library.stats()).search).toMatchObject({
    revision: 250,
    skills: 250,
    vectors: 250,
  });
});

test("reindexing while skills are added and searched loses none and shows none too few", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await using other = await openLibrary({ path, sandbox: { workers: 1 } });
  await library.addMany(notes(250));
  const done = new AbortController();
  async function reindex(target: SkillLibrary): Promise<void> {
    while (!done.signal.aborted) await target.reindex();
  }
  async function add(): Promise<void> {
    for (const draft of notes(12, "later")) await library.add(draft);
  }
  async function search(target: SkillLibrary): Promise<void> {
    while (!done.signal.aborted) {
      const { matches } = await target.search("note", { limit: 1000, useCache: false });
      expect(matches.length).toBeGreaterThanOrEqual(250);
    }
  }
  await Promise.all([
    reindex(library),
    reindex(other),
    search(library),
    search(other),
    add().finally(() => done.abort()),
  ]);
  expect(await found(library, "note later")).toHaveLength(262);
  expect(await found(other, "note later")).toHaveLength(262);
});

test("a search finds everything although the index is emptied before it, and full again after it", async () => {
  await using fixture = await temporaryLibrary();
  const { library: other, path } = fixture;
  await other.addMany(notes(3));
  const inner = await sqliteSearchIndex({ path: join(path, "index-own.sqlite") });
  const rival = await sqliteSearchIndex({ path: join(path, "index-own.sqlite") });
  let isEmptied = false;
  const index: SearchIndex = {
    ...inner,
    async search(query) {
      if (isEmptied) return inner.search(query);
      isEmptied = true;
      await rival.reset();
      const answer = await inner.search(query);
      expect(answer.hits).toEqual([]);
      await refill.search("note");
      return answer;
    },
  };
  await using refill = await openLibrary({ path, embedder: false, index: rival });
  await using library = await openLibrary({ path, embedder: false, index });
  expect(await found(library, "note")).toHaveLength(3);
  expect(isEmptied).toBe(true);
});

test("a search begun after an add was acknowledged finds it, however many run at once", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await Promise.all(
    notes(60).map(async (draft) => {
      await library.add(draft);
      const { matches } = await library.search(`note ${draft.id}`, { limit: 100 });
      expect(matches.map(({ id }) => id)).toContain(draft.id);
    }),
  );
});

test("another embedder has an index of its own, and each finds everything", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.addMany(notes(3));
  await found(library, "note");
  await using keywords = await openLibrary({ path, embedder: false });
  expect(await found(keywords, "note")).toHaveLength(3);
  await keywords.add(noteDraft("note-late"));
  expect(await found(library, "note")).toHaveLength(4);
  expect((await library.search("note")).mode).toBe("hybrid");
});

test("a store restored from a backup is searched as it is now, even at the same revision", async () => {
  await using place = await temporaryLibrary();
  const file = join(place.path, "library.sqlite");
  await place.library.add(skillDraft("base"));
  await place.library.close();
  copyFileSync(file, `${file}.backup`);
  const before = await openLibrary({ path: place.path });
  await before.add(draftOf("ghost", "return 1;", { description: "A green turtle" }));
  expect((await before.search("green turtle")).matches[0]?.id).toBe("ghost");
  await before.close();
  copyFileSync(`${file}.backup`, file);
  const after = await openLibrary({ path: place.path });
  await after.add(draftOf("fresh", "return 1;", { description: "A green turtle" }));
  expect((await after.search("green turtle")).matches.map(({ id }) => id)).toContain("fresh");
  expect((await after.search("green turtle")).matches.map(({ id }) => id)).not.toContain("ghost");
  await after.close();
});

test("a directory where the index should be is put aside", async () => {
  await using place = await temporaryLibrary();
  await place.library.add(skillDraft("base"));
  await place.library.close();
  const index = join(place.path, "index-static-tl256.sqlite");
  rmSync(index, { force: true });
  mkdirSync(index);
  const reopened = await openLibrary({ path: place.path });
  expect((await reopened.search("base")).matches.map(({ id }) => id)).toEqual(["base"]);
  await reopened.close();
});

test("a parameter is found wherever its schema declares it", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  const named = (name: string): JsonObject => ({
    type: "object",
    properties: { [name]: { type: "string", description: `about${name}` } },
  });
  const input = {
    type: "object",
    properties: { plain: { $ref: "#/$defs/one" }, list: { items: named("listed") } },
    anyOf: [named("either"), named("other")],
    oneOf: [named("alternative")],
    allOf: [named("combined")],
    if: named("condition"),
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: named("consequence"),
    else: named("otherwise"),
    prefixItems: [named("tuple")],
    patternProperties: { "^x-": named("patterned") },
    additionalProperties: named("additional"),
    $defs: { one: named("referenced") },
  };
  await library.addMany([noteDraft("nothing"), { ...noteDraft("all"), input }]);
  const names = `listed either other alternative combined condition consequence otherwise tuple
    patterned additional referenced`.split(/\s+/u);
  for (const query of ["plain", "list", ...names, ...names.map((name) => `about${name}`)])
    expect(await library.search(query)).toMatchObject({ matches: [{ id: "all" }] });
});
