/**
 * Checks that a JSON Schema is one (2020-12) and can be compiled. Only the schema is looked at
 * here: data meets a schema inside the sandbox, where a hostile pattern can be stopped.
 */
import type { Ajv2020 } from "ajv/dist/2020.js";
import type { Issue } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { JsonObject } from "../base/json.ts";

/** A compiler keeps a little of every schema it has seen; it is replaced after this many. */
const USES_PER_COMPILER = 1000;
const MAX_ISSUES = 10;

let compiler: Ajv2020 | undefined;
let uses = 0;

async function schemaCompiler(): Promise<Ajv2020> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  if (compiler === undefined || uses >= USES_PER_COMPILER) {
    compiler = new Ajv2020({
      strict: false,
      allErrors: true,
      validateFormats: false,
      logger: false,
    });
    uses = 0;
  }
  uses += 1;
  return compiler;
}

/** @returns what is wrong with the schema; nothing when it can be used */
export async function checkSchema(
  path: "input" | "output",
  schema: JsonObject | boolean,
): Promise<readonly Issue[]> {
  if (typeof schema === "boolean") return [];
  if (Object.hasOwn(schema, "$async")) {
    return [issue(`${path}.$async`, "asynchronous schemas are not JSON Schema", schema)];
  }
  const ajv = await schemaCompiler();
  try {
    ajv.compile(schema);
    return [];
  } catch (error) {
    return describe(path, schema, error, ajv);
  } finally {
    ajv.removeSchema(schema);
  }
}

function describe(path: string, schema: unknown, error: unknown, ajv: Ajv2020): readonly Issue[] {
  if (error instanceof RangeError) return [issue(path, "the schema is nested too deeply", schema)];
  const message = (error as Error).message;
  if (!message.startsWith("schema is invalid")) return [issue(path, message, schema)];
  return (ajv.errors ?? [])
    .slice(0, MAX_ISSUES)
    .map((defect) =>
      issue(
        `${path}${defect.instancePath.replaceAll("/", ".")}`,
        defect.message ?? message,
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
