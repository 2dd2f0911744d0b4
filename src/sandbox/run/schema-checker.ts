/**
 * JSON Schema 2020-12 checks, for the worker thread alone: a hostile schema can loop for ever in
 * its patterns or its references, and only a worker can be terminated.
 */
import { createRequire } from "node:module";
import { LRUCache } from "lru-cache";
import type { ErrorObject, Options, ValidateFunction } from "ajv/dist/2020.js";
import type { Issue } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";

const MAX_ISSUES = 10;
const CACHED_SCHEMAS = 200;
/** Longest path and message of an issue; keys and schemas may have any length. */
const MAX_PATH_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 500;
/** Larger values stop at the first issue: listing them all could cost more memory than they have. */
const LIST_ALL_BELOW_BYTES = 64 * 1024;

/**
 * Longest pattern. Matching can be ended at any time, but compiling can not: a pattern of 60,000
 * characters keeps its thread for minutes, one of this length for less than 100 ms.
 */
const MAX_PATTERN_LENGTH = 1024;

const OPTIONS: Options = {
  code: { regExp: Object.assign(boundedPattern, { code: "new RegExp" }) },
  strict: false,
  validateFormats: false,
  logger: false,
  verbose: true,
  // Otherwise every use of a definition is another copy of its code.
  inlineRefs: false,
  // `required: ["toString"]` asks for a member of its own.
  ownProperties: true,
};

/** A schema that can not be used. */
export class SchemaError extends Error {}

export interface SchemaChecker {
  /** Loads the validator, which takes tens of milliseconds once. */
  load(): void;
  /** @throws {SchemaError} when the text is no usable schema */
  compile(schemaJson: string): void;
  /**
   * The issues of a JSON text under a schema, at most 10; none when it matches.
   *
   * @throws {SchemaError} when the schema is not usable, {SyntaxError} when the text is not JSON
   */
  check(schemaJson: string, valueJson: string): readonly Issue[];
}

type Ajv = new (options: Options) => { compile(schema: unknown): ValidateFunction };

export function createSchemaChecker(): SchemaChecker {
  const validators = new LRUCache<string, ValidateFunction>({ max: CACHED_SCHEMAS });
  let Validator: Ajv | undefined;

  function load(): Ajv {
    // Loaded on first use: most skills have no schema, and a worker should start quickly.
    Validator ??= createRequire(import.meta.url)("ajv/dist/2020.js").default as Ajv;
    return Validator;
  }

  function validator(schemaJson: string, allErrors: boolean): ValidateFunction {
    const key = `${allErrors ? "all" : "first"}:${schemaJson}`;
    const known = validators.get(key);
    if (known) return known;
    // That it is a schema was checked when it was stored; the meta-schema costs far more than it.
    const compiled = compile(schemaJson, { allErrors, validateSchema: false });
    validators.set(key, compiled);
    return compiled;
  }

  /** One compiler per schema, so that an $id in one skill can not collide with another's. */
  function compile(schemaJson: string, options: Options): ValidateFunction {
    try {
      const schema: unknown = JSON.parse(schemaJson);
      refuseAsync(schema);
      return new (load())({ ...OPTIONS, ...options }).compile(schema);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new SchemaError(shorten(message, MAX_MESSAGE_LENGTH), { cause });
    }
  }

  function check(schemaJson: string, valueJson: string): readonly Issue[] {
    const value: unknown = JSON.parse(valueJson);
    const first = validator(schemaJson, false);
    if (first(value)) return [];
    let errors = first.errors ?? [];
    if (valueJson.length < LIST_ALL_BELOW_BYTES) {
      const all = validator(schemaJson, true);
      all(value);
      errors = all.errors ?? errors;
    }
    return errors.slice(0, MAX_ISSUES).map((error) => shortened(toIssue(error)));
  }

  return { load, compile: (schemaJson) => void compile(schemaJson, {}), check };
}

function boundedPattern(pattern: string, flags: string): RegExp {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new SchemaError(
      `a pattern may have at most ${MAX_PATTERN_LENGTH} characters, got ${pattern.length}`,
    );
  }
  return new RegExp(pattern, flags);
}

/** Its validator would accept everything and reject a promise that nobody holds. */
function refuseAsync(schema: unknown): void {
  if (typeof schema === "object" && schema !== null && Object.hasOwn(schema, "$async")) {
    throw new SchemaError("asynchronous schemas are not JSON Schema");
  }
}

function toIssue(error: ErrorObject): Issue {
  const parameters = error.params as Readonly<Record<string, unknown>>;
  const base = readablePath(error.instancePath);
  switch (error.keyword) {
    case "required":
      return {
        path: join(base, String(parameters["missingProperty"])),
        message: "is required",
        expected: "a value",
        received: "nothing",
      };
    case "additionalProperties":
    case "unevaluatedProperties":
      return {
        path: join(
          base,
          String(parameters["additionalProperty"] ?? parameters["unevaluatedProperty"]),
        ),
        message: "is not a known property",
        expected: "no such property",
        received: "a property",
      };
    default:
      return {
        path: base,
        message: error.message ?? "does not match its schema",
        expected: expectation(error),
        received: preview(error.data),
      };
  }
}

function shortened({ path, message, expected, received }: Issue): Issue {
  return {
    path: shorten(path, MAX_PATH_LENGTH),
    message: shorten(message, MAX_MESSAGE_LENGTH),
    expected: shorten(expected, MAX_MESSAGE_LENGTH),
    received,
  };
}

function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}

function expectation(error: ErrorObject): string {
  const { schema } = error as { readonly schema?: unknown };
  return typeof schema === "string"
    ? `${error.keyword} ${schema}`
    : `${error.keyword} ${preview(schema)}`;
}

/** A JSON pointer as a path such as `items[0].name`. */
function readablePath(pointer: string): string {
  const segments = pointer.split("/").slice(1);
  return segments
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce(join, "");
}

function join(path: string, segment: string): string {
  if (/^\d+$/.test(segment)) return `${path}[${segment}]`;
  if (!/^[A-Za-z_$][\w$]*$/.test(segment)) return `${path}[${JSON.stringify(segment)}]`;
  return path === "" ? segment : `${path}.${segment}`;
}
