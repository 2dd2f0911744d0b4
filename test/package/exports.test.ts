import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ROOT } from "../support/import-graph.ts";

/** Adding a name here is a decision: it is public from then on. */
const SURFACE: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "AsyncRWLock",
    "Execution",
    "InvalidDraftError",
    "LIMITS",
    "LibraryView",
    "RepertoireError",
    "SkillFailedError",
    "SkillLibrary",
    "ValidationFailedError",
    "VersionConflictError",
    "defaultLibraryPath",
    "draftOf",
    "functionEmbedder",
    "getSkillLibrary",
    "httpEmbedder",
    "mergeDrafts",
    "miniLmEmbedder",
    "openLibrary",
    "restoreLibrary",
    "staticEmbedder",
  ],
  "./sqlite": ["sqliteLocks", "sqliteRunStore", "sqliteSearchIndex", "sqliteSkillStore"],
  "./testing": [
    "auditHistory",
    "checkHistory",
    "contractCases",
    "contractSuite",
    "declareContract",
    "embedderContract",
    "expectedStatusContract",
    "faultyDriver",
    "historyNow",
    "historyRecorder",
    "learnedUsesContract",
    "librarySubject",
    "lockContract",
    "processFaults",
    "readHistory",
    "recordLibrary",
    "recordStore",
    "runStoreContract",
    "searchIndexContract",
    "seededRandom",
    "skillBrowsingContract",
    "skillModel",
    "skillStoreContract",
    "storeSubject",
    "stressFaults",
    "stressOperations",
    "stressProcesses",
    "stressStore",
  ],
  "./testing/sandbox": ["attackContract", "bridgeContract", "sandboxContract"],
};

test("each entry of the package exports these values and no others", async () => {
  const { exports } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    exports: Record<string, unknown>;
  };
  const entries = Object.keys(exports).filter((entry) => entry !== "./package.json");
  const found: Record<string, readonly string[]> = {};
  for (const entry of entries) {
    const module = (await import(entry.replace(/^\./, "repertoire"))) as object;
    found[entry] = Object.keys(module).toSorted();
  }
  expect(found).toEqual(SURFACE);
});
