/** The search of frameworks for agents; those that want an embedder get the bundled table. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { embeddingText } from "../../src/search/document-text.ts";
import type { Embedder } from "../../src/search/embedder.ts";
import type { IndexDocument } from "../../src/search/search-index.ts";
import { importForeign, MODULES } from "../foreign-modules.ts";
import { memoryVectors } from "./memory-vectors.ts";
import type { System } from "./systems.ts";
import { TOP } from "./systems.ts";

type EmbedOne = (text: string) => Promise<number[]>;

function embedOne(embedder: Embedder): EmbedOne {
  return async (text) => [...(await embedder.embed([text], "query"))[0]!];
}

interface MastraWorkspace {
  readonly skills: {
    search(query: string, options: object): Promise<readonly { readonly skillName: string }[]>;
  };
}

/** Skills in files, as its users have them; the name must be that of the folder. */
function mastra(mode: "bm25" | "hybrid"): System["open"] {
  return async ({ documents }, { directory, embedder }) => {
    const { Workspace, LocalFilesystem } = (await importForeign(
      "@mastra/core/workspace",
    )) as unknown as {
      readonly Workspace: new (options: object) => MastraWorkspace;
      readonly LocalFilesystem: new (options: object) => object;
    };
    for (const [n, document] of documents.entries()) {
      const folder = join(directory, `skills/skill-${n}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "SKILL.md"), markdownOf(document, `skill-${n}`));
    }
    const workspace = new Workspace({
      filesystem: new LocalFilesystem({ basePath: directory }),
      skills: ["skills"],
      bm25: true,
      ...(mode === "bm25" ? {} : { vectorStore: memoryVectors(), embedder: embedOne(embedder) }),
    });
    return {
      async search(query) {
        // A skill is several passages: more of them are asked for, and each counts once.
        const found = await workspace.skills.search(query, { topK: 4 * TOP, mode });
        const names = [...new Set(found.map(({ skillName }) => skillName))];
        return names.map((name) => documents[Number(name.slice("skill-".length))]!.summary.id);
      },
    };
  };
}

function markdownOf({ summary, parameters, code }: IndexDocument, name: string): string {
  const description = JSON.stringify(summary.description || summary.name);
  const body = [`# ${summary.name}`, summary.description, parameters, code].filter(Boolean);
  return `---\nname: ${name}\ndescription: ${description}\n---\n\n${body.join("\n\n")}\n`;
}

interface LangGraphStore {
  put(namespace: readonly string[], key: string, value: object): Promise<void>;
  search(
    namespace: readonly string[],
    options: object,
  ): Promise<readonly { readonly key: string }[]>;
}

const langGraph: System["open"] = async ({ documents }, { embedder }) => {
  const { InMemoryStore } = (await importForeign("@langchain/langgraph-checkpoint")) as unknown as {
    readonly InMemoryStore: new (options: object) => LangGraphStore;
  };
  const embedQuery = embedOne(embedder);
  const embedDocuments = (texts: readonly string[]): Promise<number[][]> =>
    Promise.all(texts.map(embedQuery));
  const store = new InMemoryStore({
    index: {
      dims: embedder.dimensions,
      embeddings: { embedQuery, embedDocuments },
      fields: ["text"],
    },
  });
  for (const document of documents) {
    await store.put(["skills"], document.summary.id, { text: embeddingText(document) });
  }
  return {
    async search(query) {
      return (await store.search(["skills"], { query, limit: TOP })).map(({ key }) => key);
    },
  };
};

interface AgentDb {
  createSkill(skill: object): Promise<number>;
  searchSkills(query: object): Promise<readonly { readonly name: string }[]>;
}

const agentDb: System["open"] = async ({ documents }, { embedder }) => {
  const { SkillLibrary } = (await importForeign("agentdb/controllers/SkillLibrary")) as unknown as {
    readonly SkillLibrary: new (database: object, embedder: object) => AgentDb;
  };
  const { createDatabase } = (await importForeign(
    join(MODULES ?? "", "agentdb/dist/db-fallback.js"),
  )) as unknown as {
    readonly createDatabase: (path: string) => Promise<{ exec(sql: string): void }>;
  };
  const { log } = console;
  // It says what it runs on.
  console.log = () => undefined;
  const database = await createDatabase(":memory:").finally(() => {
    console.log = log;
  });
  database.exec(readFileSync(join(MODULES ?? "", "agentdb/dist/schemas/schema.sql"), "utf8"));
  const query = embedOne(embedder);
  const embed = async (text: string): Promise<Float32Array> => Float32Array.from(await query(text));
  const library = new SkillLibrary(database, { embed });
  for (const { summary, parameters, code } of documents) {
    await library.createSkill({
      name: summary.id,
      description: `${summary.name}. ${summary.description}. ${parameters}`,
      signature: { inputs: {}, outputs: {} },
      code,
      successRate: 1,
      uses: 0,
      avgReward: 0,
      avgLatencyMs: 0,
    });
  }
  return {
    async search(task) {
      const found = await library.searchSkills({ task, k: TOP, minSuccessRate: 0 });
      return found.map(({ name }) => name);
    },
  };
};

export const AGENT_PEERS: readonly System[] = [
  { name: "@mastra/core, bm25", open: mastra("bm25") },
  { name: "@mastra/core, hybrid", open: mastra("hybrid") },
  { name: "@langchain/langgraph-checkpoint", open: langGraph },
  { name: "agentdb", open: agentDb },
];
