import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../testing-fixtures/temporary-directory.ts";
import { keepTokens } from "./keep-tokens.ts";

const TABLES = `CREATE TABLE lock_state (
    only INTEGER PRIMARY KEY CHECK (only = 1), boot TEXT NOT NULL, last INTEGER NOT NULL) STRICT;
  CREATE TABLE locks (ticket INTEGER PRIMARY KEY, key TEXT NOT NULL) STRICT;`;

let directory: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(() => directory.remove());

function made(name: string, sql: string): DatabaseSync {
  const database = new DatabaseSync(join(directory.path, name));
  database.exec(sql);
  return database;
}

test.each([
  ["40", "30", "the number given out since the backup", 40],
  ["20", "30", "the number of the backup, where that is greater", 30],
  ["20", undefined, "the number there is, where the backup had none", 20],
])("of %s and %s it keeps %s", (former, backedUp, _what, kept) => {
  const before = made("former", `${TABLES} INSERT INTO lock_state VALUES (1, 'boot', ${former})`);
  const copy = made("copy", `${TABLES} INSERT INTO locks VALUES (7, 'key')`);
  if (backedUp) copy.exec(`INSERT INTO lock_state VALUES (1, 'old boot', ${backedUp})`);
  keepTokens(before, join(directory.path, "copy"));
  expect(copy.prepare("SELECT last FROM lock_state").get()).toMatchObject({ last: kept });
  expect(copy.prepare("SELECT * FROM locks").all()).toStrictEqual([]);
  for (const database of [before, copy]) database.close();
});

test("libraries without leases are left as they are", () => {
  const copy = made("copy", "CREATE TABLE other (a)");
  keepTokens(undefined, join(directory.path, "copy"));
  expect(copy.prepare("SELECT name FROM sqlite_schema").all()).toMatchObject([{ name: "other" }]);
  copy.close();
});
