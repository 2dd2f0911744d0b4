/** The demo as a command: its options, its library's place, and what its exit code says. */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preview } from "../../base/json.ts";
import { RepertoireError } from "../../index.ts";
import { loadStarterSkills } from "../input/starter-skills.ts";
import { performDemo } from "./perform-demo.ts";
import { openScreen } from "./screen.ts";

export interface DemoOptions {
  /** What to submit (default: the starter skills). */
  readonly drafts?: readonly unknown[];
  /** What the drafts are, in a few words. */
  readonly source?: string;
  /** How long the agents work, in seconds (default: 6). */
  readonly seconds?: number;
  /** Agents, each a process, 2 to 16 (default: 4). */
  readonly agents?: number;
  /** Seed of what the agents choose to do (default: 1). */
  readonly seed?: number;
  /** Whether stdout gets the report as one JSON document, and all else goes to stderr (default: false). */
  readonly json?: boolean;
  /** Directory of a library to use and keep (default: a fresh temporary one, removed at the end). */
  readonly library?: string;
  /** Whether the temporary library stays (default: false). */
  readonly keep?: boolean;
}

const EXIT_OK = 0;
const EXIT_BROKEN = 1;
const EXIT_INTERRUPTED = 130;

/**
 * Runs the demo and shows it.
 *
 * @returns the exit code: 0 when every guarantee held, 1 when one did not, 130 when interrupted
 * @throws {INVALID_INPUT} for an option out of range
 */
export async function runDemo(options: DemoOptions = {}): Promise<number> {
  const { seconds = 6, agents: agentCount = 4, seed = 1, json = false } = options;
  checkRange("seconds", seconds, 0.1, 3600);
  checkRange("agents", agentCount, 2, 16);
  checkRange("seed", seed, 0, 2 ** 32 - 1);
  const drafts = options.drafts ?? (await loadStarterSkills()).map(({ draft }) => draft);
  const path = options.library ?? (await mkdtemp(join(tmpdir(), "repertoire-demo-")));
  const isKept = options.library !== undefined || options.keep === true;
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const screen = openScreen(json ? process.stderr : process.stdout, process.env);
  try {
    const report = await performDemo({
      path,
      screen,
      signal: interrupt.signal,
      drafts,
      source: options.source ?? `${drafts.length} starter skills`,
      seconds,
      agentCount: Math.round(agentCount),
      seed,
      kept: isKept ? path : null,
    });
    if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return report.ok ? EXIT_OK : EXIT_BROKEN;
  } catch (error) {
    screen.live([]);
    if (!interrupt.signal.aborted) throw error;
    screen.print("Interrupted.");
    return EXIT_INTERRUPTED;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    if (!isKept) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isFinite(value) && value >= min && value <= max) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a number from ${min} to ${max}, got ${preview(value)}`,
    { details: { option: name, min, max } },
  );
}
