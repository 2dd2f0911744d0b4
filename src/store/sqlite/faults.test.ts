import { mkdirSync, openSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newVersion } from "../testing-fixtures/new-version.ts";
import { canMount, smallDisk } from "../testing-fixtures/small-disk.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import { openConnection } from "./connection.ts";
import { LIBRARY_SCHEMA } from "./library-schema.ts";
import { sqliteRunStore } from "./sqlite-run-store.ts";
import { skillStoreOn, sqliteSkillStore } from "./sqlite-skill-store.ts";
import { checkSqliteVersion } from "./sqlite-version.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, "library.sqlite");
});

afterEach(() => directory.remove());

function withDatabase(work: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path);
  work(database);
  database.close();
}

async function filledStore(): Promise<void> {
  const store = await sqliteSkillStore({ path });
  const code = "x".repeat(3000);
  for (let index = 0; index < 30; index++)
    await store.append(newVersion(`skill-${index}`, { code: `${code}${index}` }));
  await store.close();
}

describe("opening", () => {
  test("a directory in place of the file is refused", async () => {
    mkdirSync(path);
    await expect(sqliteSkillStore({ path })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: `Cannot use ${path}: it is a directory; name a file inside it`,
    });
  });

  test("a missing parent directory is refused", async () => {
    const missing = join(directory.path, "missing");
    await expect(sqliteSkillStore({ path: join(missing, "l.sqlite") })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: `Cannot use ${join(missing, "l.sqlite")}: the directory ${missing} does not exist; create the directory or choose another path`,
    });
  });

  test("a file in place of the parent directory is refused", async () => {
    writeFileSync(path, "");
    await expect(sqliteSkillStore({ path: join(path, "l.sqlite") })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
  });

  test.runIf(process.platform === "linux")(
    "a directory nobody may write to is refused",
    async () => {
      // Not even root can create files in /proc.
      await expect(sqliteSkillStore({ path: "/proc/library.sqlite" })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        // Root may write there by its permissions, and anybody else may not.
        message: expect.stringMatching(
          /check that its directory exists|may not be written by this user/,
        ),
      });
    },
  );

  test("a file that is no database is refused and left as it was", async () => {
    const garbage = "not a database, but longer than the header of one. ".repeat(100);
    writeFileSync(path, garbage);
    await expect(sqliteSkillStore({ path })).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringMatching(/not a SQLite database.*choose another path/),
      details: { path },
    });
  });

  test("an empty file becomes a store", async () => {
    writeFileSync(path, "");
    const store = await sqliteSkillStore({ path });
    expect(await store.revision()).toBe(0);
    await store.close();
  });

  test("another program's database is refused and left as it was", async () => {
    withDatabase((database) => database.exec("CREATE TABLE theirs (a)"));
    await expect(sqliteSkillStore({ path })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("choose another path"),
    });
    withDatabase((database) => {
      expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({
        journal_mode: "delete",
      });
      expect(database.prepare("SELECT name FROM sqlite_schema").all()).toMatchObject([
        { name: "theirs" },
      ]);
    });
  });

  test("the runs file is no library, and the library no runs file", async () => {
    await filledStore();
    await expect(sqliteRunStore({ path })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  test("a schema of a newer release is refused with both versions", async () => {
    await filledStore();
    withDatabase((database) => database.exec("PRAGMA user_version = 7"));
    await expect(sqliteSkillStore({ path })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: `Cannot use ${path}: its schema has version 7, and this release of repertoire knows versions up to 3; upgrade repertoire`,
    });
  });

  test("a half-made file of a process that was killed while creating it is completed", async () => {
    withDatabase((database) => database.exec("PRAGMA journal_mode = WAL"));
    const store = await sqliteSkillStore({ path });
    expect(await store.append(newVersion("echo"))).toMatchObject({ version: 1 });
    await store.close();
  });

  test("a later schema is reached from any earlier one, once", async () => {
    await filledStore();
    const added = "CREATE TABLE added (a TEXT) STRICT";
    const later = { ...LIBRARY_SCHEMA, migrations: [...LIBRARY_SCHEMA.migrations, added] };
    const opened = await Promise.all([1, 2, 3].map(() => openConnection(later, { path })));
    for (const connection of opened) {
      const version = connection.database.prepare("PRAGMA user_version").get();
      expect(version).toMatchObject({ user_version: 4 });
      connection.close();
    }
  });

  test("a SQLite that can damage shared files is refused", () => {
    expect(() => checkSqliteVersion("3.51.2")).toThrow(
      /Expected SQLite 3\.51\.3 or newer.*newer Node/,
    );
    expect(() => checkSqliteVersion("3.9.0")).toThrow(/3\.51\.3/);
    expect(() => checkSqliteVersion("3.51.3")).not.toThrow();
    expect(() => checkSqliteVersion()).not.toThrow();
  });
});

describe("damage", () => {
  test("a damaged header or schema is found when the file is opened", async () => {
    await filledStore();
    overwrite(16, 84);
    await expect(sqliteSkillStore({ path })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  test("a damaged page is reported by what reads it", async () => {
    await filledStore();
    overwrite(8192, 200_000);
    const store = await sqliteSkillStore({ path });
    await expect(store.history("skill-1")).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringMatching(/library\.sqlite: it is damaged.*restore it from a backup/),
      details: { path },
    });
    await store.close();
  });

  test("damaged JSON is reported with its place", async () => {
    await filledStore();
    withDatabase((database) =>
      database.exec("UPDATE skill_versions SET definition = '{' WHERE skill_id = 'skill-3'"),
    );
    const store = await sqliteSkillStore({ path });
    await expect(store.find("skill-3")).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: `Cannot read version 1 of skill "skill-3" in ${path}: it is damaged; restore the file from a backup`,
    });
    expect(await store.find("skill-4")).toBeDefined();
    await store.close();
  });

  function overwrite(offset: number, length: number): void {
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(length, 0xa5), 0, length, offset);
    closeSync(file);
  }
});

describe("trouble that passes", () => {
  test("a full file refuses writes, keeps reads, and works again when there is room", async () => {
    const connection = await openConnection(LIBRARY_SCHEMA, { path });
    const store = skillStoreOn(connection);
    await store.append(newVersion("echo"));
    const pages = connection.database.prepare("PRAGMA page_count").get()?.["page_count"];
    connection.database.exec(`PRAGMA max_page_count = ${Number(pages)}`);
    const large = newVersion("large", { code: "x".repeat(100_000) });
    await expect(store.append(large)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("the disk is full"),
    });
    expect(await store.revision()).toBe(1);
    expect(await store.find("echo")).toMatchObject({ version: 1 });
    connection.database.exec("PRAGMA max_page_count = 1000000");
    expect(await store.append(large)).toMatchObject({ version: 1, revision: 2 });
    await store.close();
  });

  test.runIf(canMount())(
    "a full disk refuses writes, and works again when there is room",
    async () => {
      const disk = join(directory.path, "disk");
      const mounted = smallDisk(disk);
      try {
        const store = await sqliteSkillStore({ path: join(disk, "library.sqlite") });
        let failure: unknown;
        let stored = 0;
        while (failure === undefined && stored < 1000)
          try {
            await store.append(
              newVersion(`skill-${stored}`, { code: "x".repeat(20_000) + stored }),
            );
            stored += 1;
          } catch (error) {
            failure = error;
          }
        expect(failure).toMatchObject({
          code: "STORE_UNAVAILABLE",
          message: expect.stringContaining("the disk is full"),
        });
        expect(await store.revision()).toBe(stored);
        mounted.remount("size=8m");
        const after = await store.append(newVersion("after", { code: "x".repeat(20_000) }));
        expect(after).toMatchObject({ version: 1, revision: stored + 1 });
        expect(await store.list({ limit: 1000 })).toHaveLength(stored + 1);
        await store.close();
      } finally {
        mounted.unmount();
      }
    },
  );

  test("a store that became read-only refuses writes, and takes them again afterwards", async () => {
    const connection = await openConnection(LIBRARY_SCHEMA, { path });
    const store = skillStoreOn(connection);
    connection.database.exec("PRAGMA query_only = ON");
    await expect(store.append(newVersion("echo"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("it is read-only"),
    });
    connection.database.exec("PRAGMA query_only = OFF");
    expect(await store.append(newVersion("echo"))).toMatchObject({ revision: 1 });
    await store.close();
  });

  test("a write waits for another process, and says how long when it gives up", async () => {
    const store = await sqliteSkillStore({ path, busyMs: 50 });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    await expect(store.append(newVersion("echo"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("another process kept it locked for 50 ms"),
      details: { path, busyMs: 50 },
    });
    expect(await store.find("echo")).toBeUndefined();
    other.exec("ROLLBACK");
    expect(await store.append(newVersion("echo"))).toMatchObject({ revision: 1 });
    other.close();
    await store.close();
  });

  test("a waiting write goes on as soon as the other process is done, and others meanwhile", async () => {
    const store = await sqliteSkillStore({ path });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const waiting = store.append(newVersion("echo"));
    expect(await store.list({ limit: 1 })).toStrictEqual([]);
    other.exec("ROLLBACK");
    expect(await waiting).toMatchObject({ revision: 1 });
    other.close();
    await store.close();
  });

  test("closing ends a waiting write", async () => {
    const store = await sqliteSkillStore({ path });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const waiting = store.append(newVersion("echo"));
    await store.close();
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    other.close();
  });
});
