/**
 * Keeps what this process remembers in step with the store: before a remembered answer is used,
 * the store's revision is compared with the last one seen, and what changed since is forgotten.
 * A read therefore sees every commit that was acknowledged, by any process, before it began.
 */
import type { SkillCache } from "../cache/skill-cache.ts";
import type { SkillStore } from "../store/skill-store.ts";

/** Beyond this many changes it is cheaper to forget everything than to read what changed. */
const CHANGES_READ_AT_ONCE = 500;

export class Coherence {
  readonly #store: SkillStore;
  readonly #cache: SkillCache;
  #seen = -1;
  #catchingUp: Promise<void> | undefined;

  constructor(parts: { readonly store: SkillStore; readonly cache: SkillCache }) {
    this.#store = parts.store;
    this.#cache = parts.cache;
  }

  /** Call before using the cache. Returns nothing to wait for when nothing has changed. */
  check(): void | Promise<void> {
    const revision = this.#store.revision();
    if (typeof revision !== "number") return this.#checkAgainst(revision);
    if (revision !== this.#seen) return this.#catchUp();
  }

  async #checkAgainst(revision: Promise<number>): Promise<void> {
    if ((await revision) !== this.#seen) await this.#catchUp();
  }

  /** A catch-up that is under way may have read before the commit this caller must see: look again after it. */
  async #catchUp(): Promise<void> {
    while ((await this.#store.revision()) !== this.#seen) {
      this.#catchingUp ??= this.#forgetChanges().finally(() => {
        this.#catchingUp = undefined;
      });
      await this.#catchingUp;
    }
  }

  async #forgetChanges(): Promise<void> {
    const revision = await this.#store.revision();
    const changes =
      this.#seen < 0 || revision < this.#seen
        ? []
        : await this.#store.changesSince(this.#seen, CHANGES_READ_AT_ONCE);
    const newest = changes.at(-1)?.revision;
    if (newest === undefined || newest < revision) {
      this.#cache.clear();
      this.#seen = revision;
      return;
    }
    for (const { skillId, version } of changes) {
      this.#cache.invalidate(`skill:${skillId}`);
      this.#cache.invalidate(`skill:${skillId}@${version}`);
    }
    this.#cache.invalidatePattern("search:*");
    this.#seen = newest;
  }
}
