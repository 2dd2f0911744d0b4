/** Versioned reads of skills, through the cache. */
import { throwIfAborted } from "../../base/abort.ts";
import { deepFreeze } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { SkillCache } from "../../cache/skill-cache.ts";
import { diffDefinitions } from "../../skill/definition-diff.ts";
import type { FieldChange } from "../../skill/definition-diff.ts";
import { isSkillId } from "../../skill/skill-id.ts";
import type { Skill, SkillVersion } from "../../skill/skill.ts";
import type {
  Dependents,
  SkillFacets,
  SkillStore,
  StoredVersion,
} from "../../store/skill-store.ts";
import { checkRevision, placeOf } from "../views/as-of.ts";
import type { Claims } from "./claims.ts";
import type {
  DependentsOptions,
  FacetOptions,
  GetOptions,
  ListedSkill,
  ListOptions,
} from "./catalog-options.ts";
import type { Coherence } from "../coherence.ts";
import { checkListFilter, checkListOptions, LIST_FILTERS, listSkills } from "./list-skills.ts";
import { skillNotFound } from "./skill-not-found.ts";
import { skillViews } from "./skill-views.ts";
import type { Evidence } from "../execution/evidence.ts";
import { checkBoolean, checkInteger, checkIsText, checkKnownOptions } from "../check-options.ts";

const DEFAULT_FACETS = 50;
const DEFAULT_DEPENDENTS = 100;

export interface CatalogParts {
  readonly store: SkillStore;
  readonly cache: SkillCache;
  readonly coherence: Coherence;
  readonly evidence: Evidence;
  readonly claims: Claims;
  readonly limits: Limits;
}

export class Catalog {
  readonly #parts: CatalogParts;
  readonly #view: ReturnType<typeof skillViews>;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.#view = skillViews(parts);
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

  /** Skills whose current version declares that it calls this one, which need not be there. */
  async dependents(id: string, options: DependentsOptions = {}): Promise<Dependents> {
    checkIsText("id", id);
    checkKnownOptions("dependents", options, ["limit"]);
    checkInteger("limit", options.limit, 1, this.#parts.limits.pageSize);
    return this.#parts.store.dependents(id, options.limit ?? DEFAULT_DEPENDENTS);
  }
}

export function withoutProgram({ program: _, ...version }: StoredVersion): SkillVersion {
  return version;
}
