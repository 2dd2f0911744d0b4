import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import * as vitest from "vitest";
import { expect, test } from "vitest";
import { expectedStatusContract } from "../expected-status.contract.ts";
import { skillBrowsingContract } from "../skill-browsing.contract.ts";
import { skillStoreContract } from "../skill-store.contract.ts";
import type { SkillStorePlace } from "../contract/skill-store-place.ts";
import { FULLEST_DEFINITION, newVersion } from "../testing-fixtures/new-version.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import { sqliteSkillStore } from "./sqlite-skill-store.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

async function openPlace(): Promise<SkillStorePlace> {
  const directory = temporaryDirectory();
  return {
    connect: (clock) => sqliteSkillStore({ path: join(directory.path, "library.sqlite"), clock }),
    dispose: async () => directory.remove(),
  };
}

declareContract(skillStoreContract("sqliteSkillStore", openPlace), vitest);
declareContract(skillBrowsingContract("sqliteSkillStore", openPlace), vitest);
declareContract(expectedStatusContract("sqliteSkillStore", openPlace), vitest);

test("a file of the first schema gets its callers, names and times", async () => {
  const directory = temporaryDirectory();
  const path = join(directory.path, "library.sqlite");
  const before = await sqliteSkillStore({ path });
  await before.append(newVersion("zeta", FULLEST_DEFINITION));
  await before.append(newVersion("alpha", { ...FULLEST_DEFINITION, name: "ZZ" }));
  await before.append(newVersion("gone", FULLEST_DEFINITION));
  await before.remove("gone", "any");
  await before.close();
  toFirstSchema(path);
  const store = await sqliteSkillStore({ path });
  try {
    expect(await store.dependents("echo", 9)).toEqual({ ids: ["alpha", "zeta"], count: 2 });
    const named = await store.list({ orderBy: "name", limit: 9 });
    expect(named.map(({ id }) => id)).toEqual(["alpha", "zeta"]);
    const { updatedAt } = named[1]!;
    const latest = { orderBy: "recent", after: "", afterKey: updatedAt, limit: 9 } as const;
    expect((await store.list(latest)).map(({ id }) => id)).toContain("zeta");
    await store.append(newVersion("new", {}, { program: "1", codeFingerprint: "f" }));
    const alike = await store.findAlike({ contentHash: "", codeFingerprint: "f" }, 9);
    expect(alike.map(({ id }) => id)).toEqual(["new"]);
  } finally {
    await store.close();
    directory.remove();
  }
});

/** Takes away what the second schema added. */
function toFirstSchema(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`
    DROP INDEX blobs_by_fingerprint; DROP INDEX skill_versions_by_program;
    DROP INDEX skills_by_content; DROP INDEX skills_by_name; DROP INDEX skills_by_time;
    DROP TABLE skill_calls;
    ALTER TABLE blobs DROP COLUMN fingerprint;
    ALTER TABLE skills DROP COLUMN name;
    ALTER TABLE skills DROP COLUMN updated_at;
    PRAGMA user_version = 1;
  `);
  database.close();
}
