import { createHash } from "node:crypto";
import type { Embedder } from "../search/embedder.ts";

const MAX_NAME_CHARACTERS = 100;

/** Vectors of different embedders never share a file, whatever their ids are made of. */
export function indexName(embedder: Embedder | undefined): string {
  if (embedder === undefined) return "index.sqlite";
  const name = embedder.id.replaceAll(/[^\w.-]/g, "_").slice(0, MAX_NAME_CHARACTERS);
  if (name === embedder.id) return `index-${name}.sqlite`;
  const hash = createHash("sha256").update(embedder.id).digest("hex").slice(0, 8);
  return `index-${name}-${hash}.sqlite`;
}
