import { describe, expect, test } from "vitest";
import { documentColumns, embeddingText } from "./document-text.ts";
import { indexDocument } from "./search-index.contract.ts";

const DOCUMENT = indexDocument("net/fetch_json", {
  name: "Fetch JSON",
  description: "Gets a page's data",
  category: "network",
  tags: ["http", "json"],
  parameters: "pageUrl: where it is",
  instructions: "Use it. Use it twice.",
  code: `export default async function (context) {
  // Retries on failure
  const apiResponse = await load("content-type", apiResponse);
}`,
});

describe("documentColumns", () => {
  test("splits every field into words", () => {
    expect(documentColumns(DOCUMENT)).toEqual({
      name: "fetch json",
      description: "gets a page data",
      tags: "http network net fetchjson",
      parameters: "url pageurl where it is",
      instructions: "use twice",
      code: "retries on failure api response apiresponse load content contenttype",
    });
  });

  test("has the string literals of the code", () => {
    const code =
      "export default () => { throw new Error(\"quota exceeded\", `retry after`, 'later'); };";
    expect(documentColumns(indexDocument("limiter", { name: "Limiter", code })).code).toBe(
      "error quota exceeded retry after later",
    );
  });

  test("bounds what long fields contribute", () => {
    const words = (letter: string): string =>
      Array.from(
        { length: 50_000 },
        (_, n) =>
          `${letter}${String(n).replaceAll(/\d/g, (digit) => "abcdefghij"[Number(digit)]!)}`,
      ).join(" ");
    const columns = documentColumns(
      indexDocument("big", { parameters: words("x"), instructions: words("y"), code: words("z") }),
    );
    expect(columns.code.split(" ")).toHaveLength(1000);
    expect(columns.instructions.split(" ")).toHaveLength(1000);
    expect(columns.parameters.length).toBeLessThan(64 * 1024);
  });
});

describe("embeddingText", () => {
  test("says what the skill is called, does, takes and is tagged with", () => {
    expect(embeddingText(DOCUMENT)).toBe(
      "Fetch JSON. Gets a page's data. page Url: where it is. http json",
    );
  });

  test("leaves out what is empty, and bounds the rest", () => {
    expect(embeddingText(indexDocument("a", { name: "Only a name" }))).toBe("Only a name");
    const long = indexDocument("a", { parameters: "word ".repeat(100_000) });
    expect(embeddingText(long).length).toBeLessThan(5000);
  });
});
