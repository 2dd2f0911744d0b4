/** Text and JSON from files and standard input. What is malformed is reported with file, line and column. */
import { createReadStream } from "node:fs";
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { cancelledError } from "../../base/abort.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { JsonValue } from "../../base/json.ts";
import { LIMITS } from "../../base/limits.ts";
import { jsonErrorOffset } from "./json-error-offset.ts";

/** Text and the name it is known by in messages. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** One of several values of an input, or why it is none; `index` is its place in a JSON array. */
export type Item = { readonly file: string; readonly line?: number; readonly index?: number } & (
  | { readonly value: JsonValue }
  | { readonly error: RepertoireError }
);

/** Far more than any file of drafts or items; without a bound an endless input would fill the memory. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/**
 * @param path a regular file, or `-` for standard input; reading a pipe or a device by its name
 *   could block for ever, and could not be cancelled
 * @throws {INVALID_INPUT} when it can not be read or is not UTF-8
 * @throws {LIMIT_EXCEEDED} when it has more than `maxBytes` (default: 256 MiB)
 */
export async function readSource(
  path: string,
  signal: AbortSignal,
  maxBytes = MAX_FILE_BYTES,
): Promise<Source> {
  const name = path === "-" ? "(stdin)" : path;
  const bytes = await readBytes(path, name, { signal, maxBytes });
  try {
    return { name, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    throw invalid(name, `${name} is not text in UTF-8; save it as UTF-8`, error);
  }
}

/** @throws {INVALID_INPUT} with file, line and column when the text is not JSON */
export function parseJson({ name, text }: Source, firstLine = 1): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (text.trim() === "") throw invalid(name, `${name} is empty; expected JSON`, error);
    const offset = jsonErrorOffset(text);
    const before = text.slice(0, offset);
    const line = before.split("\n").length - 1 + firstLine;
    const column = offset - before.lastIndexOf("\n");
    const found =
      offset >= text.trimEnd().length
        ? "the end of the text"
        : preview(text.slice(offset).split("\n")[0], 30);
    throw new RepertoireError(
      "INVALID_INPUT",
      `${name}:${line}:${column} is not JSON: unexpected ${found}`,
      { cause: error, details: { file: name, line, column } },
    );
  }
}

/**
 * The values of a JSON document (the elements, when it is an array) or of JSON Lines, of which
 * each line stands for itself: a malformed one does not spoil the others.
 */
export function parseItems(source: Source): readonly Item[] {
  const { name, text } = source;
  if (/\.(?:jsonl|ndjson)$/i.test(name) || isJsonLines(text)) return parseLines(source);
  try {
    const value = parseJson(source);
    return Array.isArray(value)
      ? (value as readonly JsonValue[]).map((element, index) => ({
          file: name,
          index,
          value: element,
        }))
      : [{ file: name, value }];
  } catch (error) {
    if (error instanceof RepertoireError) return [{ file: name, error }];
    throw error;
  }
}

/**
 * The JSON of an option that takes JSON, `@file`, or `-` for standard input: the context of a run.
 *
 * @throws {INVALID_INPUT} when it is not JSON
 * @throws {LIMIT_EXCEEDED} when it is larger than any context may be
 */
export async function parseJsonOption(
  option: string,
  given: string,
  signal: AbortSignal,
): Promise<JsonValue> {
  const path = given.startsWith("@") ? given.slice(1) : given === "-" ? "-" : undefined;
  if (path !== undefined) return parseJson(await readSource(path, signal, LIMITS.contextBytes));
  return parseJson({ name: option, text: given });
}

function parseLines({ name, text }: Source): readonly Item[] {
  return text.split("\n").flatMap((content, index): readonly Item[] => {
    if (content.trim() === "") return [];
    const line = index + 1;
    try {
      return [{ file: name, line, value: parseJson({ name, text: content }, line) }];
    } catch (error) {
      if (error instanceof RepertoireError) return [{ file: name, line, error }];
      throw error;
    }
  });
}

/** Several lines of which one is an object by itself, and starts its line as no nested object does. */
function isJsonLines(text: string): boolean {
  if (isJson(text)) return false;
  return text.split("\n").some((line) => line.startsWith("{") && isJson(line));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That it is not is the answer.
    return false;
  }
}

interface ReadLimits {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
}

async function readBytes(path: string, name: string, limits: ReadLimits): Promise<Uint8Array> {
  if (path === "-") return readStream(process.stdin, "Reading standard input", name, limits);
  try {
    const found = await stat(path);
    if (!found.isFile())
      throw invalid(
        path,
        `${path} is ${kindOf(found)}; expected a regular file, or - for standard input`,
        undefined,
      );
    if (found.size > limits.maxBytes) throw tooLarge(name, limits.maxBytes);
    return await readStream(createReadStream(path), `Reading ${path}`, name, limits);
  } catch (error) {
    if (error instanceof RepertoireError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : message;
    throw invalid(path, `${path} can not be read: ${why}`, error);
  }
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a directory";
  if (found.isFIFO()) return "a pipe";
  return found.isSocket() ? "a socket" : "a device";
}

async function readStream(
  stream: Readable,
  what: string,
  name: string,
  { signal, maxBytes }: ReadLimits,
): Promise<Uint8Array> {
  const stop = (): void => {
    stream.destroy(cancelledError(signal, what));
  };
  if (signal.aborted) throw cancelledError(signal, what);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(name, maxBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function tooLarge(file: string, maxBytes: number): RepertoireError {
  return new RepertoireError(
    "LIMIT_EXCEEDED",
    `${file} has more than ${maxBytes} bytes, the most that is read here`,
    { details: { file, maxBytes } },
  );
}

function invalid(file: string, message: string, cause: unknown): RepertoireError {
  return new RepertoireError("INVALID_INPUT", message, { cause, details: { file } });
}
