/** What leases in SQLite cost, beside a bare row, alone and between processes. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { sqliteLocks } from "../../src/lock/sqlite/sqlite-locks.ts";
import { bareLease } from "./bare-lease.ts";

const ROUNDS = 5;
const PER_ROUND = 400;
const PROCESSES = [2, 4, 8];
const CONTEST_MS = 2_000;

interface Contest {
  readonly visits: number;
  readonly longestMs: number;
}

export async function benchLeases(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-bench-locks-"));
  try {
    await uncontended(join(directory, "alone.sqlite"));
    await contended(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function uncontended(path: string): Promise<void> {
  const locks = await sqliteLocks({ path });
  const bare = bareLease(path);
  const cases: Record<string, () => unknown> = {
    "bare lease row": () => bare.giveUp(bare.take() as bigint),
    "sqliteLocks, acquire and release": async () => (await locks.acquire("k")).release(),
    "sqliteLocks, read mode": async () => (await locks.acquire("k", { mode: "read" })).release(),
  };
  const kept = await locks.acquire("kept", { ttlMs: 1e9 });
  cases["sqliteLocks, renew"] = () => kept.renew();
  cases["sqliteLocks, who holds it"] = () => locks.holders("kept");
  const times = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(cases)) {
      const samples = times.get(name) ?? [];
      times.set(name, samples);
      for (let count = 0; count < PER_ROUND; count++) {
        const sinceMs = performance.now();
        await run();
        samples.push((performance.now() - sinceMs) * 1_000);
      }
    }
  }
  const baseline = quantile(times.get("bare lease row") ?? [], 0.5);
  console.log(`\nNobody else wants it: µs, ${ROUNDS} rounds of ${PER_ROUND}`);
  console.table(
    Object.fromEntries(
      [...times].map(([name, samples]) => [
        name,
        {
          p50: Math.round(quantile(samples, 0.5)),
          p99: Math.round(quantile(samples, 0.99)),
          "p50 / bare": Number((quantile(samples, 0.5) / baseline).toFixed(2)),
        },
      ]),
    ),
  );
  bare.close();
  await locks.close();
}

async function contended(directory: string): Promise<void> {
  const rows: Record<string, unknown>[] = [];
  for (const processes of PROCESSES) {
    for (const kind of ["bare", "queue"]) {
      const results = await contest(
        join(directory, `${kind}-${processes}.sqlite`),
        kind,
        processes,
      );
      const shares = results.map(({ visits }) => visits);
      rows.push({
        processes,
        lock: kind === "bare" ? "bare lease row, tried every ms" : "sqliteLocks",
        "handoffs/s": Math.round(
          shares.reduce((sum, visits) => sum + visits, 0) / (CONTEST_MS / 1e3),
        ),
        "least share": Math.min(...shares),
        "largest share": Math.max(...shares),
        spread: Number((Math.max(...shares) / Math.max(1, Math.min(...shares))).toFixed(2)),
        "longest wait ms": Math.round(Math.max(...results.map(({ longestMs }) => longestMs))),
      });
    }
  }
  console.log(`\nSeveral processes want it, each for 1 ms at a time, for ${CONTEST_MS} ms`);
  console.table(rows);
}

async function contest(path: string, kind: string, processes: number): Promise<readonly Contest[]> {
  const program = new URL(`contender-child${extname(import.meta.filename)}`, import.meta.url);
  const children = Array.from({ length: processes }, () => fork(program, [path, kind]));
  await Promise.all(children.map((child) => once(child, "message")));
  for (const child of children) child.send("go");
  await new Promise((resolve) => setTimeout(resolve, CONTEST_MS));
  const told = children.map((child) => once(child, "message"));
  for (const child of children) child.send("stop");
  return (await Promise.all(told)).map(([result]) => result as Contest);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
