/**
 * Repeats recorded runs from their journals. Nothing of the host is touched: no tool, no skill, no
 * network, no clock; and because a replay is no use of a skill, nothing of it is recorded.
 */
import { randomUUID } from "node:crypto";
import { cancelledError, throwIfAborted } from "../base/abort.ts";
import { isoTime } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { preview, utf8Bytes } from "../base/json.ts";
import type { JsonValue } from "../base/json.ts";
import type { Limits } from "../base/limits.ts";
import type { Sandbox, SandboxLimits, SandboxOutcome } from "../sandbox/sandbox.ts";
import { shortened, textsThatDiffer } from "../skill/divergence-text.ts";
import { Execution } from "../skill/execution.ts";
import type { ExecutionError } from "../skill/execution.ts";
import type { Divergence, RunJournal } from "../skill/run-journal.ts";
import type { JournalState, RunRecord, RunRecording } from "../store/run-store.ts";
import { createCapabilityRecord } from "./capability-record.ts";
import type { Catalog } from "./catalog.ts";
import type { Evidence } from "./evidence.ts";
import { digestOf } from "./journal-keeper.ts";
import { checkInteger, checkIsText, checkKnownOptions } from "./options.ts";
import { programOf } from "./program.ts";
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
    const { program } = programOf(await catalog.versionOf(recorded.skillId, version), true);
    const { contextJson, seed, now, engine } = recording.journal;
    const hasEngine = this.#engines().includes(engine);
    const startedAt = isoTime(clock.now());
    const repeated = await this.#parts.sandbox.run({
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
    const outcome = explained(repeated, recording.journal);
    if (signal?.aborted) throw cancelledError(signal, "A replay");
    if (closing.aborted) throw closing.reason;
    const divergence = compare(outcome, recorded, recording, version);
    const warnings = hasEngine ? [] : [`The run was recorded on ${engine}, which is not here`];
    return {
      execution: executionOf({ skillId: recorded.skillId, version, startedAt }, outcome, warnings),
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

/** The outcome with what the library adds to an error from the answers it gave. */
function explained(outcome: SandboxOutcome, { calls }: RunJournal): SandboxOutcome {
  if (outcome.error === undefined) return outcome;
  const answers = createCapabilityRecord();
  for (const { reply } of calls) if (reply?.ok === false) answers.answer(reply);
  return { ...outcome, error: answers.explained(outcome.status, outcome.error) };
}

function executionOf(
  what: { readonly skillId: string; readonly version: number; readonly startedAt: string },
  outcome: SandboxOutcome,
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

/** The first difference, in the order of what it explains: a call, the status, the value, the error, the logs. */
function compare(
  outcome: SandboxOutcome,
  recorded: RunRecord,
  recording: RunRecording,
  version: number,
): Divergence | undefined {
  if (outcome.divergence !== undefined) return outcome.divergence;
  if (outcome.status !== recorded.status)
    return {
      what: "status",
      expected: describeEnding(recorded),
      actual: describeEnding(outcome),
    };
  const value = compareValue(outcome.valueJson, recording.value);
  if (value !== undefined) return value;
  // What another version throws comes from other lines.
  const comparable = version === recorded.version ? wholeError : errorAcrossVersions;
  return (
    compareTexts("error", comparable(recorded.error), comparable(outcome.error)) ??
    compareTexts("logs", logsText(recorded), logsText(outcome))
  );
}

function compareValue(
  actual: string | undefined,
  expected: RunRecording["value"],
): Divergence | undefined {
  if (actual === undefined || expected === undefined) return undefined;
  if ("json" in expected) return compareTexts("value", expected.json, actual);
  if (digestOf(actual) === expected.sha256) return undefined;
  return {
    what: "value",
    expected: `${expected.bytes} bytes of JSON with SHA-256 ${expected.sha256}`,
    actual: shortened(`${utf8Bytes(actual)} bytes of JSON: ${actual}`),
  };
}

function compareTexts(
  what: Divergence["what"],
  expected: string,
  actual: string,
): Divergence | undefined {
  return expected === actual ? undefined : { what, ...textsThatDiffer(expected, actual) };
}

function wholeError(error: ExecutionError | undefined): string {
  return JSON.stringify(error) ?? "no error";
}

function errorAcrossVersions(error: ExecutionError | undefined): string {
  if (error === undefined) return "no error";
  const { name, message, code, limit, issues } = error;
  return JSON.stringify({ name, message, code, limit, issues });
}

function logsText({ logs, logsDropped }: Pick<RunRecord, "logs" | "logsDropped">): string {
  const lines = logs.map(({ level, text }) => `[${level}] ${text}`);
  return [...lines, ...(logsDropped === 0 ? [] : [`${logsDropped} left out`])].join("\n");
}

function describeEnding({ status, error }: Pick<RunRecord, "status" | "error">): string {
  return shortened(error === undefined ? status : `${status}: ${error.name}: ${error.message}`);
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
