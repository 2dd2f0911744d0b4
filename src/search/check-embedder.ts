/** What an embedder says of itself, checked before anything is named after it or made in its size. */
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { Embedder } from "./embedder.ts";

/** Several times what the largest models give; far beyond, one vector alone would fill the memory. */
const MAX_DIMENSIONS = 65_536;

/** @throws {INVALID_INPUT} unless the value can be used as an embedder */
export function checkEmbedder(value: unknown): asserts value is Embedder {
  const { id, dimensions, batchSize, embed } = (value ?? {}) as Record<string, unknown>;
  if (typeof embed !== "function")
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`embedder\` to be false or an embedder { id, dimensions, embed }, such as functionEmbedder and httpEmbedder make, got ${preview(value)}`,
    );
  checkId(id);
  checkDimensions(dimensions);
  if (batchSize !== undefined) checkCount("batchSize", batchSize);
}

/** @throws {INVALID_INPUT} unless it is a text that is not empty and can be stored as it is */
export function checkId(id: unknown): asserts id is string {
  if (typeof id === "string" && id !== "" && id.isWellFormed()) return;
  throw wrongOption("id", "a text that is not empty, without half a surrogate pair", id);
}

/** @throws {INVALID_INPUT} unless it is a length that vectors can have */
export function checkDimensions(value: unknown): asserts value is number {
  checkCount("dimensions", value);
  if ((value as number) <= MAX_DIMENSIONS) return;
  throw wrongOption("dimensions", `at most ${MAX_DIMENSIONS}`, value);
}

/** @throws {INVALID_INPUT} unless it is a positive integer */
export function checkCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) > 0) return;
  throw wrongOption(name, "a positive integer", value);
}

function wrongOption(name: string, expected: string, found: unknown): RepertoireError {
  return new RepertoireError(
    "INVALID_INPUT",
    `Expected the embedder's \`${name}\` to be ${expected}, got ${preview(found)}`,
  );
}
