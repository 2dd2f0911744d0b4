import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { processFaults } from "../faults/process-faults.ts";
import type { Pause, ProcessFaults } from "../faults/process-faults.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { wholeNumber } from "../whole-number.ts";
import { historyRecorder, readHistory } from "../history/history-file.ts";
import type { History } from "../history/history-file.ts";
import { checkMix, STRESS_MIX, stressFaults, stressKeys } from "./stress-plan.ts";
import type { StressFault, StressMix } from "./stress-plan.ts";
import type { OpenSubject, StressTask } from "./stress-process.ts";
import { stressReport } from "./stress-report.ts";
import type { StressReport } from "./stress-report.ts";

const PROGRAM = fileURLToPath(
  new URL(`stress-process${extname(import.meta.filename)}`, import.meta.url),
);
/** How long a process may take to finish what it is at once it is told to stop. */
const STOP_MS = 60_000;

export interface StressProcessesOptions {
  /** A module that exports `openSubject`; see {@link OpenSubject}. */
  readonly module: URL;
  /** What its function is given, such as a path (default: ""). */
  readonly argument?: string;
  /** The same seed makes the same operations and faults; how they interleave differs. */
  readonly seed: number;
  readonly durationMs: number;
  /** (default: 4) */
  readonly processes?: number;
  /** Skills they share (default: 3). */
  readonly keys?: number;
  /** Their ids begin with it; a new one for each stress of the same data (default: "skill"). */
  readonly prefix?: string;
  readonly mix?: StressMix;
  /** Processes killed with `SIGKILL`; each is replaced (default: 0). */
  readonly kills?: number;
  /** Processes stopped with `SIGSTOP` for a while (default: 0). */
  readonly pauses?: number;
  /** Longest pause (default: 1000). */
  readonly maxPauseMs?: number;
  /** Looks at what a kill left behind, before the process is replaced; what it throws is a finding. */
  readonly onKilled?: () => Promise<void>;
  /** Puts right what was broken on purpose, before everything is read once more. */
  readonly onStopped?: () => Promise<void>;
  readonly maxSteps?: number;
}

export interface StressProcessesReport extends StressReport {
  /** Processes started. */
  readonly processes: number;
  readonly kills: number;
  readonly pauses: number;
}

interface Life {
  readonly client: string;
  readonly child: ChildProcess;
  readonly faults: ProcessFaults;
  /** Resolves when it works; also when it dies before. */
  readonly ready: Promise<unknown>;
  wasKilled: boolean;
}

/**
 * Lets several processes work on the same few skills at once while some are killed and some are
 * paused, and checks what they were told, those that did not live to the end included.
 *
 * @throws {INVALID_INPUT} for a number that is out of range, or a mix of nothing
 */
export async function stressProcesses(
  options: StressProcessesOptions,
): Promise<StressProcessesReport> {
  const { seed, durationMs, processes = 4, kills = 0, pauses = 0, maxPauseMs = 1000 } = options;
  const { keys = 3, prefix = "skill", mix = STRESS_MIX, module, argument = "" } = options;
  checkOptions({ seed, durationMs, processes, kills, pauses, maxPauseMs, keys }, mix, module);
  const directory = mkdtempSync(join(tmpdir(), "repertoire-history-"));
  const started: Life[] = [];
  const findings: string[] = [];
  const paused = new Map<string, Pause[]>();
  const under: (Life | undefined)[] = [];
  let isOver = false;
  let pauseCount = 0;

  const start = (slot: number): Life => {
    const client = `p${slot + 1}.${started.length}`;
    const historyPath = join(directory, `${client}.jsonl`);
    const task: StressTask = {
      module: module.href,
      argument,
      client,
      seed,
      keys,
      prefix,
      mix,
      historyPath,
    };
    const child = fork(PROGRAM, [JSON.stringify(task)], {
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let errors = "";
    child.stderr?.on("data", (text: Buffer) => (errors += text.toString()));
    const life: Life = {
      client,
      child,
      faults: processFaults(child),
      ready: Promise.race([once(child, "message"), once(child, "exit")]),
      wasKilled: false,
    };
    child.once("close", (code, signal) => {
      if (code !== 0 && !life.wasKilled)
        findings.push(`${client} ended with ${signal ?? code}:\n${errors.trim()}`);
    });
    started.push(life);
    under[slot] = life;
    return life;
  };

  const killAll = (): void => {
    for (const { child } of started) child.kill("SIGKILL");
  };

  const suffer = async ({ process: slot, kind, forMs }: StressFault): Promise<void> => {
    const life = under[slot];
    if (life === undefined || !life.faults.isAlive) return;
    if (kind === "pause") {
      pauseCount += 1;
      const pause = await life.faults.pause(forMs);
      paused.set(life.client, [...(paused.get(life.client) ?? []), pause]);
      return;
    }
    life.wasKilled = true;
    under[slot] = undefined;
    await life.faults.kill();
    try {
      await options.onKilled?.();
    } catch (error) {
      findings.push(`After ${life.client} was killed: ${String(error)}`);
    }
    if (!isOver) start(slot);
  };

  process.once("exit", killAll);
  try {
    await Promise.all(Array.from({ length: processes }, (_, slot) => start(slot).ready));
    const plan = stressFaults({ seed, processes, durationMs, kills, pauses, maxPauseMs });
    await Promise.all([
      wait(durationMs),
      ...plan.map(async (fault) => {
        await wait(fault.atMs);
        await suffer(fault);
      }),
    ]);
    isOver = true;
    await Promise.all(under.map(async (life) => life && stop(life, findings)));
    await options.onStopped?.();
    await lookAtTheEnd(options, stressKeys(keys, prefix), join(directory, "last.jsonl")).catch(
      (error: unknown) => findings.push(`The last look at everything failed: ${inWords(error)}`),
    );
    return {
      ...stressReport(seed, only(stressKeys(keys, prefix), readHistory(directory)), {
        pauses: paused,
        findings,
        ...(options.maxSteps === undefined ? {} : { maxSteps: options.maxSteps }),
      }),
      processes: started.length,
      kills: started.filter(({ wasKilled }) => wasKilled).length,
      pauses: pauseCount,
    };
  } finally {
    killAll();
    process.off("exit", killAll);
    rmSync(directory, { recursive: true, force: true });
  }
}

const AT_LEAST = {
  seed: Number.MIN_SAFE_INTEGER,
  durationMs: 1,
  processes: 1,
  kills: 0,
  pauses: 0,
  maxPauseMs: 10,
  keys: 1,
} as const;

function checkOptions(
  numbers: Readonly<Record<keyof typeof AT_LEAST, number>>,
  mix: StressMix,
  module: unknown,
): void {
  for (const [name, min] of Object.entries(AT_LEAST))
    wholeNumber(name, numbers[name as keyof typeof AT_LEAST], min);
  checkMix(mix, { guarded: true });
  if (!(module instanceof URL))
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`module\` to be the URL of a module that exports \`openSubject\`, got ${preview(module)}`,
    );
}

function inWords(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What a search saw of skills from before the stress, whose history is not whole, is left out. */
function only(keys: readonly string[], { operations, failed }: History): History {
  return { operations: operations.filter(({ key }) => keys.includes(key)), failed };
}

/** Lets a process finish what it is at, and waits for its end. */
async function stop(life: Life, findings: string[]): Promise<void> {
  const { child, client, faults } = life;
  await life.ready;
  if (!faults.isAlive) return;
  const ended = once(child, "close").then(() => true);
  child.send("stop");
  const timer = new AbortController();
  const isInTime = await Promise.race([
    ended,
    wait(STOP_MS, false, { signal: timer.signal }).catch(() => false),
  ]);
  timer.abort();
  if (isInTime) return;
  life.wasKilled = true;
  findings.push(`${client} did not stop within ${STOP_MS / 1000} s`);
  await faults.kill();
}

/** Reads every skill once more when nobody else is there. */
async function lookAtTheEnd(
  { module, argument = "" }: StressProcessesOptions,
  keys: readonly string[],
  historyPath: string,
): Promise<void> {
  const { openSubject } = (await import(module.href)) as { readonly openSubject: OpenSubject };
  const recorder = historyRecorder(historyPath, "last");
  const subject = await openSubject(argument, recorder);
  for (const key of keys) {
    await subject.perform({ op: "get", key });
    await subject.perform({ op: "history", key });
  }
  await subject.close();
  recorder.close();
}
