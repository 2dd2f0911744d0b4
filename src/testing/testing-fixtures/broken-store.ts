/** Stores that break one promise each, now and then, as real ones have. */
import type { Appended, NewVersion, SkillStore, StoredVersion } from "../../store/skill-store.ts";
import { seededRandom } from "../stress/seeded-random.ts";

export type Breakage =
  /** Forgets to compare before it writes. */
  | "lost update"
  /** Answers from a cache that nobody invalidated. */
  | "stale read"
  /** Acknowledges a write that it never made. */
  | "lost acknowledged write"
  /** Shows a version before it is committed, and then refuses it. */
  | "dirty read"
  /** Refuses a write that it made. */
  | "effect of a refused write";

/** So often that every run of some hundred calls shows it. */
const SHARE_THAT_GOES_WRONG = 0.2;

/** @param shared what all connections to the same data have in common */
export function brokenStore(
  store: SkillStore,
  breakage: Breakage,
  shared: { readonly uncommitted: Map<string, StoredVersion> },
): SkillStore {
  const random = seededRandom(`broken ${breakage}`);
  const goesWrong = (): boolean => random.next() < SHARE_THAT_GOES_WRONG;
  const cached = new Map<string, StoredVersion | undefined>();

  const broken: Partial<SkillStore> = {
    "lost update": {
      append: (version: NewVersion) =>
        store.append(goesWrong() ? { ...version, expectedVersion: "any" } : version),
    },
    "stale read": {
      async find(id: string) {
        if (cached.has(id) && goesWrong()) return cached.get(id);
        const found = await store.find(id);
        cached.set(id, found);
        return found;
      },
    },
    "lost acknowledged write": {
      async append(version: NewVersion): Promise<Appended> {
        const current = await store.find(version.id);
        const isUsual = current === undefined || version.expectedVersion !== current.version;
        if (isUsual || !goesWrong()) return store.append(version);
        const { id, contentHash, status } = version;
        const revision = (await store.revision()) + 1;
        const createdAt = new Date().toISOString();
        return {
          id,
          version: current.version + 1,
          revision,
          contentHash,
          status,
          created: true,
          createdAt,
        };
      },
    },
    "dirty read": {
      async append(version: NewVersion): Promise<Appended> {
        if (!goesWrong()) return store.append(version);
        const current = await store.find(version.id);
        if (current !== undefined) {
          const { definition, contentHash } = version;
          const pending = { ...current, ...definition, contentHash, version: current.version + 1 };
          shared.uncommitted.set(version.id, pending);
          await new Promise((resolve) => setTimeout(resolve, 2));
          shared.uncommitted.delete(version.id);
        }
        return store.append({ ...version, expectedVersion: 1_000_000 });
      },
      find: async (id: string) => shared.uncommitted.get(id) ?? store.find(id),
    },
    "effect of a refused write": {
      async append(version: NewVersion): Promise<Appended> {
        const appended = await store.append(version);
        if (!appended.created || !goesWrong()) return appended;
        return store.append({
          ...version,
          contentHash: "0".repeat(64),
          expectedVersion: 1_000_000,
        });
      },
    },
  }[breakage];
  return new Proxy(store, {
    get: (target, name) => Reflect.get(broken, name) ?? Reflect.get(target, name, target),
  });
}
