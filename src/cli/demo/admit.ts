/** Submits drafts a slice at a time, so that there is something to see while their examples run. */
import { ValidationFailedError } from "../../index.ts";
import type { AddOutcome, RepertoireError, SkillLibrary } from "../../index.ts";
import { machineNowMs } from "./machine-clock.ts";

/** A draft that was not admitted, and why. */
export interface Refusal {
  readonly skillId: string;
  readonly code: string;
  readonly reason: string;
}

export interface AdmissionReport {
  readonly submitted: number;
  readonly admitted: number;
  readonly refused: readonly Refusal[];
  /** Drafts not submitted because the time for it was over. */
  readonly left: number;
  /** Examples run, the failing ones included. */
  readonly examples: number;
  readonly durationMs: number;
}

export interface AdmitOptions {
  /** After this long no more drafts are submitted, once enough are admitted. */
  readonly budgetMs: number;
  readonly enough: number;
  readonly signal: AbortSignal;
  readonly onProgress: (
    progress: Omit<AdmissionReport, "refused" | "durationMs"> & { readonly refused: number },
  ) => void;
}

const SLICE = 24;
const MAX_SHOWN = 40;

export async function admit(
  library: SkillLibrary,
  drafts: readonly unknown[],
  { budgetMs, enough, signal, onProgress }: AdmitOptions,
): Promise<AdmissionReport> {
  const startedMs = machineNowMs();
  const refused: Refusal[] = [];
  let admitted = 0;
  let examples = 0;
  let submitted = 0;
  const onResult = (outcome: AddOutcome): void => {
    submitted += 1;
    if (outcome.ok) admitted += 1;
    else refused.push(refusalOf(outcome));
    examples += examplesOf(outcome);
    onProgress({
      submitted,
      admitted,
      refused: refused.length,
      examples,
      left: drafts.length - submitted,
    });
  };
  while (submitted < drafts.length) {
    signal.throwIfAborted();
    if (admitted >= enough && machineNowMs() - startedMs > budgetMs) break;
    const slice = drafts.slice(submitted, submitted + SLICE);
    await library.addMany(slice, { expectedVersion: "any", onResult, signal });
  }
  const left = drafts.length - submitted;
  return { submitted, admitted, refused, left, examples, durationMs: machineNowMs() - startedMs };
}

function examplesOf(outcome: AddOutcome): number {
  const checks = outcome.ok ? outcome.checks : checksOf(outcome.error);
  return checks.filter(({ name }) => name.startsWith("example:")).length;
}

function checksOf(error: RepertoireError): ValidationFailedError["checks"] {
  return error instanceof ValidationFailedError ? error.checks : [];
}

function refusalOf({ id, error }: AddOutcome & { ok: false }): Refusal {
  const failed = checksOf(error).find(({ passed }) => !passed);
  return {
    skillId: id ?? "(no id)",
    code: error.code,
    reason:
      failed?.issue === undefined
        ? error.message.split("\n", 2).join(" ").trim()
        : `${failed.name.replace(":", " ")} is documented to give ${shorten(failed.issue.expected)}, gives ${shorten(failed.issue.received)}`,
  };
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 1)}…`;
}
