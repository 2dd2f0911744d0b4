import { expect, test } from "vitest";
import { checkSchema } from "./check-schema.ts";

const messages = async (schema: object | boolean): Promise<string[]> =>
  (await checkSchema("input", schema as never)).map(({ path, message }) => `${path}: ${message}`);

test("a schema of draft 2020-12 is fine, and so are booleans", async () => {
  expect(
    await messages({
      type: "object",
      properties: { a: { type: "string", pattern: "^a" } },
      required: ["a"],
    }),
  ).toEqual([]);
  expect(
    await messages({ $defs: { n: { type: "number" } }, prefixItems: [{ $ref: "#/$defs/n" }] }),
  ).toEqual([]);
  expect(await messages(true)).toEqual([]);
  expect(await messages(false)).toEqual([]);
});

test("an unknown type is named with its place", async () => {
  expect((await messages({ properties: { a: { type: "sting" } } }))[0]).toBe(
    "input.properties.a.type: must be equal to one of the allowed values",
  );
});

test("a reference out of the schema is refused and nothing is fetched", async () => {
  expect(await messages({ $ref: "https://example.com/schema" })).toEqual([
    "input: can't resolve reference https://example.com/schema from id #",
  ]);
});

test("a pattern that is no regular expression is refused", async () => {
  expect(await messages({ pattern: "(" })).toEqual([
    "input: Invalid regular expression: /(/u: Unterminated group",
  ]);
});

test("an asynchronous schema, whose validation would always seem to pass, is refused", async () => {
  expect(await messages({ $async: true, type: "string" })).toEqual([
    "input.$async: asynchronous schemas are not JSON Schema",
  ]);
});

test("two schemas may claim the same $id", async () => {
  expect(await messages({ $id: "https://example.com/a", type: "string" })).toEqual([]);
  expect(await messages({ $id: "https://example.com/a", type: "number" })).toEqual([]);
});
