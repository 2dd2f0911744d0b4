/**
 * Other stores that agents keep skills in, each used as its documentation shows. None of them is a
 * dependency; what is not installed is left out.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importForeign, MODULES } from "../foreign-modules.ts";
import type { Contender, Counted } from "./counting-store.ts";
import { FIRST } from "./counting-store.ts";

interface LangGraphStore {
  put(namespace: readonly string[], key: string, value: Counted): Promise<void>;
  get(namespace: readonly string[], key: string): Promise<{ readonly value: Counted } | null>;
}

const NAMESPACE = ["skills"];

const langGraph: Contender = {
  name: "@langchain/langgraph-checkpoint InMemoryStore",
  use: "get; put (it has no versions)",
  isOnDisk: false,
  async open() {
    const { InMemoryStore } = (await importForeign(
      "@langchain/langgraph-checkpoint",
    )) as unknown as { readonly InMemoryStore: new () => LangGraphStore };
    const store = new InMemoryStore();
    return {
      async read(skill) {
        return { ...((await store.get(NAMESPACE, skill))?.value ?? FIRST) };
      },
      async write(skill, { count }, by) {
        await store.put(NAMESPACE, skill, { count: count + 1, by });
        return true;
      },
      add: (id) => store.put(NAMESPACE, id, FIRST),
      async present(ids) {
        const found = await Promise.all(ids.map((id) => store.get(NAMESPACE, id)));
        return ids.filter((_, at) => found[at] !== null);
      },
      close: () => Promise.resolve(),
    };
  },
};

interface AgentDb {
  createSkill(skill: object): Promise<number>;
  updateSkillStats(id: number, success: boolean, reward: number, latencyMs: number): void;
  searchSkills(
    query: object,
  ): Promise<readonly { readonly id: number; readonly name: string; readonly uses: number }[]>;
}

const agentDb: Contender = {
  name: "agentdb SkillLibrary",
  use: "searchSkills; updateSkillStats (it counts uses; no text can be changed); close saves",
  isOnDisk: true,
  async open(directory) {
    const { SkillLibrary } = (await importForeign(
      "agentdb/controllers/SkillLibrary",
    )) as unknown as { readonly SkillLibrary: new (database: object, embedder: object) => AgentDb };
    const { createDatabase } = (await importForeign(
      join(MODULES ?? "", "agentdb/dist/db-fallback.js"),
    )) as unknown as {
      readonly createDatabase: (
        path: string,
      ) => Promise<{ exec(sql: string): void; close(): void }>;
    };
    const { log } = console;
    // It says what it runs on.
    console.log = () => undefined;
    const database = await createDatabase(join(directory, "agentdb.db")).finally(() => {
      console.log = log;
    });
    database.exec(readFileSync(join(MODULES ?? "", "agentdb/dist/schemas/schema.sql"), "utf8"));
    const library = new SkillLibrary(database, { embed: async () => Float32Array.of(1, 0) });
    const all = (): ReturnType<AgentDb["searchSkills"]> =>
      library.searchSkills({ task: "count", k: 10_000, minSuccessRate: 0 });
    const find = async (name: string) => (await all()).find((each) => each.name === name);
    return {
      async read(skill) {
        return { count: (await find(skill))?.uses ?? 0 };
      },
      async write(skill) {
        library.updateSkillStats((await find(skill))?.id ?? 0, true, 1, 1);
        return true;
      },
      async add(name) {
        await library.createSkill({
          name,
          description: "Counts.",
          signature: { inputs: {}, outputs: {} },
          successRate: 1,
          uses: 0,
          avgReward: 0,
          avgLatencyMs: 0,
        });
      },
      async present(ids) {
        const names = new Set((await all()).map(({ name }) => name));
        return ids.filter((id) => names.has(id));
      },
      close: async () => database.close(),
    };
  },
};

export const PEER_STORES: readonly Contender[] = [langGraph, agentDb];
