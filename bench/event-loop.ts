/**
 * How long a call holds up the event loop of the process that makes it: the longest round of the loop
 * during each kind of call, by processor time of the thread and by wall clock, on libraries of 1,000
 * and 20,000 skills.
 *
 * Run: `node bench/event-loop.ts [skills, such as 1000,20000] [rounds] [folder to keep the libraries in]`.
 * Every round is a new process on a new copy of the library; the medians of the rounds are printed.
 * Trust the processor time: the wall clock also has what other processes took of the processor.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeLibrary } from "./event-loop/make-library.ts";
import type { Measured } from "./event-loop/measured-process.ts";

const PROGRAM = fileURLToPath(new URL("./event-loop/measured-process.ts", import.meta.url));
const SIZES = (process.argv[2] ?? "1000,20000").split(",").map(Number);
const ROUNDS = Number(process.argv[3] ?? 3);
const KEPT = process.argv[4];

async function measure(made: string, skills: number): Promise<readonly Measured[]> {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-bench-"));
  const path = join(directory, "library");
  try {
    cpSync(made, path, { recursive: true });
    const child = fork(PROGRAM, [path, String(skills)], { execArgv: [] });
    const exit = once(child, "exit");
    const [measured] = (await Promise.race([
      once(child, "message"),
      exit.then(([code]) => {
        throw new Error(`The measured process ended with ${String(code)}`);
      }),
    ])) as [readonly Measured[]];
    await exit;
    return measured;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(skills: number, rounds: readonly (readonly Measured[])[]): void {
  console.log(`\n| ${skills} skills | processor ms | wall-clock ms | rounds over 10 ms | took s |`);
  console.log("|---|---|---|---|---|");
  for (const [at, { name }] of rounds[0]!.entries()) {
    const of = (field: "cpuMs" | "wallMs" | "long" | "tookMs"): number =>
      median(rounds.map((round) => round[at]![field]));
    console.log(
      `| ${name} | ${of("cpuMs").toFixed(1)} | ${of("wallMs").toFixed(1)} | ${of("long")} | ${(of("tookMs") / 1000).toFixed(1)} |`,
    );
  }
}

console.log(
  `machine: ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}; ${ROUNDS} rounds`,
);
const directory = KEPT ?? mkdtempSync(join(tmpdir(), "repertoire-bench-"));
try {
  for (const skills of SIZES) {
    const made = join(directory, `of-${skills}`);
    if (!existsSync(made)) await makeLibrary(made, skills);
    const rounds: (readonly Measured[])[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(made, skills));
    print(skills, rounds);
  }
} finally {
  if (KEPT === undefined) rmSync(directory, { recursive: true, force: true });
}
