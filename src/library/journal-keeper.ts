/** Decides what of a run is kept for its replay. */
import { hash } from "node:crypto";
import { utf8Bytes } from "../base/json.ts";
import { runLimits } from "../base/limits.ts";
import type { Limits } from "../base/limits.ts";
import type { SandboxLimits, SandboxOutcome } from "../sandbox/sandbox.ts";
import type { JournaledCall } from "../skill/run-journal.ts";
import type { RecordedRun, RunRecording } from "../store/run-store.ts";

/** What journals must not hold. Runs that call any of it, or are of these skills, keep no journal. */
export interface Withheld {
  /** Names of tools. */
  readonly tools?: readonly string[];
  /** Ids of skills: of their own runs, and of those that call them, no journal is kept. */
  readonly skills?: readonly string[];
  /** Origins, such as `https://api.example.com`. */
  readonly fetch?: readonly string[];
}

/** Of which runs a journal is kept: of all, of none, or of all but those that touch what is withheld. */
export type JournalOptions = "full" | "off" | { readonly withhold: Withheld };

/** Longest value, as JSON text, that is kept itself; of a longer one its digest is. */
const MAX_VALUE_LENGTH = 1000;

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

  /** The limits of a run of this skill, with room for a journal where one is to be made. */
  limits(skillId: string, limits: SandboxLimits): SandboxLimits {
    if (this.#isOff || this.#withheld.skill.has(skillId)) return limits;
    return { ...limits, journalBytes: this.#journalBytes };
  }

  /** What is kept of a run that had these limits. */
  keep(
    skillId: string,
    contextJson: string,
    limits: SandboxLimits,
    { journal, valueJson, status, error }: SandboxOutcome,
  ): Kept {
    if (this.#isOff) return { journal: "off" };
    if (this.#withheld.skill.has(skillId)) return withheldFor([`skill ${skillId}`]);
    if (journal === undefined)
      return utf8Bytes(contextJson) > this.#journalBytes ? { journal: "too-large" } : {};
    const names = new Set(journal.calls.flatMap((call) => this.#withheldName(call) ?? []));
    if (names.size > 0) return withheldFor([...names]);
    const ending = error === undefined ? { status } : { status, error };
    const outcome = valueJson === undefined ? { ending } : { value: keptValue(valueJson) };
    return {
      journal: journal.truncated === true ? "truncated" : "kept",
      recording: { journal, limits: runLimits(limits), ...outcome },
    };
  }

  #withheldName({ kind, name }: JournaledCall): string | undefined {
    if (kind === "sleep") return undefined;
    const known = kind === "fetch" ? (URL.parse(name)?.origin ?? name) : name;
    return this.#withheld[kind].has(known) ? `${kind} ${known}` : undefined;
  }
}

function withheldFor(withheld: readonly string[]): Kept {
  return { journal: "withheld", withheld };
}

function keptValue(json: string): NonNullable<RunRecording["value"]> {
  if (json.length <= MAX_VALUE_LENGTH) return { json };
  return { sha256: digestOf(json), bytes: utf8Bytes(json) };
}

/** The digest by which a value is known again, when it is too long to be kept. */
export function digestOf(json: string): string {
  return hash("sha256", json);
}
