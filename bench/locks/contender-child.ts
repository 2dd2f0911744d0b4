/**
 * A process that takes one lock as often as it can, for a millisecond each, from "go" to "stop".
 * Arguments: the file, and "queue" for the library's locks or "bare" for the bare row.
 */
import { sqliteLocks } from "../../src/lock/sqlite/sqlite-locks.ts";
import { bareLease } from "./bare-lease.ts";

const [path = "", kind] = process.argv.slice(2);
const next = (): Promise<unknown> => new Promise((resolve) => process.once("message", resolve));
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

async function queue(): Promise<() => Promise<void>> {
  const locks = await sqliteLocks({ path });
  return async () => {
    await using _ = await locks.acquire("k", { waitMs: 60_000 });
    await pause();
  };
}

async function bare(): Promise<() => Promise<void>> {
  const lease = bareLease(path);
  return async () => {
    let token = lease.take();
    for (; token === undefined; token = lease.take()) await pause();
    await pause();
    lease.giveUp(token);
  };
}

const visit = await (kind === "queue" ? queue() : bare());
process.send?.("ready");
await next();
const over = new AbortController();
void next().then(() => over.abort());
const waitsMs: number[] = [];
while (!over.signal.aborted) {
  const sinceMs = performance.now();
  await visit();
  waitsMs.push(performance.now() - sinceMs);
}
process.send?.({ visits: waitsMs.length, longestMs: Math.max(0, ...waitsMs) }, () =>
  process.exit(),
);
