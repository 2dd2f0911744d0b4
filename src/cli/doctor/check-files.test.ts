import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkUnusedIndexes, diskCheck } from "./check-files.ts";

test("indexes that were not used for a month are named, and nothing else", async () => {
  const directory = mkdtempSync(join(tmpdir(), "doctor-files-"));
  try {
    const old = new Date(Date.now() - 31.5 * 86_400_000);
    for (const name of [
      "index-used.sqlite",
      "index-old.sqlite",
      "index.sqlite-wal",
      "runs.sqlite",
    ]) {
      writeFileSync(join(directory, name), "x");
      if (name !== "index-used.sqlite") utimesSync(join(directory, name), old, old);
    }
    expect(await checkUnusedIndexes(directory)).toMatchObject([
      { status: "warn", message: "index-old.sqlite (1 MiB) was not used for 31 days" },
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each([
  [31, "fail"],
  [32, "warn"],
  [511, "warn"],
  [512, "ok"],
])("a disk with %i MiB free is told as %s", (mebibytes, status) => {
  expect(diskCheck(mebibytes * 1024 * 1024).status).toBe(status);
});
