import { describe, expect, test } from "vitest";
import type { RepertoireError } from "../../base/errors.ts";
import { parseItems, parseJson, parseJsonOption } from "./read-input.ts";
import type { Item } from "./read-input.ts";

function brief(items: readonly Item[]): unknown[] {
  return items.map(({ file: _, ...item }) =>
    "error" in item ? { ...item, error: item.error.message } : item,
  );
}

describe("parseJson", () => {
  test("tells file, line and column of what is not JSON", () => {
    const error = caught(() => parseJson({ name: "a.json", text: '{\n  "a": 1,\n  b: 2\n}' }));
    expect({ code: error.code, message: error.message, details: error.details }).toEqual({
      code: "INVALID_INPUT",
      message: 'a.json:3:3 is not JSON: unexpected "b: 2"',
      details: { file: "a.json", line: 3, column: 3 },
    });
  });

  test("tells a text that ends too early, and one that is empty", () => {
    expect(caught(() => parseJson({ name: "a.json", text: '{"a":\n' })).message).toBe(
      "a.json:2:1 is not JSON: unexpected the end of the text",
    );
    expect(caught(() => parseJson({ name: "a.json", text: "\n" })).message).toBe(
      "a.json is empty; expected JSON",
    );
  });
});

describe("parseItems", () => {
  test("takes a document, over several lines too, as one item", () => {
    const text = '{\n"a": [\n{"b": 1}\n]\n}';
    expect(brief(parseItems({ name: "a.json", text }))).toEqual([{ value: { a: [{ b: 1 }] } }]);
  });

  test("takes the elements of an array as items", () => {
    expect(brief(parseItems({ name: "-", text: "[1, {}]" }))).toEqual([
      { index: 0, value: 1 },
      { index: 1, value: {} },
    ]);
  });

  test("takes each line of JSON Lines by itself, with its own error", () => {
    const text = '{"id":"a"}\r\n\n{"id":\n{"id":"b"}\n';
    expect(brief(parseItems({ name: "(stdin)", text }))).toEqual([
      { line: 1, value: { id: "a" } },
      { line: 3, error: "(stdin):3:7 is not JSON: unexpected the end of the text" },
      { line: 4, value: { id: "b" } },
    ]);
  });

  test("takes a single line of a .jsonl file as a line", () => {
    expect(brief(parseItems({ name: "a.jsonl", text: "[1]\n" }))).toEqual([
      { line: 1, value: [1] },
    ]);
  });

  test("reports a malformed document once, at its own line", () => {
    const text = '{\n  "examples": [\n    { "context": {} }\n    { "context": {} }\n  ]\n}';
    expect(brief(parseItems({ name: "a.json", text }))).toEqual([
      { error: 'a.json:4:5 is not JSON: unexpected "{ \\"context\\": {} }"' },
    ]);
  });
});

test("parseJsonOption names the option in its error", async () => {
  const { signal } = new AbortController();
  await expect(parseJsonOption("--context", '{"a":1}', signal)).resolves.toEqual({ a: 1 });
  await expect(parseJsonOption("--context", "{a:1}", signal)).rejects.toThrow(
    '--context:1:2 is not JSON: unexpected "a:1}"',
  );
});

function caught(work: () => unknown): RepertoireError {
  try {
    work();
  } catch (error) {
    return error as RepertoireError;
  }
  throw new Error("nothing was thrown");
}
