/** Queries are whatever somebody typed: each is answered, or refused with an error that says why. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noteDraft } from "../../../test/support/skill-draft.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { SearchResult } from "./searcher.ts";

const SKILLS = [
  { ...noteDraft("extract_emails"), description: "Find every e-mail address in a text" },
  { ...noteDraft("sort_numbers"), description: "Put a list of numbers in order" },
  { ...noteDraft("near_or_not"), description: "AND OR NOT NEAR are words like any other" },
  {
    ...noteDraft("uebersetzen"),
    name: "翻訳する",
    description: "Übersetzt einen Text 🦊 переводит текст",
  },
];

const ANSWERED: readonly (readonly [what: string, query: string])[] = [
  ["emoji alone", "🦊🧪👩‍👩‍👧"],
  ["punctuation alone", "?!… --- ***"],
  ["control characters", "\u0000\u0001\u001B[31memail\u007F"],
  ["a NUL within a word", "ema\u0000il"],
  ["a lone surrogate", "email \uD83D"],
  ["a byte order mark and zero widths", "\uFEFFemail\u200B\u200D\u2060"],
  ["right-to-left marks", "\u202Eliame\u202C \u200F"],
  ["SQL", "'; DROP TABLE documents; --"],
  ["SQL in a comment", "email /* */ UNION SELECT summary FROM documents"],
  ["an unbalanced double quote", 'email"'],
  ["double quotes alone", '""""""'],
  ["an FTS phrase and prefix", '"email address"* ^email'],
  ["FTS operators alone", "AND OR NOT NEAR"],
  ["an FTS column filter", "name : email - {name description} : text"],
  ["FTS NEAR", "NEAR(email address, 5)"],
  ["brackets", "((((email) AND ("],
  ["a question mark and parameters", "email ?1 :name @a $b"],
  ["wildcards", "% _ * e*"],
  ["a backslash", "\\ \\' \\\""],
  ["JSON", '{"query": ["email"]}'],
  ["a path", "../../etc/passwd"],
  ["Chinese and Japanese", "翻訳する 文字列"],
  ["Cyrillic", "переводит текст"],
  ["Arabic", "ترجمة النص"],
  ["Hindi, with combining marks", "पाठ का अनुवाद"],
  ["Thai, without spaces", "แปลข้อความ"],
  ["combining marks without letters", "\u0301\u0302\u0303"],
  ["a word of 2,000 characters", "x".repeat(2000)],
  ["a thousand words", "a ".repeat(1000)],
  [
    "sixty-six different words and more",
    Array.from({ length: 300 }, (_, at) => `w${at}`).join(" "),
  ],
  ["compounds of compounds", "a-b_c".repeat(300)],
  ["the names of an object's members", "__proto__ constructor toString hasOwnProperty"],
];

describe.each([["hybrid"], ["keyword"]] as const)("%s search", (mode) => {
  let place: TemporaryLibrary;

  beforeAll(async () => {
    place = await temporaryLibrary(mode === "keyword" ? { embedder: false } : {});
    await place.library.addMany(SKILLS);
  });

  afterAll(() => place[Symbol.asyncDispose]());

  /** Everything a sensible answer has, whatever was asked. */
  function checkAnswer({ matches, mode: found, modeReason, revision }: SearchResult): void {
    const ids = matches.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(SKILLS.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
    for (const { score } of matches) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
    expect(revision).toBe(SKILLS.length);
    if (found !== "hybrid") expect(modeReason).toEqual(expect.any(String));
  }

  test.each(ANSWERED)("%s is answered", async (_, query) => {
    checkAnswer(await place.library.search(query, { limit: 3 }));
  });

  test("any text within the limit is answered", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc
        .array(
          fc.constantFrom("email", '"', "*", "(", ")", "NEAR", "AND", ":", "^", "-", "'", "\u0000"),
        )
        .map((parts) => parts.join(" ")),
    );
    const notBlank = text.filter((query) => query.trim() !== "");
    await fc.assert(
      fc.asyncProperty(notBlank, async (query) =>
        checkAnswer(await place.library.search(query, { useCache: false })),
      ),
      { numRuns: 100 },
    );
  });

  test("operators and syntax change nothing about what the words find", async () => {
    const first = async (query: string): Promise<string | undefined> =>
      (await place.library.search(query)).matches[0]?.id;
    for (const query of [
      "email",
      "email*",
      '"email"',
      "^email",
      "NOT email",
      "name:email (",
      "-email",
    ])
      expect(await first(query)).toBe("extract_emails");
    expect(await first("NEAR OR NOT")).toBe("near_or_not");
    expect(await first("翻訳")).toBe("uebersetzen");
    expect(await first("переводит")).toBe("uebersetzen");
  });

  test.each([
    ["an empty query", ""],
    ["white space", " \t\r\n\u00A0\u2003"],
    ["no text", 7],
    ["nothing", undefined],
    ["a list", ["email"]],
  ])("%s is refused with what was expected", async (_, query) => {
    expect(await rejection(place.library.search(query as string))).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("Expected the query to be a text that is not empty"),
    });
  });

  test.each([2001, 100 * 1024, 10_000_000])("%i characters are too many", async (length) => {
    const refusal = await rejection(place.library.search("email ".repeat(length).slice(0, length)));
    expect(refusal).toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: { limit: "queryLength", max: 2000, actual: length },
    });
    expect((refusal as Error).message.length).toBeLessThan(200);
  });

  test.each([0, -1, -0.5, 1.5, 1001, 1e12, Number.NaN, Number.POSITIVE_INFINITY, "5", null])(
    "a limit of %s is refused",
    async (limit) => {
      expect(
        await rejection(place.library.search("email", { limit: limit as number })),
      ).toMatchObject({
        code: "INVALID_INPUT",
        details: { option: "limit", min: 1, max: 1000 },
      });
    },
  );

  test("the largest limit is answered with what there is", async () => {
    const { matches } = await place.library.search("text numbers words", { limit: 1000 });
    expect(matches.length).toBeLessThanOrEqual(SKILLS.length);
  });

  test.each([
    [{ category: "'; DROP TABLE skills; --" }],
    [{ category: "no\u0000thing" }],
    [{ tags: ["%", '"', "\u0000", "🦊"] }],
    [{ tags: Array.from({ length: 2000 }, (_, at) => `tag${at}`) }],
  ])("filters are never syntax: %j", async (filter) => {
    expect((await place.library.search("email", filter)).matches).toEqual([]);
  });
});
