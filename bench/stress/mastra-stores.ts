/** The stores of skills of Mastra, behind its one interface. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { importForeign } from "../foreign-modules.ts";
import type { Contender, Counted } from "./counting-store.ts";
import { FIRST } from "./counting-store.ts";

interface Version {
  readonly id: string;
  readonly versionNumber: number;
  readonly instructions: string;
}

interface Skills {
  create(input: { readonly skill: object }): Promise<unknown>;
  update(input: object): Promise<unknown>;
  createVersion(input: object): Promise<Version>;
  getLatestVersion(id: string): Promise<Version | null>;
}

interface Store {
  init(): Promise<void>;
  getStore(name: "skills"): Promise<Skills | undefined>;
  close?(): Promise<void>;
}

const STORES = {
  InMemoryStore: async () => {
    const { InMemoryStore } = (await importForeign("@mastra/core/storage")) as unknown as {
      readonly InMemoryStore: new () => Store;
    };
    return new InMemoryStore();
  },
  FilesystemStore: async (directory: string) => {
    const { FilesystemStore } = (await importForeign("@mastra/core/storage")) as unknown as {
      readonly FilesystemStore: new (options: object) => Store;
    };
    return new FilesystemStore({ dir: join(directory, "mastra") });
  },
  LibSQLStore: async (directory: string) => {
    const { LibSQLStore } = (await importForeign("@mastra/libsql")) as unknown as {
      readonly LibSQLStore: new (options: object) => Store;
    };
    return new LibSQLStore({ id: "stress", url: `file:${join(directory, "mastra.db")}` });
  },
};

type Way = "update" | "publish" | "createVersion";

const USES: Readonly<Record<Way, string>> = {
  update: "getLatestVersion; update",
  publish: "getLatestVersion; update, then publish (it keeps published ones alone)",
  createVersion: "getLatestVersion; createVersion with the next number; when refused, again",
};

const fieldsOf = (name: string, { count, by }: Counted): object => ({
  name,
  description: "Counts.",
  instructions: JSON.stringify({ count, by }),
});

function mastra(kind: keyof typeof STORES, way: Way): Contender {
  return {
    name: `${kind === "LibSQLStore" ? "@mastra/libsql" : "@mastra/core"} ${kind}`,
    use: USES[way],
    isOnDisk: kind !== "InMemoryStore",
    async open(directory) {
      const store = await STORES[kind](directory);
      await store.init();
      const skills = await store.getStore("skills");
      if (skills === undefined) throw new Error("it has no store of skills");
      const publish = async (id: string): Promise<unknown> =>
        skills.update({ id, activeVersionId: (await skills.getLatestVersion(id))?.id });
      return {
        async read(skill) {
          const found = await skills.getLatestVersion(skill);
          if (found === null) throw new Error(`${skill} is not there`);
          const content = JSON.parse(found.instructions) as Counted;
          return { ...content, version: found.versionNumber };
        },
        async write(skill, { count, version = 0 }, by) {
          const fields = fieldsOf(skill, { count: count + 1, by });
          try {
            if (way === "createVersion") {
              await skills.createVersion({
                id: randomUUID(),
                skillId: skill,
                versionNumber: version + 1,
                ...fields,
              });
            } else {
              await skills.update({ id: skill, ...fields });
              if (way === "publish") await publish(skill);
            }
            return true;
          } catch (error) {
            if (isTaken(error)) return false;
            throw error;
          }
        },
        async add(id) {
          await skills.create({ skill: { id, ...fieldsOf(id, FIRST) } });
          if (way === "publish") await publish(id);
        },
        async present(ids) {
          const found = await Promise.all(ids.map((id) => skills.getLatestVersion(id)));
          return ids.filter((_, at) => found[at] !== null);
        },
        close: async () => store.close?.(),
      };
    },
  };
}

/** Whether the number of a version was taken, which its stores tell by their words alone. */
function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /Version number \d+ already exists|UNIQUE constraint failed/.test(error.message) ||
    isTaken(error.cause)
  );
}

export const MASTRA_STORES: readonly Contender[] = [
  mastra("InMemoryStore", "update"),
  mastra("InMemoryStore", "createVersion"),
  mastra("FilesystemStore", "publish"),
  mastra("LibSQLStore", "update"),
  mastra("LibSQLStore", "createVersion"),
];
