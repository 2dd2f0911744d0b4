/** Versioned reads and writes of skills. Reads go through the cache; writes are compare-and-set. */
import { throwIfAborted } from "../../base/abort.ts";
import { loopTurn } from "../../base/loop-turns.ts";
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { deepFreeze, preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { SkillCache } from "../../cache/skill-cache.ts";
import { contentHash } from "../../skill/content-hash.ts";
import { diffDefinitions } from "../../skill/definition-diff.ts";
import type { FieldChange } from "../../skill/definition-diff.ts";
import { definitionOf } from "../../skill/definition-of.ts";
import type { DraftParser } from "../../skill/parse-draft.ts";
import { isSkillId, SKILL_ID_RULE } from "../../skill/skill-id.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { Skill, SkillStatus, SkillVersion } from "../../skill/skill.ts";
import type {
  Appended,
  Dependents,
  NewVersion,
  SkillFacets,
  SkillStore,
  StoredVersion,
} from "../../store/skill-store.ts";
import { addResult, alreadyStored } from "./add-result.ts";
import type { Admission } from "./admission.ts";
import { checkRevision, placeOf } from "../views/as-of.ts";
import type { Claims } from "./claims.ts";
import type {
  AddOptions,
  AddResult,
  ChangeOptions,
  ChangeResult,
  DependentsOptions,
  FacetOptions,
  GetOptions,
  ListedSkill,
  ListOptions,
  RollbackOptions,
  StatusOptions,
} from "./catalog-options.ts";
import type { Coherence } from "../coherence.ts";
import { refuseDuplicate } from "./duplicates.ts";
import { draftWarnings } from "./draft-warnings.ts";
import { failEarly } from "./early-conflict.ts";
import { conflictExplainer, explaining } from "./explain-conflict.ts";
import type { ExplainConflict } from "./explain-conflict.ts";
import { checkListFilter, checkListOptions, LIST_FILTERS, listSkills } from "./list-skills.ts";
import type { Neighbours } from "../retrieval/neighbours.ts";
import { skillNotFound } from "./skill-not-found.ts";
import { skillViews } from "./skill-views.ts";
import type { Evidence } from "../execution/evidence.ts";
import {
  checkBoolean,
  checkExpected,
  checkInteger,
  checkIsText,
  checkKnownOptions,
  checkOneOf,
  checkText,
} from "../options.ts";

/** A draft that is ready to be stored, or is stored already. */
export type PreparedDraft =
  | { readonly stored: false; readonly version: NewVersion; readonly warnings: readonly string[] }
  | { readonly stored: true; readonly result: AddResult };

const DEFAULT_FACETS = 50;
const DEFAULT_DEPENDENTS = 100;
/** As in a draft. */
const AUTHOR_LENGTH = 256;

export interface CatalogParts {
  readonly store: SkillStore;
  readonly cache: SkillCache;
  readonly coherence: Coherence;
  readonly evidence: Evidence;
  readonly admission: Admission;
  readonly neighbours: Neighbours;
  readonly claims: Claims;
  /** What becomes of a draft that repeats a skill of another id. */
  readonly duplicates: "warn" | "refuse";
  readonly limits: Limits;
  readonly clock: Clock;
}

export class Catalog {
  readonly #parts: CatalogParts;
  readonly #explain: ExplainConflict;
  #parser: Promise<DraftParser> | undefined;
  readonly #view: ReturnType<typeof skillViews>;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.#explain = conflictExplainer(parts.store);
    this.#view = skillViews(parts);
  }

  async add(draft: unknown, options: AddOptions = {}): Promise<AddResult> {
    checkKnownOptions("add", options, [
      "expectedVersion",
      "expectedStatus",
      "validate",
      "author",
      "message",
      "lease",
      "signal",
    ]);
    const prepared = await this.prepare(draft, options);
    if (prepared.stored) return prepared.result;
    throwIfAborted(options.signal, "Adding a skill");
    const { version } = prepared;
    const result = addResult(await this.#append(version), prepared);
    if (!result.created) return result;
    const [annotated] = await this.#parts.neighbours.annotate([{ version, result }]);
    return annotated ?? result;
  }

  #append(version: NewVersion): Promise<Appended> {
    const { store } = this.#parts;
    return explaining(this.#explain, version.definition, () => store.append(version));
  }

  /** Loaded at the first draft: it takes a third of the time a short-lived reader needs to start. */
  async #loadParser(): Promise<DraftParser> {
    const { draftParser } = await import("../../skill/parse-draft.ts");
    await loopTurn();
    return draftParser(this.#parts.limits);
  }

  #checkNotes({ author, message }: { readonly author?: string; readonly message?: string }): void {
    checkText("author", author, AUTHOR_LENGTH);
    checkText("message", message, this.#parts.limits.descriptionLength);
  }

  /** Everything of adding but the write: parse, check, run the examples. */
  async prepare(
    draft: unknown,
    options: AddOptions,
    explain: ExplainConflict = this.#explain,
  ): Promise<PreparedDraft> {
    this.#checkNotes(options);
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
    const current = await this.find(parsed.id);
    if (current?.contentHash === hash)
      return { stored: true, result: alreadyStored(current, parsed) };
    const { id } = parsed;
    await explaining(explain, parsed.definition, async () =>
      failEarly({ id, expectedVersion, expectedStatus }, current),
    );
    const { program, fingerprint } = await this.#parts.admission.checkStructure(parsed);
    const validate = options.validate ?? true;
    const checks = validate
      ? await this.#parts.admission.runExamples(parsed, program, options.signal)
      : [];
    const author = options.author ?? parsed.author;
    const prepared = {
      stored: false,
      warnings: await draftWarnings(parsed, validate, (called) => this.find(called)),
      version: {
        id: parsed.id,
        definition: parsed.definition,
        contentHash: hash,
        status: parsed.status,
        checks,
        expectedVersion,
        ...(expectedStatus === undefined ? {} : { expectedStatus }),
        ...this.#parts.claims.guard(parsed.id, options.lease),
        ...(program === undefined ? {} : { program }),
        ...(fingerprint === undefined ? {} : { codeFingerprint: fingerprint }),
        ...(author === undefined ? {} : { author }),
        ...(options.message === undefined ? {} : { message: options.message }),
      },
    } as const;
    if (this.#parts.duplicates === "refuse") await refuseDuplicate(this.#parts, prepared.version);
    return prepared;
  }

  /** Not an `async` function, so that a hit costs as few turns as there can be. */
  get(id: string, options: GetOptions = {}): Promise<Skill | undefined> {
    try {
      const found = this.#read(id, options);
      const isPast = options.asOf !== undefined;
      return found instanceof Promise
        ? found.then((version) => this.#view(version, isPast))
        : Promise.resolve(this.#view(found, isPast));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The current or named version through the cache, with its program and without metrics.
   *
   * @param asOf a revision that is there already, so that the answer will never be another
   */
  find(
    id: string,
    version?: number,
    asOf?: number,
  ): StoredVersion | undefined | Promise<StoredVersion | undefined> {
    // Anything else could pass for the key of a version, such as "echo@2".
    if (!isSkillId(id)) return undefined;
    const { coherence, cache, store } = this.#parts;
    const key = `skill:${id}${version === undefined ? "" : `@${version}`}${asOf === undefined ? "" : `~${asOf}`}`;
    const load = (): Promise<StoredVersion | undefined> => store.find(id, placeOf(version, asOf));
    const ready = coherence.check();
    return ready === undefined
      ? cache.getOrLoad(key, load)
      : ready.then(() => cache.getOrLoad(key, load));
  }

  #read(
    id: string,
    options: GetOptions,
  ): StoredVersion | undefined | Promise<StoredVersion | undefined> {
    checkIsText("id", id);
    checkKnownOptions("get", options, ["version", "asOf", "useCache", "signal"]);
    checkInteger("version", options.version, 1, Number.MAX_SAFE_INTEGER);
    checkBoolean("useCache", options.useCache);
    throwIfAborted(options.signal, "Reading a skill");
    if (!isSkillId(id)) return undefined;
    const { version, asOf, useCache = true } = options;
    const read = (): StoredVersion | undefined | Promise<StoredVersion | undefined> =>
      useCache ? this.find(id, version, asOf) : this.#readStore(id, version, asOf);
    const checked = asOf === undefined ? undefined : checkRevision(this.#parts.store, "asOf", asOf);
    return checked === undefined ? read() : checked.then(read);
  }

  async #readStore(
    id: string,
    version: number | undefined,
    asOf: number | undefined,
  ): Promise<StoredVersion | undefined> {
    const { store } = this.#parts;
    const found = await store.find(id, placeOf(version, asOf));
    // Claims are as fresh as the store's last look at what others committed.
    await store.revision();
    return deepFreeze(found);
  }

  async list(options: ListOptions = {}): Promise<readonly ListedSkill[]> {
    const { limits, store, evidence, claims } = this.#parts;
    checkListOptions(options, limits);
    const page = await listSkills({ store, evidence }, options, limits);
    await store.revision();
    return claims.mark(page);
  }

  /** Counts of the categories, tags and statuses among the skills that pass the filter. */
  async facets(options: FacetOptions = {}): Promise<SkillFacets> {
    checkKnownOptions("facets", options, LIST_FILTERS);
    checkListFilter(options, this.#parts.limits);
    return this.#parts.store.facets({ ...options, limit: options.limit ?? DEFAULT_FACETS });
  }

  /** The current or named version with its program; @throws {SKILL_NOT_FOUND} */
  async versionOf(id: string, version?: number): Promise<StoredVersion> {
    checkInteger("version", version, 1, Number.MAX_SAFE_INTEGER);
    const found = await this.find(id, version);
    if (found === undefined) throw skillNotFound(id, version);
    return found;
  }

  /** The record of the current version; @throws {SKILL_NOT_FOUND} */
  async getVersion(id: string): Promise<SkillVersion> {
    return withoutProgram(await this.versionOf(id));
  }

  /** What changed from one version to another, field by field; @throws {SKILL_NOT_FOUND} */
  async diff(id: string, from: number, to: number): Promise<readonly FieldChange[]> {
    return diffDefinitions(await this.versionOf(id, from), await this.versionOf(id, to));
  }

  /** Every version, oldest first, also of a removed skill; @throws {SKILL_NOT_FOUND} when the id was never used */
  async getVersionHistory(id: string): Promise<readonly SkillVersion[]> {
    const history = await this.#parts.store.history(id);
    if (history.length === 0) throw skillNotFound(id);
    return history.map(withoutProgram);
  }

  /** Appends a new version with the content of an old one; history is never rewritten. */
  async rollback(id: string, version: number, options: RollbackOptions = {}): Promise<AddResult> {
    checkKnownOptions("rollback", options, ["expectedVersion", "author", "message", "lease"]);
    checkInteger("version", version ?? 0, 1, Number.MAX_SAFE_INTEGER);
    this.#checkNotes(options);
    const target = await this.#parts.store.find(id, { version });
    if (target === undefined) throw skillNotFound(id, version);
    if (target.status === "quarantined" || target.status === "failed") {
      throw new RepertoireError(
        "INVALID_INPUT",
        `Version ${version} of skill "${id}" is ${target.status} and can not be rolled back to; submit its content as a new draft`,
        {
          details: { skillId: id, version, status: target.status },
        },
      );
    }
    const appended = await this.#append({
      id,
      definition: definitionOf(target),
      contentHash: target.contentHash,
      status: target.status === "draft" ? "draft" : "active",
      checks: target.checks,
      message: options.message ?? `Roll back to version ${version}`,
      expectedVersion: checkExpected(options.expectedVersion, "any"),
      ...this.#parts.claims.guard(id, options.lease),
      ...(target.program === undefined ? {} : { program: target.program }),
      ...(options.author === undefined ? {} : { author: options.author }),
    });
    const { createdAt: _, ...result } = appended;
    return {
      ...result,
      checks: target.checks,
      warnings: appended.created
        ? []
        : [`version ${version} has the content of the current version`],
    };
  }

  async setStatus(
    id: string,
    status: SkillStatus,
    options: StatusOptions = {},
  ): Promise<ChangeResult & { readonly status: SkillStatus }> {
    checkKnownOptions("setStatus", options, [
      "expectedVersion",
      "expectedStatus",
      "reason",
      "replacement",
      "lease",
    ]);
    if (status === undefined)
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected \`status\` to be one of ${SKILL_STATUSES.join(", ")}, got nothing`,
      );
    checkOneOf("status", status, SKILL_STATUSES);
    const { replacement, reason, expectedStatus } = options;
    checkOneOf("expectedStatus", expectedStatus, SKILL_STATUSES);
    checkText("reason", reason, this.#parts.limits.descriptionLength);
    if (replacement !== undefined && !isSkillId(replacement)) {
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected \`replacement\` to be a skill id (${SKILL_ID_RULE}), got ${preview(replacement)}`,
      );
    }
    const dependents = status === "active" ? {} : await this.#dependentsOf(id);
    const change = {
      status,
      expectedVersion: checkExpected(options.expectedVersion, "any"),
      ...(expectedStatus === undefined ? {} : { expectedStatus }),
      ...this.#parts.claims.guard(id, options.lease),
      ...(reason === undefined ? {} : { reason }),
      ...(replacement === undefined ? {} : { replacement }),
    };
    const { store } = this.#parts;
    const changed = await explaining(this.#explain, undefined, () => store.setStatus(id, change));
    return { id, ...changed, status, ...dependents };
  }

  async remove(id: string, options: ChangeOptions = {}): Promise<ChangeResult> {
    checkKnownOptions("remove", options, ["expectedVersion", "lease"]);
    const expectedVersion = checkExpected(options.expectedVersion, "any");
    const { store, claims } = this.#parts;
    const { guard } = claims.guard(id, options.lease);
    const dependents = await this.#dependentsOf(id);
    const removed = await explaining(this.#explain, undefined, () =>
      store.remove(id, expectedVersion, guard),
    );
    return { id, ...removed, ...dependents };
  }

  /** Skills whose current version declares that it calls this one, which need not be there. */
  async dependents(id: string, options: DependentsOptions = {}): Promise<Dependents> {
    checkIsText("id", id);
    checkKnownOptions("dependents", options, ["limit"]);
    checkInteger("limit", options.limit, 1, this.#parts.limits.pageSize);
    return this.#parts.store.dependents(id, options.limit ?? DEFAULT_DEPENDENTS);
  }

  async #dependentsOf(id: string): Promise<Pick<ChangeResult, "dependents">> {
    if (!isSkillId(id)) return {};
    const dependents = await this.#parts.store.dependents(id, DEFAULT_DEPENDENTS);
    return dependents.count === 0 ? {} : { dependents };
  }
}

export function withoutProgram({ program: _, ...version }: StoredVersion): SkillVersion {
  return version;
}
