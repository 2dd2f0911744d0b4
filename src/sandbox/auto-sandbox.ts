/**
 * Two engines behind one sandbox: a standard one that starts fast and isolates every run at little
 * cost, and a fast one, worth its price only for programs that compute a lot. A program begins on
 * the standard engine; when its successful runs keep a processor busy for longer than a fresh start
 * of the fast engine costs, its next runs go there.
 *
 * The engines differ in the words and places of the errors they make themselves, in what fits into
 * memory and the stack, and in newer parts of the language: a program that depends on such things
 * sees them change when it moves. A replay therefore goes to the engine that was recorded.
 */
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { RepertoireError } from "../base/errors.ts";
import { monotonicMs } from "./run/monotonic.ts";
import type { Program, Sandbox, SandboxOutcome, SandboxRequest, SandboxStats } from "./sandbox.ts";

/** Options of {@link autoSandbox}. */
export interface AutoSandboxOptions {
  readonly standard: Sandbox;
  /** Makes the other one when a program needs it first; may throw when there is none. */
  readonly fast: () => Sandbox;
  /** What names of the fast engine start with, in outcomes and journals. */
  readonly fastName: string;
  /** Average processor time on the standard engine beyond which a program moves (default: 15). */
  readonly promoteAboveMs?: number;
}

const PROMOTE_ABOVE_MS = 15;
/** A program moves back only well below the mark, so that it does not go to and fro. */
const DEMOTE_BELOW = 2 / 3;
/** Successful runs before a program is judged. */
const MIN_RUNS = 3;
/** Weight of the newest run in the moving average. */
const NEWEST_WEIGHT = 0.4;
/** A run on the fast engine below this share of the mark is worth a look at the standard one again. */
const LIGHT_SHARE = 2 / 3;
/** Runs on the fast engine between two such looks. */
const LOOK_AGAIN_RUNS = 50;
const KNOWN_PROGRAMS = 1000;
/** How long an engine that did not start is left alone, in milliseconds. */
const LEFT_ALONE_MS = 60_000;

interface Profile {
  /** Moving average of processor time on the standard engine, in milliseconds. */
  averageMs: number;
  runs: number;
  promoted: boolean;
  /** Runs on the fast engine since the standard one was last asked. */
  fastRuns: number;
  /** Whether the last of them was light. */
  light: boolean;
}

export function autoSandbox(options: AutoSandboxOptions): Sandbox {
  const { standard, fastName, promoteAboveMs = PROMOTE_ABOVE_MS } = options;
  const profiles = new LRUCache<string, Profile>({ max: KNOWN_PROGRAMS });
  let fast: Sandbox | undefined;
  let leftAloneUntilMs = 0;
  let closing: Promise<void> | undefined;

  function profileOf({ code }: Program): Profile {
    const key = hash("sha256", code, "base64");
    const known = profiles.get(key);
    if (known !== undefined) return known;
    const profile = { averageMs: 0, runs: 0, promoted: false, fastRuns: 0, light: false };
    profiles.set(key, profile);
    return profile;
  }

  /** The fast engine, unless there is none or it did not start lately. */
  function available(): Sandbox | undefined {
    if (monotonicMs() < leftAloneUntilMs || closing !== undefined) return undefined;
    try {
      return (fast ??= options.fast());
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      leftAloneUntilMs = Infinity;
      return undefined;
    }
  }

  function wantsFast(profile: Profile): boolean {
    if (!profile.promoted) return false;
    return !(profile.light && profile.fastRuns >= LOOK_AGAIN_RUNS);
  }

  /** Runs on the fast engine; `undefined` when it could not begin, and nothing happened. */
  async function runFast(
    sandbox: Sandbox,
    request: SandboxRequest,
  ): Promise<SandboxOutcome | undefined> {
    try {
      return await sandbox.run(request);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      leftAloneUntilMs = monotonicMs() + LEFT_ALONE_MS;
      return undefined;
    }
  }

  function learnStandard(profile: Profile, { status, cpuMs }: SandboxOutcome): void {
    profile.fastRuns = 0;
    if (status !== "ok") return;
    // A look after many light runs elsewhere says more than what was before.
    const weight = profile.runs === 0 || profile.promoted ? 1 : NEWEST_WEIGHT;
    profile.runs++;
    profile.averageMs += (cpuMs - profile.averageMs) * weight;
    const mark = profile.promoted ? promoteAboveMs * DEMOTE_BELOW : promoteAboveMs;
    profile.promoted = profile.runs >= MIN_RUNS && profile.averageMs > mark;
  }

  function learnFast(profile: Profile, { status, cpuMs }: SandboxOutcome): void {
    profile.fastRuns++;
    if (status === "ok") profile.light = cpuMs < promoteAboveMs * LIGHT_SHARE;
  }

  return {
    ...(standard.capacity === undefined ? {} : { capacity: standard.capacity }),

    async run(request) {
      const named = request.engine ?? request.replay?.engine;
      if (named !== undefined) {
        const asked = named.startsWith(fastName) ? available() : undefined;
        return (asked && (await runFast(asked, request))) ?? standard.run(request);
      }
      const profile = profileOf(request.program);
      const chosen = wantsFast(profile) ? available() : undefined;
      const outcome = chosen && (await runFast(chosen, request));
      if (outcome !== undefined) {
        learnFast(profile, outcome);
        return outcome;
      }
      const standardOutcome = await standard.run(request);
      learnStandard(profile, standardOutcome);
      return standardOutcome;
    },

    check: (program) => standard.check(program),

    stats() {
      const engines = [standard, ...(fast === undefined ? [] : [fast])].map((sandbox) =>
        sandbox.stats(),
      );
      return { ...sum(engines), engine: "auto", engines };
    },

    close() {
      closing ??= Promise.all([standard.close(), fast?.close()]).then(() => undefined);
      return closing;
    },
  };
}

/** The counts of all together; what isolates the first is what isolates at least. */
function sum(engines: readonly SandboxStats[]): Omit<SandboxStats, "engine"> {
  const total = (count: (stats: SandboxStats) => number): number =>
    engines.reduce((all, stats) => all + count(stats), 0);
  return {
    isolation: (engines[0] as SandboxStats).isolation,
    workers: total(({ workers }) => workers),
    running: total(({ running }) => running),
    queued: total(({ queued }) => queued),
    runs: total(({ runs }) => runs),
    kills: total(({ kills }) => kills),
    retries: total(({ retries }) => retries),
  };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof RepertoireError && error.code === "SANDBOX_UNAVAILABLE";
}
