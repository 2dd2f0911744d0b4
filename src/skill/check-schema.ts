/**
 * Checks that a JSON Schema is one (2020-12) and can be compiled. Only the schema is looked at
 * here: data meets a schema inside the sandbox, where a hostile pattern can be stopped.
 */
import type { Ajv2020, Options } from "ajv/dist/2020.js";
import type { Issue } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { JsonObject } from "../base/json.ts";

const MAX_ISSUES = 10;
const OPTIONS: Options = { strict: false, validateFormats: false, logger: false };

/** Knows the meta-schema, which takes far longer to compile than a schema; it never keeps one. */
let judge: Ajv2020 | undefined;

/**
 * @returns what is wrong with the schema; nothing when it can be used
 * @throws {RangeError} when it is nested too deeply to tell
 */
export async function checkSchema(
  path: "input" | "output",
  schema: JsonObject | boolean,
): Promise<readonly Issue[]> {
  if (typeof schema === "boolean") return [];
  if (Object.hasOwn(schema, "$async")) {
    return [issue(`${path}.$async`, "asynchronous schemas are not JSON Schema", schema)];
  }
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  judge ??= new Ajv2020({ ...OPTIONS, allErrors: true });
  try {
    if (judge.validateSchema(schema) !== true) return describe(path, schema, judge);
    // A compiler of its own: what a schema calls itself must not meet another's name. References
    // are not copied into place, which could make a small schema immense.
    new Ajv2020({ ...OPTIONS, validateSchema: false, inlineRefs: false }).compile(schema);
    return [];
  } catch (error) {
    // Deep nesting; whether the compiler is still sound is not certain, so its thread decides.
    if (error instanceof RangeError) throw error;
    return [issue(path, (error as Error).message, schema)];
  }
}

function describe(path: string, schema: unknown, ajv: Ajv2020): readonly Issue[] {
  return (ajv.errors ?? [])
    .slice(0, MAX_ISSUES)
    .map((defect) =>
      issue(
        `${path}${defect.instancePath.replaceAll("/", ".")}`,
        defect.message ?? "is no schema",
        schema,
      ),
    );
}

function issue(path: string, message: string, schema: unknown): Issue {
  return {
    path,
    message,
    expected: "a JSON Schema 2020-12 that refers to nothing outside itself",
    received: preview(schema),
  };
}
