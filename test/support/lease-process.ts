/**
 * A process of its own that takes leases of the lock "hot" and makes writes guarded by them, in the
 * library file named by its first argument. Its second argument is the task.
 */
import { RepertoireError } from "../../src/base/errors.ts";
import type { Lease } from "../../src/lock/lock-driver.ts";
import { sqliteLocks } from "../../src/lock/sqlite/sqlite-locks.ts";
import { sqliteSkillStore } from "../../src/store/sqlite/sqlite-skill-store.ts";
import { newVersion } from "../../src/store/testing-fixtures/new-version.ts";

export type LeaseMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "holding"; readonly token: string }
  | { readonly kind: "wrote"; readonly token: string; readonly version: number }
  | { readonly kind: "refused"; readonly code: string; readonly isHeld: boolean }
  | { readonly kind: "took"; readonly count: number };

export const TTL_MS = 400;

const [path = "", task] = process.argv.slice(2);
const store = await sqliteSkillStore({ path, durability: "normal" });
const locks = await sqliteLocks({ path });
let written = 0;

function tell(message: LeaseMessage): void {
  process.send?.(message);
}

function next(): Promise<unknown> {
  return new Promise((resolve) => process.once("message", resolve));
}

async function write(lease: Lease): Promise<void> {
  const token = String(lease.token);
  const metadata = { token, writer: process.pid, count: ++written };
  const item = newVersion("hot", { metadata }, { expectedVersion: "any" });
  try {
    const { version } = await store.append({ ...item, guard: { lease } });
    tell({ kind: "wrote", token, version });
  } catch (error) {
    if (!(error instanceof RepertoireError)) throw error;
    tell({ kind: "refused", code: error.code, isHeld: lease.held() });
  }
}

/** Takes it, says so, and writes when told to. */
async function holdAndWrite(): Promise<void> {
  const lease = await locks.acquire("hot", { ttlMs: TTL_MS });
  tell({ kind: "holding", token: String(lease.token) });
  await next();
  await write(lease);
  process.disconnect();
}

/** Takes it and writes a few times under each lease, until it is killed. */
async function writeForEver(): Promise<never> {
  for (;;) {
    await using lease = await locks.acquire("hot", { ttlMs: TTL_MS, waitMs: 60_000 });
    for (let count = 0; count < 3; count++) {
      await write(lease);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Takes it as often as it can from the moment it is told to until it is told to stop. */
async function takeTurns(): Promise<void> {
  tell({ kind: "ready" });
  await next();
  const over = new AbortController();
  void next().then(() => over.abort());
  let count = 0;
  while (!over.signal.aborted) {
    await using _ = await locks.acquire("hot", { ttlMs: 60_000, waitMs: 60_000 });
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  tell({ kind: "took", count });
  await locks.close();
  await store.close();
  process.disconnect();
}

const TASKS: Readonly<Record<string, () => Promise<void>>> = {
  "hold-and-write": holdAndWrite,
  "write-for-ever": writeForEver,
  "take-turns": takeTurns,
};
const work = TASKS[task ?? ""];
if (work === undefined) throw new Error(`Unknown task ${String(task)}`);
await work();
