import { afterEach, beforeEach, expect, test } from "vitest";
import { rejection } from "../../../test/support/thrown.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import { sqliteSkillStore } from "../../store/sqlite/sqlite-skill-store.ts";
import { newVersion } from "../../store/testing-fixtures/new-version.ts";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { ChangedSince } from "./changed-since.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let store: SkillStore;

beforeEach(async () => {
  directory = temporaryDirectory();
  store = await sqliteSkillStore({ path: `${directory.path}/library.sqlite` });
});
afterEach(async () => {
  await store.close();
  directory.remove();
});

test("what changed since is remembered as it was, in however many changes", async () => {
  await store.appendMany([newVersion("kept"), newVersion("renamed", { name: "Old" })]);
  const changed = new ChangedSince({ store, revision: 2, maxSkills: 2000 });
  await changed.refresh();
  expect(changed.size).toBe(0);
  await store.append(newVersion("renamed", { name: "New" }, { expectedVersion: 1 }));
  await store.appendMany(Array.from({ length: 1500 }, (_, n) => newVersion(`n-${n}`)));
  // Everybody who asks waits until all of it is known.
  await Promise.all([changed.refresh(), changed.refresh()]);
  expect(changed.size).toBe(1501);
  expect([changed.has("renamed"), changed.has("n-1499"), changed.has("kept")]).toStrictEqual([
    true,
    true,
    false,
  ]);
  expect([...changed.summaries()]).toMatchObject([{ id: "renamed", name: "Old", version: 1 }]);
  expect(await changed.find("renamed")).toMatchObject({ name: "Old", version: 1 });
});

test("a library that went back before the revision has another history", async () => {
  await store.append(newVersion("echo"));
  const changed = new ChangedSince({ store, revision: 5, maxSkills: 10 });
  expect(await rejection(changed.refresh())).toMatchObject({
    code: "STORE_UNAVAILABLE",
    details: { revision: 5, found: 1 },
  });
});

test("more changes than are remembered are refused, again and again", async () => {
  await store.appendMany(["a", "b", "c"].map((id) => newVersion(id)));
  const changed = new ChangedSince({ store, revision: 0, maxSkills: 2 });
  for (let attempt = 0; attempt < 2; attempt++)
    expect(await rejection(changed.refresh())).toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: { limit: "viewChanges", max: 2, revision: 0 },
    });
});
