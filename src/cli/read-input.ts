/** Text and JSON from files and standard input. What is malformed is reported with file, line and column. */
import { readFile, stat } from "node:fs/promises";
import { cancelledError } from "../base/abort.ts";
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { JsonValue } from "../base/json.ts";
import { jsonErrorOffset } from "./json-error-offset.ts";

/** Text and the name it is known by in messages. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** One of several values of an input, or why it is none. */
export type Item = { readonly file: string; readonly line?: number } & (
  | { readonly value: JsonValue }
  | { readonly error: RepertoireError }
);

/**
 * @param path a file, or `-` for standard input
 * @throws {INVALID_INPUT} when it can not be read or is not UTF-8
 */
export async function readSource(path: string, signal: AbortSignal): Promise<Source> {
  const name = path === "-" ? "(stdin)" : path;
  const bytes = path === "-" ? await readStdin(signal) : await readBytes(path);
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
      ? (value as readonly JsonValue[]).map((element) => ({ file: name, value: element }))
      : [{ file: name, value }];
  } catch (error) {
    if (error instanceof RepertoireError) return [{ file: name, error }];
    throw error;
  }
}

/**
 * The JSON of an option that takes JSON, `@file`, or `-` for standard input.
 *
 * @throws {INVALID_INPUT} when it is not JSON
 */
export async function parseJsonOption(
  option: string,
  given: string,
  signal: AbortSignal,
): Promise<JsonValue> {
  if (given === "-") return parseJson(await readSource("-", signal));
  if (given.startsWith("@")) return parseJson(await readSource(given.slice(1), signal));
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

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    if ((await stat(path)).isDirectory())
      throw invalid(path, `${path} is a directory; expected a file`, undefined);
    return await readFile(path);
  } catch (error) {
    if (error instanceof RepertoireError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : message;
    throw invalid(path, `${path} can not be read: ${why}`, error);
  }
}

async function readStdin(signal: AbortSignal): Promise<Uint8Array> {
  const stop = (): void => {
    process.stdin.destroy(cancelledError(signal, "Reading standard input"));
  };
  if (signal.aborted) throw cancelledError(signal, "Reading standard input");
  signal.addEventListener("abort", stop, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
    return Buffer.concat(chunks);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function invalid(file: string, message: string, cause: unknown): RepertoireError {
  return new RepertoireError("INVALID_INPUT", message, { cause, details: { file } });
}
