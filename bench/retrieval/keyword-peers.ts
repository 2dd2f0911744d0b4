/** Keyword search as libraries give it, with their defaults, over the same fields. */
import { DatabaseSync } from "node:sqlite";
import type { IndexDocument } from "../../src/search/search-index.ts";
import { importForeign } from "../foreign-modules.ts";
import type { System } from "./systems.ts";
import { TOP } from "./systems.ts";

const FIELDS = ["name", "description", "parameters", "code"] as const;

type Fields = { readonly id: string } & Readonly<Record<(typeof FIELDS)[number], string>>;

function fieldsOf({ summary, parameters, code }: IndexDocument): Fields {
  const { id, name, description } = summary;
  return { id, name, description, parameters, code };
}

/** What callers do who know that a sentence is no query: every word quoted, any of them. */
function anyWord(query: string): string {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words)].map((word) => `"${word}"`).join(" OR ");
}

function fts5(tokenize: string): System["open"] {
  return ({ documents }) => {
    const database = new DatabaseSync(":memory:");
    database.exec(
      `CREATE VIRTUAL TABLE t USING fts5 (id UNINDEXED, ${FIELDS.join(", ")}${tokenize}); BEGIN`,
    );
    const insert = database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)");
    for (const document of documents) {
      const { id, name, description, parameters, code } = fieldsOf(document);
      insert.run(id, name, description, parameters, code);
    }
    database.exec("COMMIT");
    const match = database.prepare(`SELECT id FROM t WHERE t MATCH ? ORDER BY rank LIMIT ${TOP}`);
    return Promise.resolve({
      search(query) {
        const expression = anyWord(query);
        return expression === "" ? [] : match.all(expression).map(({ id }) => String(id));
      },
      close: () => database.close(),
    });
  };
}

interface MiniSearch {
  addAll(documents: readonly Fields[]): void;
  search(query: string): readonly { readonly id: string }[];
}

interface Orama {
  create(options: object): object;
  insertMultiple(database: object, documents: readonly Fields[]): Promise<unknown>;
  search(
    database: object,
    options: object,
  ): Promise<{ readonly hits: readonly { readonly id: string }[] }>;
}

export const KEYWORD_PEERS: readonly System[] = [
  { name: "node:sqlite FTS5", open: fts5("") },
  { name: "node:sqlite FTS5, porter", open: fts5(", tokenize = 'porter'") },
  {
    name: "minisearch",
    async open({ documents }) {
      const { default: Search } = (await importForeign("minisearch")) as unknown as {
        readonly default: new (options: object) => MiniSearch;
      };
      const index = new Search({ fields: FIELDS });
      index.addAll(documents.map(fieldsOf));
      return {
        search: (query) =>
          index
            .search(query)
            .slice(0, TOP)
            .map(({ id }) => id),
      };
    },
  },
  {
    name: "@orama/orama",
    async open({ documents }) {
      const orama = (await importForeign("@orama/orama")) as unknown as Orama;
      const schema = Object.fromEntries(FIELDS.map((field) => [field, "string"]));
      const database = orama.create({ schema });
      await orama.insertMultiple(database, documents.map(fieldsOf));
      return {
        async search(term) {
          const { hits } = await orama.search(database, { term, limit: TOP });
          return hits.map(({ id }) => id);
        },
      };
    },
  },
];
