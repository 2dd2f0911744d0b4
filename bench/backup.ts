/**
 * What a backup costs those who write meanwhile: commits per second of three processes, in windows
 * with backups and without, interleaved. Arguments: skills in the library (2000), rounds (5).
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openLibrary } from "../src/library/open-library.ts";

const WRITERS = 3;
const WINDOW_MS = 3000;
const CODE_BYTES = 20_000;

const [skills = 2000, rounds = 5] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), "repertoire-backup-"));
const path = join(directory, "library");
const program = new URL("./backup/writer.ts", import.meta.url);

const library = await openLibrary({ path, embedder: false, sandbox: { workers: 1 } });
const drafts = Array.from({ length: skills }, (_, n) => ({
  id: `skill-${n}`,
  name: `Skill ${n}`,
  description: `The skill number ${n}`,
  instructions: `${n} ${Math.random().toString(36).repeat(2000)}`.slice(0, CODE_BYTES),
}));
await library.addMany(drafts, { validate: false });

let commits = 0;
let worstMs = 0;
const writers = Array.from({ length: WRITERS }, (_, n) => {
  const child = fork(program, [path, `writer-${n}`], { execArgv: [] });
  child.on("message", (durationMs: number) => {
    commits += 1;
    worstMs = Math.max(worstMs, durationMs);
  });
  return child;
});
await Promise.all(writers.map((writer) => once(writer, "message")));

interface Window {
  readonly perSecond: number;
  readonly worstMs: number;
}

async function measure(work: () => Promise<void>): Promise<Window> {
  const startedMs = performance.now();
  const before = commits;
  worstMs = 0;
  await work();
  return { perSecond: ((commits - before) * 1000) / (performance.now() - startedMs), worstMs };
}

const idle: Window[] = [];
const busy: Window[] = [];
const backupMs: number[] = [];
for (let round = 0; round < rounds; round++) {
  idle.push(await measure(() => wait(WINDOW_MS)));
  busy.push(
    await measure(async () => {
      const startedMs = performance.now();
      const to = join(directory, "copy");
      const { bytes } = await library.backup(to, { force: round > 0 });
      backupMs.push(performance.now() - startedMs);
      if (round === 0) console.log(`a backup of ${(bytes / 1e6).toFixed(0)} MB, ${skills} skills`);
    }),
  );
}
for (const writer of writers) writer.kill("SIGKILL");

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}

const ratios = busy.map(({ perSecond }, round) => perSecond / (idle[round]?.perSecond ?? 1));
console.log(`${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, Node ${process.version}`);
console.log(`a backup takes ${median(backupMs).toFixed(0)} ms (median of ${rounds})`);
console.log(
  `commits/s of ${WRITERS} processes: ${median(idle.map((one) => one.perSecond)).toFixed(0)} without, ` +
    `${median(busy.map((one) => one.perSecond)).toFixed(0)} during one; ratio ${median(ratios).toFixed(2)} ` +
    `(${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`,
);
console.log(
  `slowest commit: ${median(idle.map((one) => one.worstMs)).toFixed(0)} ms without, ${median(busy.map((one) => one.worstMs)).toFixed(0)} ms during one`,
);
await library.close();
rmSync(directory, { recursive: true, force: true });
