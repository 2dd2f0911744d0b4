import { throwIfAborted } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import type { Limits } from "../../base/limits.ts";
import { loopTurn } from "../../base/loop-turns.ts";
import { contentHash } from "../../skill/content-hash.ts";
import type { DraftParser } from "../../skill/parse-draft.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { NewVersion, SkillStore } from "../../store/skill-store.ts";
import { checkBoolean, checkExpected, checkOneOf } from "../check-options.ts";
import { alreadyStored } from "./add-result.ts";
import type { Admission } from "./admission.ts";
import type { AddOptions, AddResult } from "./catalog-options.ts";
import type { Catalog } from "./catalog.ts";
import { checkNotes } from "./check-notes.ts";
import type { Claims } from "./claims.ts";
import { draftWarnings } from "./draft-warnings.ts";
import { refuseDuplicate } from "./duplicates.ts";
import { failEarly } from "./early-conflict.ts";
import { explaining } from "./explain-conflict.ts";
import type { ExplainConflict } from "./explain-conflict.ts";

/** A draft that is ready to be stored, or is stored already. */
export type PreparedDraft =
  | { readonly stored: false; readonly version: NewVersion; readonly warnings: readonly string[] }
  | { readonly stored: true; readonly result: AddResult };

export interface DraftPreparerParts {
  readonly store: SkillStore;
  readonly catalog: Pick<Catalog, "find">;
  readonly admission: Admission;
  readonly claims: Claims;
  /** What becomes of a draft that repeats a skill of another id. */
  readonly duplicates: "warn" | "refuse";
  readonly limits: Limits;
  readonly clock: Clock;
}

export class DraftPreparer {
  readonly #parts: DraftPreparerParts;
  #parser: Promise<DraftParser> | undefined;

  constructor(parts: DraftPreparerParts) {
    this.#parts = parts;
  }

  /** Everything of adding but the write: parse, check, run the examples. */
  async prepare(
    draft: unknown,
    options: AddOptions,
    explain: ExplainConflict,
  ): Promise<PreparedDraft> {
    checkNotes(options, this.#parts.limits);
    checkBoolean("validate", options.validate);
    throwIfAborted(options.signal, "Adding a skill");
    const expectedVersion = checkExpected(options.expectedVersion, 0);
    const { expectedStatus } = options;
    checkOneOf("expectedStatus", expectedStatus, SKILL_STATUSES);
    this.#parts.claims.check(options.lease);
    const parse = await (this.#parser ??= this.#loadParser());
    await loopTurn();
    const parsed = parse(draft);
    const hash = contentHash(parsed.definition);
    const { id } = parsed;
    const guard = this.#parts.claims.guard(id, options.lease);
    const author = options.author ?? parsed.author;
    const wanted = {
      id,
      definition: parsed.definition,
      contentHash: hash,
      status: parsed.status,
      expectedVersion,
      ...(expectedStatus === undefined ? {} : { expectedStatus }),
      ...guard,
      ...(author === undefined ? {} : { author }),
      ...(options.message === undefined ? {} : { message: options.message }),
    };
    const current = await this.#parts.catalog.find(id);
    if (current?.contentHash === hash) {
      const result = alreadyStored(current, parsed);
      if (guard.guard === undefined) return { stored: true, result };
      // Whether the lease still holds is for the store to say, although nothing is to be written.
      const { checks, program } = current;
      const version = { ...wanted, checks, ...(program === undefined ? {} : { program }) };
      return { stored: false, version, warnings: result.warnings };
    }
    await explaining(explain, parsed.definition, async () =>
      failEarly({ id, expectedVersion, expectedStatus }, current),
    );
    const { program, fingerprint } = await this.#parts.admission.checkStructure(parsed);
    const validate = options.validate ?? true;
    const checks = validate
      ? await this.#parts.admission.runExamples(parsed, program, options.signal)
      : [];
    const prepared = {
      stored: false,
      warnings: await draftWarnings(parsed, validate, (called) => this.#parts.catalog.find(called)),
      version: {
        ...wanted,
        checks,
        ...(program === undefined ? {} : { program }),
        ...(fingerprint === undefined ? {} : { codeFingerprint: fingerprint }),
      },
    } as const;
    if (this.#parts.duplicates === "refuse") await refuseDuplicate(this.#parts, prepared.version);
    return prepared;
  }

  /** Loaded at the first draft: it takes a third of the time a short-lived reader needs to start. */
  async #loadParser(): Promise<DraftParser> {
    const { draftParser } = await import("../../skill/parse-draft.ts");
    await loopTurn();
    return draftParser(this.#parts.limits);
  }
}
