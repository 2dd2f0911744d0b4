/** Decides what of a run is kept for its replay. */
import { hash } from "node:crypto";
import { RepertoireError } from "../../base/errors.ts";
import { preview, utf8Bytes } from "../../base/json.ts";
import { runLimits } from "../../base/limits.ts";
import type { Limits } from "../../base/limits.ts";
import type { HostCall, SandboxLimits, SandboxOutcome } from "../../sandbox/sandbox.ts";
import { isOrigin } from "../../skill/origin.ts";
import { isSkillId } from "../../skill/skill-id.ts";
import type { RecordedRun, RunRecording } from "../../store/run-store.ts";
import { checkKnownOptions, checkOneOf, checkTexts } from "../check-options.ts";

/**
 * What journals must not hold. A run that calls any of it, or is of these skills, keeps no journal, and
 * neither do the runs that called it nor those that any of them had under way or calls later: each of
 * them may have been told.
 */
export interface Withheld {
  /** Names of tools. */
  readonly tools?: readonly string[];
  /** Ids of skills. */
  readonly skills?: readonly string[];
  /** Origins, such as `https://api.example.com`. */
  readonly fetch?: readonly string[];
}

/** Of which runs a journal is kept: of all, of none, or of all but those that touch what is withheld. */
export type JournalOptions = "full" | "off" | { readonly withhold: Withheld };

/** Longest value, as JSON text, that is kept itself; of a longer one its digest is. */
const MAX_VALUE_LENGTH = 1000;

/** @throws {INVALID_INPUT} for anything that is misspelt: it would be kept */
export function checkJournals(journals: unknown): void {
  if (typeof journals !== "object") return checkOneOf("journals", journals, ["full", "off"]);
  checkKnownOptions("openLibrary.journals", journals, ["withhold"]);
  const { withhold } = journals as { readonly withhold?: unknown };
  checkKnownOptions("openLibrary.journals.withhold", withhold, ["tools", "skills", "fetch"]);
  const { tools, skills, fetch } = withhold as Withheld;
  checkTexts("journals.withhold.tools", tools);
  checkNames("skills", skills, isSkillId, "ids of skills such as pay_roll");
  checkNames("fetch", fetch, isOrigin, "origins such as https://api.example.com");
}

function checkNames(
  field: keyof Withheld,
  names: readonly string[] | undefined,
  isOne: (name: string) => boolean,
  expected: string,
): void {
  checkTexts(`journals.withhold.${field}`, names);
  const wrong = names?.find((name) => !isOne(name));
  if (wrong === undefined) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`journals.withhold.${field}\` to be a list of ${expected}, got ${preview(wrong)}; what is misspelt would be kept`,
    { details: { option: `journals.withhold.${field}` } },
  );
}

type Kept = Pick<RecordedRun, "journal" | "withheld" | "recording">;

export class JournalKeeper {
  readonly #isOff: boolean;
  readonly #withheld: Readonly<Record<"tool" | "skill" | "fetch", ReadonlySet<string>>>;
  readonly #journalBytes: number;

  constructor(options: JournalOptions, limits: Limits) {
    const { tools, skills, fetch } = typeof options === "object" ? options.withhold : {};
    this.#isOff = options === "off";
    this.#withheld = { tool: new Set(tools), skill: new Set(skills), fetch: new Set(fetch) };
    this.#journalBytes = limits.journalBytes;
  }

  /** Notes in `touched`, which all runs of a tree share, that one of them calls this, or is of it. */
  note({ kind, name }: Pick<HostCall, "kind" | "name">, touched: Set<string>): void {
    const known = kind === "fetch" ? (URL.parse(name)?.origin ?? name) : name;
    if (this.#withheld[kind].has(known)) touched.add(`${kind} ${known}`);
  }

  /** The limits of a run, with room for a journal where one is to be made. */
  limits(limits: SandboxLimits, touched: ReadonlySet<string>): SandboxLimits {
    if (this.#isOff || touched.size > 0) return limits;
    return { ...limits, journalBytes: this.#journalBytes };
  }

  /** What is kept of a run that had these limits. */
  keep(
    contextJson: string,
    limits: SandboxLimits,
    { journal, valueJson, status, error }: SandboxOutcome,
    touched: ReadonlySet<string>,
  ): Kept {
    if (this.#isOff) return { journal: "off" };
    if (touched.size > 0) return { journal: "withheld", withheld: [...touched] };
    if (journal === undefined)
      return utf8Bytes(contextJson) > this.#journalBytes ? { journal: "too-large" } : {};
    const ending = error === undefined ? { status } : { status, error };
    const outcome = valueJson === undefined ? { ending } : { value: keptValue(valueJson) };
    return {
      journal: journal.truncated === true ? "truncated" : "kept",
      recording: { journal, limits: runLimits(limits), ...outcome },
    };
  }
}

function keptValue(json: string): NonNullable<RunRecording["value"]> {
  if (json.length <= MAX_VALUE_LENGTH) return { json };
  return { sha256: digestOf(json), bytes: utf8Bytes(json) };
}

/** The digest by which a value is known again, when it is too long to be kept. */
export function digestOf(json: string): string {
  return hash("sha256", json);
}
