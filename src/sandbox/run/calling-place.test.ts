import { expect, test } from "vitest";
import { callingPlace } from "./calling-place.ts";

/** The place of `@` in a text, and the text without it. */
function marked(text: string): {
  readonly code: string;
  readonly line: number;
  readonly column: number;
} {
  const before = text.slice(0, text.indexOf("@")).split("\n");
  return {
    code: text.replace("@", ""),
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
  };
}

test.each([
  [
    "an argument some lines down",
    "x;\nawait h.tool(\n  'a',\n  {\n    b: @c.b ?? 1,\n  },\n);",
    2,
    9,
  ],
  ["an argument in the same line", "await host.tool('a', @c.b);", 1, 12],
  ["an argument that is a call", "await host.tool('a', @f(1).b);", 1, 12],
  ["a call within the arguments of another", "await host.tool(host.tool('a', @c.b).x);", 1, 22],
  ["an argument behind a finished call", "await host.tool(f(1), g(2), @c.b);", 1, 12],
  ["a method taken from its host", "const { tool } = host;\nawait tool(\n  @c.b);", 2, 7],
  ["an optional call", "await host?.tool?.(\n@c.b);", 1, 13],
])("%s belongs to its call", (_what, text, line, column) => {
  const { code, ...place } = marked(text);
  expect(callingPlace(code, place, "tool")).toEqual({ line, column });
});

test.each([
  ["at the call", "await @host.tool(c.b);"],
  ["at its name", "await host.@tool(c.b);"],
  ["after the call", "await host.tool(c.b); @f();"],
  ["of another method", "await host.fetch(@c.b);"],
  ["nowhere near one", "@throw 1;"],
])("a place %s is left as it is", (_what, text) => {
  const { code, ...place } = marked(text);
  expect(callingPlace(code, place, "tool")).toEqual(place);
});

test("a place outside the source is left as it is", () => {
  expect(callingPlace("tool(", { line: 9, column: 9 }, "tool")).toEqual({ line: 9, column: 9 });
});
