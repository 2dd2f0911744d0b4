import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { unitVector } from "../unit-vector.ts";

/**
 * The vectors of an answer of `/v1/embeddings`, in the order of the texts, of unit length. An entry
 * tells its place by `index`; vectors come as lists of numbers or as base64 of 32-bit floats.
 *
 * @throws {EMBEDDER_UNAVAILABLE} when it is not one sound vector for every text
 */
export function embeddingsAnswer(
  body: string,
  count: number,
  dimensions: number | undefined,
): readonly Float32Array[] {
  const data = entriesOf(body);
  if (data.length !== count) throw wrong(`${count} vectors`, String(data.length));
  const vectors = Array.from<Float32Array | undefined>({ length: count });
  let length = dimensions;
  for (const [at, entry] of data.entries()) {
    const { index = at, embedding } = (entry ?? {}) as { index?: unknown; embedding?: unknown };
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count)
      throw wrong(`an index below ${count}`, preview(index));
    const place = index as number;
    if (vectors[place] !== undefined) throw wrong("every index once", `${place} twice`);
    const vector = unitVector(componentsOf(embedding), length, `text ${place}`);
    length ??= vector.length;
    vectors[place] = vector;
  }
  return vectors as readonly Float32Array[];
}

function entriesOf(body: string): readonly unknown[] {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch (error) {
    throw wrong("JSON", `${body.length} characters that are not`, error);
  }
  const data = typeof answer === "object" && answer !== null && "data" in answer && answer.data;
  if (!Array.isArray(data)) throw wrong("a list `data`", "none");
  return data;
}

function componentsOf(embedding: unknown): ArrayLike<unknown> {
  if (Array.isArray(embedding)) return embedding;
  if (typeof embedding !== "string") throw wrong("an `embedding`", preview(embedding));
  const bytes = Buffer.from(embedding, "base64");
  if (bytes.length % 4 !== 0) throw wrong("32-bit floats", `${bytes.length} bytes`);
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}

function wrong(expected: string, found: string, cause?: unknown): RepertoireError {
  return new RepertoireError(
    "EMBEDDER_UNAVAILABLE",
    `Expected ${expected} in the endpoint's answer, got ${found}`,
    { cause },
  );
}
