import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

// Each is several processes, one after the other.
vi.setConfig({ testTimeout: 120_000 });

let place: Workplace;

beforeAll(async () => {
  place = openWorkplace();
  const draft = (id: string) => ({ id, name: id, description: `Says ${id}`, instructions: id });
  const file = place.write("skills.json", [draft("one"), draft("two"), draft("three")]);
  expect((await place.run(["add", file])).code).toBe(0);
});

afterAll(() => place[Symbol.dispose]());

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { name: string; status: string; message: string; remedy?: string }[];
}

async function doctor(...flags: readonly string[]): Promise<Report> {
  return jsonOf(await place.run(["doctor", "--json", ...flags])) as Report;
}

function damage(name: string, sql: string): void {
  const database = new DatabaseSync(join(place.library, name), { timeout: 5000 });
  database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
  database.close();
}

const indexName = (): string =>
  readdirSync(place.library).find((name) => /^index.*\.sqlite$/.test(name)) as string;

test("doctor finds what is derived and wrong, and --repair makes it anew", async () => {
  damage("library.sqlite", "UPDATE skills SET status = 'failed' WHERE id = 'one'");
  damage("runs.sqlite", "INSERT INTO run_totals VALUES ('ok', 3)");
  const found = await doctor();
  expect(found.ok).toBe(false);
  expect(found.checks).toContainEqual({
    name: "store",
    status: "fail",
    message: "one: what is current differs from its versions and changes",
    remedy: "run repertoire doctor --repair",
  });
  const { ok, checks } = await doctor("--repair");
  expect(ok).toBe(true);
  const repaired = checks.filter(({ name }) => name === "repaired").map(({ message }) => message);
  expect(repaired).toStrictEqual([
    "one: what is current differs from its versions and changes",
    "the total of runs that ended with ok is 3, and the versions count 0",
  ]);
  const { code, stdout } = await place.run(["doctor"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/content {2}3 versions with the content of their hashes, 0 runs/);
});

test("an index that is damaged inside is built anew by doctor --reindex", async () => {
  const path = join(place.library, indexName());
  const database = new DatabaseSync(path);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const row = database
    .prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'vectors_by_fill'")
    .get();
  database.close();
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, (Number(row?.rootpage) - 1) * 4096);
  closeSync(file);
  expect((await doctor()).checks).toContainEqual(
    expect.objectContaining({ name: "index", status: "fail" }),
  );
  const { ok, checks } = await doctor("--reindex");
  expect(ok).toBe(true);
  expect(checks).toContainEqual({
    name: "index",
    status: "ok",
    message: "rebuilt; 3 of 3 skills indexed, 3 with a vector",
  });
  expect((await doctor()).ok).toBe(true);
});

test("backup and restore bring a library to another directory, and back over itself by force", async () => {
  const made = jsonOf(await place.run(["backup", "copy.tar.gz", "--json"]));
  expect(made).toMatchObject({ skills: 3, versions: 3, revision: 3 });
  expect((await place.run(["backup", "copy.tar.gz"])).stderr).toMatch(/already.*force/);
  const again = await place.run(["backup", "copy.tar.gz", "--force"]);
  expect(again.stdout).toMatch(/^✓ backed up 3 skills, 3 versions and 0 runs as of revision 3 to /);
  expect((await place.run(["remove", "three"])).code).toBe(0);
  const elsewhere = join(place.directory, "elsewhere");
  const to = await place.run(["restore", "copy.tar.gz", "--library", elsewhere, "--json"]);
  expect(jsonOf(to)).toMatchObject({ path: elsewhere, skills: 3, revision: 3 });
  const refused = await place.run(["restore", "copy.tar.gz"]);
  expect(refused.code).toBe(4);
  const over = await place.run(["restore", "copy.tar.gz", "--force"]);
  expect(over.stderr).toMatch(/^what was there is kept in .*former-.*delete it when/);
  expect((await place.run(["list", "--json"])).stdout.trim().split("\n")).toHaveLength(3);
  expect((await doctor()).ok).toBe(true);
});

test("what only a backup has is said to be left", async () => {
  damage("library.sqlite", "UPDATE blobs SET content = x'00' WHERE id = 1");
  const { ok, checks } = await doctor("--repair");
  expect(ok).toBe(false);
  expect(checks.find(({ status }) => status === "fail")).toMatchObject({
    name: "store",
    remedy: "nothing else holds it: restore the library from a backup",
  });
  const refused = await place.run(["backup", "damaged"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/The library is not whole, so no backup of it was written/);
  expect(existsSync(join(place.directory, "damaged"))).toBe(false);
  expect(readFileSync(join(place.directory, "copy.tar.gz")).length).toBeGreaterThan(0);
});

test("a library whose skills are gone is no new one, and a restoration left open is finished by doctor", async () => {
  const other = join(place.directory, "lost");
  const at = (...command: readonly string[]) => place.run([...command, "--library", other]);
  const backup = join(place.directory, "lost.tar");
  const file = place.write("lost.json", {
    id: "a",
    name: "a",
    description: "a",
    instructions: "a",
  });
  expect((await at("add", file)).code).toBe(0);
  expect((await at("backup", backup)).code).toBe(0);
  renameSync(join(other, "library.sqlite"), join(place.directory, "library.sqlite"));

  const message = `There is no library at ${other} any more: library.sqlite is gone from beside runs.sqlite`;
  const remedy = "put it back, or restore a backup with --force";
  expect(await at("get", "a")).toMatchObject({ code: 3, stderr: `error: ${message}; ${remedy}\n` });
  const lost = await at("doctor", "--json");
  expect(lost.code).toBe(1);
  expect((jsonOf(lost) as Report).checks).toContainEqual({
    name: "store",
    status: "fail",
    message,
    remedy,
  });

  // As a restoration leaves it that is killed when it is decided.
  const restored = join(place.directory, "restored");
  expect((await place.run(["restore", backup, "--library", restored])).code).toBe(0);
  writeFileSync(join(restored, "former"), "former-1");
  renameSync(restored, join(other, ".restore-committed"));
  const finished = await at("doctor", "--json");
  expect((jsonOf(finished) as Report).checks).toContainEqual({
    name: "restore",
    status: "ok",
    message: "a restoration that was interrupted is finished",
  });
  expect(finished.code).toBe(0);
  expect((await at("get", "a")).code).toBe(0);
});
