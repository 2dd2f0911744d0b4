import { join } from "node:path";
import { describeSkillStore } from "../skill-store.contract.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import { sqliteSkillStore } from "./sqlite-skill-store.ts";

describeSkillStore("sqliteSkillStore", async () => {
  const directory = temporaryDirectory();
  return {
    connect: (clock) => sqliteSkillStore({ path: join(directory.path, "library.sqlite"), clock }),
    dispose: async () => directory.remove(),
  };
});
