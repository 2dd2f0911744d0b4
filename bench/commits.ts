/**
 * Commits per second with 1, 2, 4 and 8 processes on one file, and how evenly they share it: this
 * library's store, which waits outside SQLite, beside the same statements on bare SQLite, whose
 * `busy_timeout` waits inside the call.
 *
 * Run: `node bench/commits.ts [milliseconds a window] [rounds] [processes, such as 2,8]`. The sides take turns; the medians of the
 * rounds are printed. `share` is what the slowest process committed over what the fastest did: 1 is
 * fair, 0.5 is the promise. `blocked` is the longest any process could do nothing else.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sqliteSkillStore } from "../src/store/sqlite/sqlite-skill-store.ts";
import type { CommitReport, CommitTask } from "./commits/commit-child.ts";

const PROGRAM = fileURLToPath(new URL("./commits/commit-child.ts", import.meta.url));
const WINDOW_MS = Number(process.argv[2] ?? 3000);
const ROUNDS = Number(process.argv[3] ?? 3);
const PROCESSES = (process.argv[4] ?? "1,2,4,8").split(",").map(Number);
const SIDES = ["store", "bare"] as const;

interface Window {
  readonly perSecond: number;
  readonly share: number;
  readonly worstMs: number;
  readonly blockedMs: number;
}

async function measure(task: Omit<CommitTask, "id">, processes: number): Promise<Window> {
  const children = Array.from({ length: processes }, (_, at) =>
    fork(PROGRAM, [JSON.stringify({ ...task, id: `writer-${at}` })], { execArgv: [] }),
  );
  await Promise.all(children.map((child) => once(child, "message")));
  const reports = children.map(async (child) => {
    const [report] = (await once(child, "message")) as [CommitReport];
    await once(child, "exit");
    return report;
  });
  for (const child of children) child.send("go");
  const done = await Promise.all(reports);
  const commits = done.map((report) => report.commits);
  return {
    perSecond: (commits.reduce((sum, count) => sum + count, 0) * 1000) / task.durationMs,
    share: Math.min(...commits) / Math.max(...commits),
    worstMs: Math.max(...done.map(({ worstMs }) => worstMs)),
    blockedMs: Math.max(...done.map(({ blockedMs }) => blockedMs)),
  };
}

async function inNewFile(
  side: CommitTask["side"],
  durability: CommitTask["durability"],
  processes: number,
): Promise<Window> {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-bench-"));
  const path = join(directory, "library.sqlite");
  try {
    await (await sqliteSkillStore({ path })).close();
    return await measure({ side, path, durability, durationMs: WINDOW_MS }, processes);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

console.log(
  `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, SQLite ${process.versions["sqlite"]}, ${ROUNDS} rounds of ${WINDOW_MS} ms`,
);
for (const durability of ["full", "normal"] as const) {
  const rows: Record<string, string | number>[] = [];
  for (const processes of PROCESSES) {
    const windows = { store: [] as Window[], bare: [] as Window[] };
    for (let round = 0; round < ROUNDS; round++)
      for (const side of SIDES) windows[side].push(await inNewFile(side, durability, processes));
    for (const side of SIDES) {
      const of = (field: keyof Window): number => median(windows[side].map((each) => each[field]));
      rows.push({
        durability,
        processes,
        side,
        "commits/s": Math.round(of("perSecond")),
        share: Number(of("share").toFixed(2)),
        "least share": Number(Math.min(...windows[side].map(({ share }) => share)).toFixed(2)),
        "worst ms": Math.round(of("worstMs")),
        "blocked ms": Math.round(of("blockedMs")),
      });
    }
  }
  console.table(rows);
}
