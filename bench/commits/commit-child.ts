/**
 * One of the processes of `bench/commits.ts`: commits as fast as it can, from when it is told until
 * its time is over, and tells what it achieved.
 */
import { hash } from "node:crypto";
import type { NewVersion } from "../../src/store/skill-store.ts";
import { sqliteSkillStore } from "../../src/store/sqlite/sqlite-skill-store.ts";
import { bareStore } from "./bare-store.ts";

/** What a process is to do. */
export interface CommitTask {
  /** `store`: ours; `bare`: the same statements on SQLite, which waits by its own `busy_timeout`. */
  readonly side: "store" | "bare";
  readonly path: string;
  readonly durability: "full" | "normal";
  readonly durationMs: number;
  /** Its own skill, so that what is measured is waiting for the file and nothing else. */
  readonly id: string;
}

export interface CommitReport {
  readonly commits: number;
  /** The longest a commit took from call to acknowledgement, in milliseconds. */
  readonly worstMs: number;
  /** The longest the process could do nothing else, in milliseconds. */
  readonly blockedMs: number;
}

const TICK_MS = 2;
const CODE = `export default () => 1; // ${"x".repeat(2000)}`;

const task = JSON.parse(process.argv[2] ?? "") as CommitTask;
const store =
  task.side === "store"
    ? await sqliteSkillStore({ path: task.path, durability: task.durability })
    : bareStore(task.path, task.durability, 10_000);

function version(count: number): NewVersion {
  return {
    id: task.id,
    definition: {
      name: "Commit",
      description: "Is committed as often as can be",
      category: "bench",
      tags: [],
      language: "javascript",
      code: `${CODE} ${task.id} ${count}`,
      capabilities: { tools: [], skills: [], fetch: [] },
      examples: [],
      limits: {},
      metadata: {},
    },
    contentHash: hash("sha256", `${task.id} ${count}`),
    status: "active",
    checks: [],
    expectedVersion: count,
  };
}

async function commitAsFastAsCanBe(): Promise<CommitReport> {
  let worstMs = 0;
  let blockedMs = 0;
  let tickMs = performance.now();
  const ticking = setInterval(() => {
    blockedMs = Math.max(blockedMs, performance.now() - tickMs - TICK_MS);
    tickMs = performance.now();
  }, TICK_MS);
  const endMs = performance.now() + task.durationMs;
  let commits = 0;
  for (let nowMs = performance.now(); nowMs < endMs;) {
    await store.append(version(commits));
    commits += 1;
    // Both sides alike, or the bare one would never see its timer.
    await new Promise((resolve) => setImmediate(resolve));
    const thenMs = performance.now();
    worstMs = Math.max(worstMs, thenMs - nowMs);
    nowMs = thenMs;
  }
  clearInterval(ticking);
  await store.close();
  return { commits, worstMs, blockedMs };
}

process.once("message", () => {
  void commitAsFastAsCanBe().then((report) => {
    process.send?.(report);
    process.disconnect();
  });
});
process.send?.("ready");
