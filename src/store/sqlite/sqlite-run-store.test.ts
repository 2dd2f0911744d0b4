import { join } from "node:path";
import { describeRunStore } from "../run-store.contract.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import { sqliteRunStore } from "./sqlite-run-store.ts";

describeRunStore("sqliteRunStore", async () => {
  const directory = temporaryDirectory();
  return {
    connect: (maxRecords) =>
      sqliteRunStore({ path: join(directory.path, "runs.sqlite"), maxRecords }),
    dispose: async () => directory.remove(),
  };
});
