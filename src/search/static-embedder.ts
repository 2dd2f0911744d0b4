/**
 * The default embedder: a table with one row per WordPiece token, whose mean is the text's vector.
 * It needs no model runtime and takes some 25 microseconds for a short text. English only.
 */
import { nextRound } from "../base/loop-turns.ts";
import { readFile } from "node:fs/promises";
import { RepertoireError } from "../base/errors.ts";
import { throwIfAborted } from "../base/abort.ts";
import { systemClock } from "../base/clock.ts";
import type { Embedder } from "./embedder.ts";
import { wordPieceTokenizer, type WordPieceTokenizer } from "./word-piece.ts";
import { spellOutIdentifiers } from "./words.ts";

export const STATIC_EMBEDDER_ID = "static-tl256";

const DIMENSIONS = 256;

/** src/ and dist/ both stand one level below the package root, so one path serves both. */
const BUNDLED = new URL("../../assets/static-embedding/", import.meta.url);

/** How long it computes before other work gets a turn. */
const TURN_MS = 2;

export interface StaticEmbedderOptions {
  /** Folder of the table, ending in a slash (default: the one in this package). */
  readonly directory?: URL;
}

interface Table {
  readonly tokenizer: WordPieceTokenizer;
  readonly rows: Int8Array;
  readonly scales: Float32Array;
}

const tables = new Map<string, Promise<Table>>();

/**
 * The embedder `static-tl256`, of 256 dimensions. The table (8 MB) is read when the first text is
 * embedded, once per process.
 *
 * @throws {STORE_CORRUPT} on embedding, when the table is missing or incomplete
 */
export function staticEmbedder(options: StaticEmbedderOptions = {}): Promise<Embedder> {
  const directory = options.directory ?? BUNDLED;
  return Promise.resolve({
    id: STATIC_EMBEDDER_ID,
    dimensions: DIMENSIONS,
    async embed(texts, _kind, signal) {
      throwIfAborted(signal, "Embedding");
      const table = await sharedTable(directory);
      throwIfAborted(signal, "Embedding");
      const vectors: Float32Array[] = [];
      let turnEndsMs = systemClock.monotonicMs() + TURN_MS;
      for (const text of texts) {
        if (systemClock.monotonicMs() >= turnEndsMs) {
          await nextRound();
          throwIfAborted(signal, "Embedding");
          turnEndsMs = systemClock.monotonicMs() + TURN_MS;
        }
        vectors.push(embedText(table, text));
      }
      return vectors;
    },
  });
}

function sharedTable(directory: URL): Promise<Table> {
  const known = tables.get(directory.href);
  if (known) return known;
  const loading = loadTable(directory);
  tables.set(directory.href, loading);
  // A failed read is tried again by the next caller; this one still sees the error.
  loading.catch(() => tables.delete(directory.href));
  return loading;
}

async function loadTable(directory: URL): Promise<Table> {
  const [vocabularyText, rows, scales] = await Promise.all(
    ["vocab.txt", "tl256.i8", "tl256.scale.f32"].map((file) => readAsset(new URL(file, directory))),
  );
  const vocabulary = vocabularyText!.toString("utf8").trimEnd().split("\n");
  if (
    rows!.length !== vocabulary.length * DIMENSIONS ||
    scales!.length !== vocabulary.length * Float32Array.BYTES_PER_ELEMENT
  ) {
    throw damagedTable(directory, `${vocabulary.length} tokens, ${rows!.length} bytes of rows`);
  }
  return {
    tokenizer: await wordPieceTokenizer(vocabulary),
    rows: new Int8Array(rows!.buffer, rows!.byteOffset, rows!.length),
    scales: readFloats(scales!),
  };
}

function readFloats(bytes: Buffer): Float32Array {
  const floats = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  for (let at = 0; at < floats.length; at++)
    floats[at] = bytes.readFloatLE(at * Float32Array.BYTES_PER_ELEMENT);
  return floats;
}

async function readAsset(file: URL): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw damagedTable(file, "it can not be read", error);
  }
}

function damagedTable(where: URL, found: string, cause?: unknown): RepertoireError {
  return new RepertoireError(
    "STORE_CORRUPT",
    `The embedding table ${where.href} is damaged: ${found}; reinstall the package`,
    { cause },
  );
}

function embedText(table: Table, text: string): Float32Array {
  const { rows, scales, tokenizer } = table;
  const sum = new Float32Array(DIMENSIONS);
  for (const token of tokenizer.tokenize(spellOutIdentifiers(text))) {
    const scale = scales[token]!;
    const start = token * DIMENSIONS;
    for (let i = 0; i < DIMENSIONS; i++) sum[i]! += rows[start + i]! * scale;
  }
  let squares = 0;
  for (let i = 0; i < DIMENSIONS; i++) squares += sum[i]! * sum[i]!;
  // The mean differs from the sum by a factor that scaling to unit length removes.
  if (squares > 0) {
    const factor = 1 / Math.sqrt(squares);
    for (let i = 0; i < DIMENSIONS; i++) sum[i]! *= factor;
  }
  return sum;
}
