import { describe, expect, test } from "vitest";
import type { Parameter } from "./declaration.ts";
import { documentedExamples, type DocumentedExamples } from "./documented-examples.ts";

/** A function whose own answers are never what the comments say. */
const scope = { f: () => "computed", isOdd: (n: number) => n % 2 === 1 };

const names = (...list: string[]): Parameter[] =>
  list.map((name) => ({
    name: name.replace("...", ""),
    schema: {},
    required: true,
    rest: name.startsWith("..."),
  }));

const read = (block: string, parameters = names("a", "b")): Promise<DocumentedExamples> =>
  documentedExamples("f", { parameters, examples: [block] }, scope);

describe("an example block", () => {
  test("gives the arguments by name and the result its comment states", async () => {
    const block = `const users = [{ id: 1 }];
      f(users, 2);
      // => 'documented'
      const result = await f(users);
      console.log(result); // [1]`;
    expect(await read(block)).toEqual({
      examples: [
        { context: { a: [{ id: 1 }], b: 2 }, result: "documented" },
        { context: { a: [{ id: 1 }] }, result: [1] },
      ],
      skipped: [],
    });
  });

  test("may announce the result above the call, be TypeScript and declare a name twice", async () => {
    expect((await read("// Returns [0, 1]\nf<number>(2);")).examples).toEqual([
      { context: { a: 2 }, result: [0, 1] },
    ]);
    const twice = "const x: string = f('a'); // true\nconst x: string = f('b'); // false";
    expect((await read(twice)).examples).toEqual([
      { context: { a: "a" }, result: true },
      { context: { a: "b" }, result: false },
    ]);
  });

  test("shows the arguments as they are before the call changes them", async () => {
    const pushing = { f: (list: number[]) => list.push(9) };
    const block = "const list = [1];\nf(list); // => 2\nf(list); // => 3";
    const declaration = { parameters: names("list"), examples: [block] };
    expect((await documentedExamples("f", declaration, pushing)).examples).toEqual([
      { context: { list: [1] }, result: 2 },
      { context: { list: [1, 9] }, result: 3 },
    ]);
  });

  test("gathers rest arguments in an array", async () => {
    expect((await read("f(1, 2, 3); // => 6", names("first", "...others"))).examples).toEqual([
      { context: { first: 1, others: [2, 3] }, result: 6 },
    ]);
  });

  test("passes functions as their source, built-ins by name", async () => {
    const block = "const isEven = n => n % 2 === 0;\nf(isEven, { by: Math.floor }); // => 1";
    expect((await read(block)).examples).toEqual([
      {
        context: { a: { $function: "n => n % 2 === 0" }, b: { by: { $function: "Math.floor" } } },
        result: 1,
      },
    ]);
  });

  test("is left out with a reason when JSON can not carry it", async () => {
    const block = `const limit = 3;
      f(n => n < limit); // => 1
      f(new Map()); // => 2
      f([undefined]); // => 3
      f(1, 2, 3); // => 4
      f(missing()); // => 5`;
    expect(await read(block)).toEqual({
      examples: [],
      skipped: [
        "a callback is not self-contained (limit)",
        "an argument is not JSON (Map)",
        "an argument is not JSON (undefined)",
        "the call has more arguments than the signature",
        "the example does not run here (missing is not defined)",
      ],
    });
  });
});
