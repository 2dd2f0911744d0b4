import type { RunJournal } from "../../skill/run-journal.ts";
import type { HostCall, SandboxOutcome } from "../sandbox.ts";
import type { RunOptions } from "./program-runner.contract.ts";

export const KEEP = { limits: { journalBytes: 100_000 } } as const;

/** Far more than a replay takes, and far less than the deadline of the run that waits. */
export const PROMPT_MS = 5000;

export function journalOf({ journal }: SandboxOutcome): RunJournal {
  if (journal === undefined) throw new Error("expected the run to have a journal");
  return journal;
}

/** What a program can make of a run, without what it took. */
export function behaviour(outcome: SandboxOutcome): object {
  const { status, valueJson, error, logs, logsDropped, hostCalls } = outcome;
  return { status, valueJson, error, logs, logsDropped, hostCalls };
}

/** The request that repeats a recorded run; a call that reaches the host fails the test. */
export function replayOf(
  journal: RunJournal,
  onCall: (call: HostCall) => void = refuse,
): RunOptions {
  const { contextJson, seed, now } = journal;
  return {
    contextJson,
    seed,
    now,
    replay: journal,
    onHostCall: async (call) => {
      onCall(call);
      return { ok: true, value: null };
    },
    onProgress: () => {
      throw new Error("a replay reports no progress");
    },
  };
}

export function refuse({ name }: HostCall): void {
  throw new Error(`a replay called ${name}`);
}
