/** Another process that is in the way: it writes, contends for locks, or keeps the write lock. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { openLibrary } from "../../src/index.ts";

const [kind, path = ""] = process.argv.slice(2);
/** How long the write lock is kept. */
const HELD_MS = 1000;
const enough = new AbortController();
process.once("message", () => enough.abort());

async function write(): Promise<void> {
  await using library = await openLibrary({ path });
  process.send?.("ready");
  for (let at = 0; !enough.signal.aborted; at++) {
    await library.add({
      id: `other-${process.pid}-${at}`,
      name: `Other ${at}`,
      description: `Number ${at} of another process`,
      code: `export default () => ${at}`,
    });
    await sleep(2);
  }
}

async function lock(): Promise<void> {
  await using library = await openLibrary({ path });
  process.send?.("ready");
  for (let at = 0; !enough.signal.aborted; at++) {
    await using _ = await library.locks.acquire(`contended-${at % 10}`, { mode: "write" });
    await sleep(1);
  }
}

async function hold(): Promise<void> {
  const database = new DatabaseSync(join(path, "library.sqlite"), { timeout: 10_000 });
  database.exec("BEGIN IMMEDIATE");
  process.send?.("ready");
  await sleep(HELD_MS);
  database.exec("ROLLBACK");
  database.close();
}

await (kind === "write" ? write() : kind === "lock" ? lock() : hold());
process.disconnect();
