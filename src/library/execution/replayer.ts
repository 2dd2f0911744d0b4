/**
 * Repeats recorded runs from their journals. Nothing of the host is touched: no tool, no skill, no
 * network, no clock; and because a replay is no use of a skill, nothing of it is recorded.
 */
import { randomUUID } from "node:crypto";
import { cancelledError, throwIfAborted } from "../../base/abort.ts";
import { isoTime } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { Sandbox, SandboxLimits, SandboxOutcome } from "../../sandbox/sandbox.ts";
import { Execution } from "../../skill/execution.ts";
import type { Divergence, RunJournal } from "../../skill/run-journal.ts";
import type { StoredVersion } from "../../store/skill-store.ts";
import type { JournalState, RunRecord, RunRecording } from "../../store/run-store.ts";
import { createCapabilityRecord } from "./capability-record.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Evidence } from "./evidence.ts";
import { originOf } from "./host-calls.ts";
import { checkInteger, checkIsText, checkKnownOptions } from "../check-options.ts";
import { programOf } from "./program.ts";
import { firstDifference } from "./replay-comparison.ts";
import { runNotFound } from "./run-not-found.ts";

/** How much slower than at its recording a run may be that ended in time. */
const SLACK = 10;

/** Options of one replay. */
export interface ReplayOptions {
  /** Version to give what the recorded one was given (default: the recorded one). */
  readonly version?: number;
  readonly signal?: AbortSignal;
}

/** A run that was repeated, and how it compares. */
export interface Replay {
  /** The repeated run; it has an id of its own, and no record. */
  readonly execution: Execution;
  readonly recorded: RunRecord;
  /** Whether status, value, error, logs and every call are those of the recorded run. */
  readonly identical: boolean;
  /** The first difference, when there is one. */
  readonly divergence?: Divergence;
}

export interface ReplayerParts {
  readonly catalog: Pick<Catalog, "versionOf">;
  readonly evidence: Pick<Evidence, "find" | "recordingOf">;
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Aborts every replay when the library closes. */
  readonly closing: AbortSignal;
}

export class Replayer {
  readonly #parts: ReplayerParts;

  constructor(parts: ReplayerParts) {
    this.#parts = parts;
  }

  async replay(runId: string, options: ReplayOptions = {}): Promise<Replay> {
    checkIsText("runId", runId);
    checkKnownOptions("replay", options, ["version", "signal"]);
    checkInteger("version", options.version, 1, Number.MAX_SAFE_INTEGER);
    throwIfAborted(options.signal, "A replay");
    const { catalog, evidence, clock, closing } = this.#parts;
    const recorded = await evidence.find(runId);
    if (recorded === undefined) throw runNotFound(runId);
    const recording = await evidence.recordingOf(runId);
    if (recording === undefined) throw notReplayable(recorded);
    const { version = recorded.version, signal } = options;
    const skill = await catalog.versionOf(recorded.skillId, version);
    const { program } = programOf(skill, true);
    const { contextJson, seed, now, engine } = recording.journal;
    const hasEngine = this.#engines().includes(engine);
    const startedAt = isoTime(clock.now());
    const outcome = await this.#parts.sandbox.run({
      program,
      contextJson,
      limits: this.#limitsOf(recorded, recording, version),
      seed,
      now,
      replay: recording.journal,
      ...(hasEngine ? { engine } : {}),
      signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
      onHostCall: async () => ({ ok: false, error: { name: "Error", message: "a replay" } }),
    });
    if (signal?.aborted) throw cancelledError(signal, "A replay");
    if (closing.aborted) throw closing.reason;
    const isSameVersion = version === recorded.version;
    const isSameCode = isSameVersion && hasEngine;
    const divergence = firstDifference(outcome, recorded, recording, isSameCode);
    const warnings = [
      ...(hasEngine ? [] : [`The run was recorded on ${engine}, which is not here`]),
      ...(isSameVersion ? [] : grantWarnings(recording.journal, skill)),
    ];
    // What else the library knew of why it ended is in the record alone, and holds for the same ending.
    const { status, error } = recorded;
    const why = divergence === undefined && isSameVersion && error ? { status, error } : {};
    return {
      execution: executionOf(
        { skillId: recorded.skillId, version, startedAt },
        { ...explained(outcome, recording.journal), ...why },
        warnings,
      ),
      recorded,
      identical: divergence === undefined,
      ...(divergence === undefined ? {} : { divergence }),
    };
  }

  #engines(): readonly string[] {
    const { engine, engines } = this.#parts.sandbox.stats();
    return [engine, ...(engines ?? []).map((each) => each.engine)];
  }

  /**
   * The limits the run had. Where it is known to end in time, it is given more, so that a busy
   * machine does not make it differ.
   */
  #limitsOf(recorded: RunRecord, { limits }: RunRecording, version: number): SandboxLimits {
    if (recorded.status === "timeout" || version !== recorded.version) return limits;
    const { maxTimeoutMs, maxCpuMs } = this.#parts.limits;
    return {
      ...limits,
      timeoutMs: Math.max(limits.timeoutMs, Math.min(SLACK * limits.timeoutMs, maxTimeoutMs)),
      cpuMs: Math.max(limits.cpuMs, Math.min(SLACK * limits.cpuMs, maxCpuMs)),
    };
  }
}

/**
 * Calls are answered as they were when they were recorded, so a replay can not show what another
 * version may call for real.
 */
function grantWarnings(
  { calls }: RunJournal,
  { version, capabilities }: Pick<StoredVersion, "version" | "capabilities">,
): readonly string[] {
  const declared: Readonly<Record<string, readonly string[]>> = {
    tool: capabilities.tools,
    skill: capabilities.skills,
    fetch: capabilities.fetch,
  };
  const warnings = calls.flatMap(({ kind, name, reply }) => {
    const known = kind === "fetch" ? originOf(name) : name;
    const isDeclared = declared[kind]?.includes(known) ?? true;
    const wasDenied = reply?.ok === false && reply.error.denied === true;
    if (reply === undefined || isDeclared !== wasDenied) return [];
    return wasDenied
      ? `Version ${version} declares the ${kind} "${known}", which the recorded run was denied; run for real, it may be granted`
      : `Version ${version} does not declare the ${kind} "${known}", which the recorded run called; run for real, it would be denied`;
  });
  return [...new Set(warnings)];
}

/** The outcome with what the library adds to an error from the answers it gave. */
function explained(outcome: SandboxOutcome, { calls }: RunJournal): SandboxOutcome {
  if (outcome.error === undefined) return outcome;
  const answers = createCapabilityRecord();
  for (const { reply } of calls) if (reply?.ok === false) answers.answer(reply);
  return { ...outcome, error: answers.explained(outcome.status, outcome.error) };
}

function executionOf(
  what: { readonly skillId: string; readonly version: number; readonly startedAt: string },
  outcome: Omit<SandboxOutcome, "status"> & Pick<Execution, "status">,
  warnings: readonly string[],
): Execution {
  const { valueJson, divergence: _divergence, journal: _journal, ...ending } = outcome;
  const all = [...(ending.warnings ?? []), ...warnings];
  return new Execution({
    runId: randomUUID(),
    ...what,
    ...ending,
    ...(valueJson === undefined ? {} : { value: JSON.parse(valueJson) as JsonValue }),
    ...(all.length === 0 ? {} : { warnings: all }),
  });
}

const WHY_NOT: Readonly<Record<JournalState, string>> = {
  kept: "its journal was dropped a moment ago to make room for newer ones",
  truncated: "its journal was dropped a moment ago to make room for newer ones",
  dropped: "its journal was dropped to make room for newer ones; raise limits.journalsBytes",
  "too-large":
    "its context alone is larger than a journal may be; raise limits.journalBytes for later runs",
  off: 'the library that ran it keeps no journals; open it without { journals: "off" } for later runs',
  withheld: "its journal is withheld",
  redacted: "it was redacted",
};

function notReplayable({ runId, journal, withheld = [], status }: RunRecord): RepertoireError {
  const because =
    journal === undefined
      ? `nothing was recorded for it: it ended with ${status} before its code began, or an older release ran it`
      : WHY_NOT[journal];
  const names = withheld.length === 0 ? "" : `: the library keeps none of ${withheld.join(", ")}`;
  return new RepertoireError(
    "NOT_EXECUTABLE",
    `Run ${preview(runId)} can not be replayed: ${because}${names}`,
    { details: { runId, journal, withheld } },
  );
}
