/** A set of tools, queries and judgements in a folder: tools.jsonl, queries.jsonl and qrels.tsv. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { IndexDocument } from "../../src/search/search-index.ts";

export interface JudgedQuery {
  readonly text: string;
  /** Ids of the tools that are right. */
  readonly right: readonly string[];
}

export interface RetrievalSet {
  readonly name: string;
  readonly documents: readonly IndexDocument[];
  readonly queries: readonly JudgedQuery[];
}

interface ToolLine {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly code?: string;
}

/** Every set in a folder of sets, in order of name. */
export function readSets(folder: string): readonly RetrievalSet[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "tools.jsonl")))
    .toSorted()
    .map((name) => readSet(join(folder, name), name));
}

function readSet(folder: string, name: string): RetrievalSet {
  const right = new Map<string, string[]>();
  for (const line of lines(join(folder, "qrels.tsv")).slice(1)) {
    const [query = "", tool = ""] = line.split("\t");
    right.set(query, [...(right.get(query) ?? []), tool]);
  }
  const queries = lines(join(folder, "queries.jsonl")).map(
    (line) => JSON.parse(line) as { readonly id: string; readonly text: string },
  );
  return {
    name,
    documents: lines(join(folder, "tools.jsonl")).map((line) =>
      skillDocument(JSON.parse(line) as ToolLine),
    ),
    queries: queries
      .map(({ id, text }) => ({ text, right: right.get(id) ?? [] }))
      .filter((query) => query.right.length > 0),
  };
}

function lines(path: string): readonly string[] {
  return readFileSync(path, "utf8").trim().split("\n");
}

/** A skill of a set; parameters are their descriptions by name. */
export function skillDocument({
  id,
  name,
  description,
  parameters = {},
  code = "",
}: ToolLine): IndexDocument {
  return {
    summary: {
      id,
      version: 1,
      name,
      description,
      category: "general",
      tags: [],
      status: "active",
      executable: true,
      updatedAt: "2026-01-01T00:00:00.000Z",
    },
    parameters: Object.entries(parameters)
      .map(([parameter, about]) => `${parameter} ${String(about)}`)
      .join(" "),
    instructions: "",
    code,
  };
}

/** At most `count` items, spread evenly. */
export function spread<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, n) => items[Math.floor((n * items.length) / count)]!);
}
