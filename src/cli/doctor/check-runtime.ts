/** Whether Node and its SQLite are new enough. */
import { fail, ok } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";

/** The first SQLite that several processes can safely share a file with. */
const OLDEST_SQLITE = "3.51.3";
export function checkNode(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const message = `Node ${process.versions.node}`;
  if (major > 22 || (major === 22 && minor >= 19)) return ok("node", message);
  return fail("node", message, "install Node 22.19 or newer");
}

export async function checkSqlite(): Promise<DoctorCheck> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(":memory:");
  const version = String(database.prepare("SELECT sqlite_version() AS version").get()?.["version"]);
  database.close();
  const isNewEnough = version.localeCompare(OLDEST_SQLITE, "en", { numeric: true }) >= 0;
  return isNewEnough
    ? ok("sqlite", `SQLite ${version}`)
    : fail(
        "sqlite",
        `SQLite ${version} can damage a file that several processes write`,
        `use a Node with SQLite ${OLDEST_SQLITE} or newer`,
      );
}
