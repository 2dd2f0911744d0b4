import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { describeLocks } from "../lock-driver.contract.ts";
import { sqliteLocks } from "./sqlite-locks.ts";

let directory: string;
let files = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "repertoire-locks-"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describeLocks("SQLite", () => sqliteLocks({ path: join(directory, `${++files}.sqlite`) }));
