/** Other engines over the same words, each answering with ids. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { documentColumns } from "../../src/search/document-text.ts";
import { queryTerms } from "../../src/search/query-terms.ts";
import type { IndexDocument } from "../../src/search/search-index.ts";
import { MODULES } from "../foreign-modules.ts";

export interface Peer {
  readonly name: string;
  /** Beyond it building takes minutes, or more memory than a process gets. */
  readonly maxSkills: number;
  /** Builds it; `undefined` when its package is not installed. */
  open(documents: Iterable<IndexDocument>): Promise<OpenPeer | undefined>;
}

export interface OpenPeer {
  search(text: string): unknown;
  close(): void;
}

const LIMIT = 10;

export const bareFts5: Peer = {
  name: "bare FTS5, bm25, keywords alone",
  maxSkills: 1_000_000,
  open(documents) {
    const database = new DatabaseSync(":memory:");
    database.exec(
      `CREATE VIRTUAL TABLE t USING fts5 (name, description, tags, parameters, instructions, code,
         content = '', contentless_delete = 1, tokenize = 'porter unicode61'); BEGIN`,
    );
    const insert = database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)");
    for (const document of documents) {
      const { name, description, tags, parameters, instructions, code } = documentColumns(document);
      insert.run(name, description, tags, parameters, instructions, code);
    }
    database.exec("COMMIT");
    const match = database.prepare(
      `SELECT rowid FROM t WHERE t MATCH ? ORDER BY bm25(t) LIMIT ${LIMIT}`,
    );
    return Promise.resolve({
      search: (text) =>
        match.all(
          queryTerms(text)
            .map((term) => `"${term}"`)
            .join(" OR ") || '""',
        ),
      close: () => database.close(),
    });
  },
};

interface MiniSearchModule {
  readonly default: new (options: object) => {
    addAll(documents: readonly object[]): void;
    search(text: string): readonly unknown[];
  };
}

const miniSearch: Peer = {
  name: "MiniSearch, keywords alone",
  maxSkills: 100_000,
  async open(documents) {
    const found = await installed<MiniSearchModule>("minisearch");
    if (found === undefined) return undefined;
    const index = new found.default({ fields: ["name", "description", "parameters"] });
    index.addAll([...documents].map(plain));
    return { search: (text) => index.search(text).slice(0, LIMIT), close: () => undefined };
  },
};

interface OramaModule {
  create(options: object): unknown;
  insertMultiple(database: unknown, documents: readonly object[], batch: number): Promise<unknown>;
  search(database: unknown, query: object): unknown;
}

const orama: Peer = {
  name: "Orama, keywords alone",
  maxSkills: 100_000,
  async open(documents) {
    const found = await installed<OramaModule>("@orama/orama");
    if (found === undefined) return undefined;
    const schema = { name: "string", description: "string", parameters: "string" };
    const database = found.create({ schema });
    await found.insertMultiple(database, [...documents].map(plain), 1000);
    return {
      search: (term) => found.search(database, { term, limit: LIMIT }),
      close: () => undefined,
    };
  },
};

export const PEERS: readonly Peer[] = [bareFts5, miniSearch, orama];

function plain({ summary, parameters }: IndexDocument): object {
  const { id, name, description } = summary;
  return { id, name, description, parameters };
}

async function installed<Module>(name: string): Promise<Module | undefined> {
  if (MODULES === undefined) return undefined;
  try {
    const path = createRequire(join(MODULES, "package.json")).resolve(name);
    return (await import(path)) as Module;
  } catch {
    return undefined;
  }
}
