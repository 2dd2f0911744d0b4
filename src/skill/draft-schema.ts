/** The shape of a draft, for zod: every field, its bounds, and what is expected in words. */
import { z } from "zod";
import { RUN_LIMIT_RANGES } from "../base/limits.ts";
import type { Limits } from "../base/limits.ts";
import { utf8Bytes } from "../base/json.ts";
import { isOrigin } from "./origin.ts";
import { isSkillId, SKILL_ID_RULE } from "./skill-id.ts";

const SLUG = /^[a-z0-9][a-z0-9_-]*$/;

/** A text of a bounded number of characters. */
function text(minLength: number, maxLength: number): z.ZodType<string> {
  const expected =
    minLength === 0
      ? `a string of at most ${maxLength} characters`
      : `a string of ${minLength} to ${maxLength} characters`;
  return z.string({ error: expected }).min(minLength, expected).max(maxLength, expected);
}

/** A text bounded by its size in UTF-8. */
function sizedText(maxBytes: number): z.ZodType<string> {
  const expected = `a string of at most ${maxBytes} bytes in UTF-8`;
  return z
    .string({ error: expected })
    .min(1, "a string that is not empty")
    .refine((value) => utf8Bytes(value) <= maxBytes, expected);
}

/** JSON of any kind, bounded by the size of its text. That it is JSON was checked before. */
function sizedJson(what: string, maxBytes: number): z.ZodType {
  return z.unknown().refine((value) => utf8Bytes(JSON.stringify(value) ?? "") <= maxBytes, {
    error: `${what} of at most ${maxBytes} bytes`,
  });
}

function jsonObject(maxBytes: number): z.ZodType {
  const expected = `an object of at most ${maxBytes} bytes as JSON`;
  return z
    .custom(
      (value) => typeof value === "object" && value !== null && !Array.isArray(value),
      expected,
    )
    .refine((value) => utf8Bytes(JSON.stringify(value)) <= maxBytes, expected);
}

function jsonSchema(maxBytes: number): z.ZodType {
  return z.union([z.boolean(), jsonObject(maxBytes)], {
    error: `a JSON Schema (an object or a boolean) of at most ${maxBytes} bytes`,
  });
}

function listOf(item: z.ZodType<string>, maxCount: number, what: string): z.ZodType<string[]> {
  const expected = `a list of at most ${maxCount} ${what}`;
  return z
    .array(item, { error: expected })
    .max(maxCount, expected)
    .transform((items) => [...new Set(items)]);
}

const slug = (maxLength: number): z.ZodType<string> => {
  const expected = `a slug: lower-case letters, digits, "_" and "-", at most ${maxLength} characters`;
  return z.string({ error: expected }).regex(SLUG, expected).max(maxLength, expected);
};

const wholeNumber = (min: number, max: number, unit: string): z.ZodType<number> => {
  const expected = `a whole number of ${unit} from ${min} to ${max}`;
  return z.int({ error: expected }).min(min, expected).max(max, expected);
};

function exampleSchema(limits: Limits): z.ZodType {
  const json = sizedJson("JSON", limits.contextBytes);
  const hostCall = z
    .strictObject({
      tool: text(1, 128).optional(),
      skill: z.custom<string>(isSkillId, SKILL_ID_RULE).optional(),
      fetch: text(1, 1024).optional(),
      args: json.optional(),
      result: json.optional(),
      error: text(1, 1024).optional(),
    })
    .refine(
      ({ tool, skill, fetch }) =>
        [tool, skill, fetch].filter((name) => name !== undefined).length === 1,
      "one of `tool`, `skill` and `fetch`",
    );
  return z
    .strictObject(
      {
        context: json.refine((value) => value !== undefined, "a JSON context"),
        result: json.optional(),
        error: text(1, 128).optional(),
        hostCalls: z.array(hostCall).max(limits.hostCalls).optional(),
      },
      { error: "an object with `context` and either `result` or `error`" },
    )
    .refine(
      (example) => !("result" in example && example.error !== undefined),
      "either `result` or `error`, not both",
    );
}

/** Builds the schema for the given limits; unknown fields are issues. */
export function draftSchema(limits: Limits): z.ZodObject {
  return z.strictObject(
    {
      id: z.custom<string>(isSkillId, SKILL_ID_RULE),
      name: text(1, limits.nameLength),
      description: text(1, limits.descriptionLength),
      category: slug(limits.categoryLength).default("general"),
      tags: listOf(text(1, limits.tagLength), limits.tagCount, "tags").default([]),
      language: z
        .enum(["javascript", "typescript"], { error: '"javascript" or "typescript"' })
        .default("javascript"),
      code: sizedText(limits.codeBytes).optional(),
      instructions: sizedText(limits.instructionsBytes).optional(),
      input: jsonSchema(limits.schemaBytes).optional(),
      output: jsonSchema(limits.schemaBytes).optional(),
      capabilities: z
        .strictObject(
          {
            tools: listOf(text(1, 128), 256, "tool names").default([]),
            skills: listOf(z.custom<string>(isSkillId, SKILL_ID_RULE), 256, "skill ids").default(
              [],
            ),
            fetch: listOf(
              z.string().refine(isOrigin, "an origin such as https://api.example.com"),
              256,
              "origins",
            ).default([]),
          },
          { error: "an object with `tools`, `skills` and `fetch`" },
        )
        .default({ tools: [], skills: [], fetch: [] }),
      examples: z
        .array(exampleSchema(limits), { error: "a list of examples" })
        .max(limits.exampleCount, `at most ${limits.exampleCount} examples`)
        .default([]),
      limits: z
        .strictObject(
          Object.fromEntries(
            Object.entries(RUN_LIMIT_RANGES).map(([name, { min, max, unit }]) => [
              name,
              wholeNumber(min, limits[max], unit).optional(),
            ]),
          ),
          { error: "an object of limits such as `timeoutMs` and `memoryBytes`" },
        )
        .default({}),
      status: z.enum(["draft", "active"], { error: '"draft" or "active"' }).optional(),
      author: text(1, 256).optional(),
      license: text(1, 256).optional(),
      metadata: jsonObject(limits.metadataBytes).default({}),
    },
    { error: "an object: a skill draft" },
  );
}
