import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidDraftError } from "../base/errors.ts";
import type { Issue } from "../base/errors.ts";
import { draftParser } from "./parse-draft.ts";

const parse = draftParser();
const MINIMAL = { id: "a", name: "A", description: "Does a", code: "export default () => 1" };

function issuesOf(draft: unknown): readonly Issue[] {
  try {
    parse(draft);
  } catch (error) {
    if (error instanceof InvalidDraftError) return error.issues;
    throw error;
  }
  return [];
}

const pathsOf = (draft: unknown): string[] => issuesOf(draft).map((issue) => issue.path);

describe("a draft that is fine", () => {
  test("gets the documented defaults", () => {
    expect(parse(MINIMAL)).toEqual({
      id: "a",
      status: "active",
      author: undefined,
      definition: {
        name: "A",
        description: "Does a",
        category: "general",
        tags: [],
        language: "javascript",
        code: "export default () => 1",
        capabilities: { tools: [], skills: [], fetch: [] },
        examples: [],
        limits: {},
        metadata: {},
      },
    });
  });

  test("may name a namespace, and repeat a tag", () => {
    const parsed = parse({ ...MINIMAL, id: "acme/a-1_b", tags: ["x", "y", "x"] });
    expect(parsed.id).toBe("acme/a-1_b");
    expect(parsed.definition.tags).toEqual(["x", "y"]);
  });

  test("may leave fields undefined", () => {
    expect(parse({ ...MINIMAL, tags: undefined, output: undefined })).toEqual(parse(MINIMAL));
  });

  test("needs no code when it has instructions", () => {
    const { code: _, ...rest } = MINIMAL;
    expect(parse({ ...rest, instructions: "# Read me" }).definition.instructions).toBe("# Read me");
  });
});

describe("a draft that is wrong", () => {
  test("lists every issue at once, each with path, expectation and value", () => {
    expect(issuesOf({ id: "A", name: "", description: 5 })).toEqual([
      {
        path: "id",
        message: "this does not fit",
        expected:
          'lower-case letters, digits, "_" and "-", at most 64 characters, optionally after a namespace of the same form and "/"',
        received: '"A"',
      },
      {
        path: "name",
        message: "this does not fit",
        expected: "a string of 1 to 128 characters",
        received: '""',
      },
      {
        path: "description",
        message: "this does not fit",
        expected: "a string of 1 to 1024 characters",
        received: "5",
      },
    ]);
  });

  test("has unknown fields named with the nearest known one, at every depth", () => {
    const draft = {
      ...MINIMAL,
      desciption: "x",
      limits: { timeoutMS: 5 },
      examples: [{ context: {}, results: 1 }],
    };
    expect(issuesOf(draft).map(({ path, message }) => [path, message])).toEqual([
      ["examples[0].results", "there is no such field, did you mean `result`?"],
      ["limits.timeoutMS", "there is no such field, did you mean `timeoutMs`?"],
      ["desciption", "there is no such field, did you mean `description`?"],
    ]);
  });

  test.each([
    ["a/../b"],
    ["../a"],
    ["a/b/c"],
    ["a b"],
    [""],
    ["-a"],
    ["a".repeat(65)],
    ["__proto__"],
    ["a\0"],
    [{ toString: () => "a" }.toString],
  ])("refuses the id %j", (id) => {
    expect(issuesOf({ ...MINIMAL, id })).toHaveLength(1);
  });

  test("names a __proto__ key, which JSON text can carry", () => {
    const draft = JSON.parse(
      `{"id":"a","name":"A","description":"d","metadata":{"deep":{"__proto__":1}}}`,
    ) as unknown;
    expect(issuesOf(draft)).toEqual([
      {
        path: "metadata.deep.__proto__",
        message: "this is not JSON",
        expected: "JSON",
        received: "the reserved key __proto__",
      },
    ]);
  });

  test("refuses lone surrogates, cycles, functions and BigInt with their place", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    expect(issuesOf({ ...MINIMAL, name: "\ud800" })[0]).toMatchObject({
      path: "name",
      received: "a string with a lone surrogate",
    });
    expect(issuesOf({ ...MINIMAL, metadata: cyclic })[0]).toMatchObject({
      path: "metadata.self",
      received: "a cycle",
    });
    expect(issuesOf({ ...MINIMAL, metadata: { f: () => 1 } })[0]).toMatchObject({
      path: "metadata.f",
      received: "a function",
    });
    expect(issuesOf({ ...MINIMAL, metadata: { n: 1n } })[0]).toMatchObject({
      path: "metadata.n",
      received: "a BigInt",
    });
  });

  test("refuses ten megabytes of code, and says how much is allowed", () => {
    expect(issuesOf({ ...MINIMAL, code: "x".repeat(10_000_000) })).toEqual([
      {
        path: "code",
        message: "this does not fit",
        expected: "a string of at most 262144 bytes in UTF-8",
        received: expect.stringMatching(/^"x{50,60}…$/) as string,
      },
    ]);
  });

  test("needs code or instructions", () => {
    expect(pathsOf({ id: "a", name: "A", description: "d" })).toEqual(["code"]);
  });

  test("can not ask for both a result and an error of an example", () => {
    expect(pathsOf({ ...MINIMAL, examples: [{ context: {}, result: 1, error: "E" }] })).toEqual([
      "examples[0]",
    ]);
  });

  test("can not ask for more than the host's maxima", () => {
    expect(pathsOf({ ...MINIMAL, limits: { timeoutMs: 600_001, memoryBytes: 1 } })).toEqual([
      "limits.timeoutMs",
      "limits.memoryBytes",
    ]);
  });

  test.each([[null], [undefined], [5], ["text"], [[]]])("refuses %j", (draft) => {
    expect(issuesOf(draft)).toHaveLength(1);
  });
});

test("whatever it is given, it either parses or lists issues", () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
      (input) => {
        expect(issuesOf({ ...MINIMAL, metadata: { input } }).length).toBeGreaterThanOrEqual(0);
        expect(issuesOf(input).length).toBeGreaterThan(0);
      },
    ),
  );
});

test("the fields of a stored skill are refused with the way to make a draft of it", () => {
  expect(issuesOf({ ...MINIMAL, version: 2 })).toEqual([
    {
      path: "version",
      message: "a draft has no such field, only a stored skill has",
      expected: "a draft; `draftOf(skill)` makes one of a stored skill",
      received: "2",
    },
  ]);
});
