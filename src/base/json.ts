/**
 * JSON values and their one canonical text (RFC 8785), which content hashes are taken from.
 */

/** Anything JSON can say. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** Why a value is not JSON, and where. */
export interface JsonDefect {
  /** Path such as `a.b[0]`; empty for the value itself. */
  readonly path: string;
  /** What stands there, such as `a function` or `a cycle`. */
  readonly found: string;
}

const MAX_DEPTH = 256;

/**
 * The first thing in `value` that JSON can not carry faithfully: a function, a symbol, a BigInt,
 * NaN or an infinity, `undefined`, a cycle, an object that is not plain, a lone surrogate, a
 * `__proto__` key, or nesting deeper than 256.
 *
 * A property whose value is `undefined` is no defect: it is absent in JSON.
 */
export function findJsonDefect(
  value: unknown,
  options: { readonly surrogates?: "allow" } = {},
): JsonDefect | undefined {
  const ancestors = new Set<object>();
  const allowSurrogates = options.surrogates === "allow";

  function visit(current: unknown, path: string): JsonDefect | undefined {
    switch (typeof current) {
      case "boolean":
        return undefined;
      case "string":
        return allowSurrogates || current.isWellFormed()
          ? undefined
          : { path, found: "a string with a lone surrogate" };
      case "number":
        return Number.isFinite(current) ? undefined : { path, found: String(current) };
      case "undefined":
        return { path, found: "undefined" };
      case "bigint":
        return { path, found: "a BigInt" };
      case "object":
        return current === null ? undefined : visitObject(current, path);
      default:
        return { path, found: `a ${typeof current}` };
    }
  }

  function visitObject(current: object, path: string): JsonDefect | undefined {
    if (ancestors.has(current)) return { path, found: "a cycle" };
    if (ancestors.size >= MAX_DEPTH)
      return { path: `${path.slice(0, 60)}…`, found: `nesting deeper than ${MAX_DEPTH}` };
    ancestors.add(current);
    const defect = Array.isArray(current) ? visitArray(current, path) : visitRecord(current, path);
    ancestors.delete(current);
    return defect;
  }

  function visitArray(current: readonly unknown[], path: string): JsonDefect | undefined {
    for (let index = 0; index < current.length; index++) {
      const defect = visit(current[index], `${path}[${index}]`);
      if (defect) return defect;
    }
    // Such as a toJSON of its own, which would decide what the text says.
    const hasMembers = Object.keys(current).length > current.length;
    return hasMembers ? { path, found: "an array with members besides its elements" } : undefined;
  }

  function visitRecord(current: object, path: string): JsonDefect | undefined {
    const prototype: unknown = Object.getPrototypeOf(current);
    if (prototype !== Object.prototype && prototype !== null) {
      const name = current.constructor?.name ?? "unknown";
      return { path, found: `an instance of ${name}` };
    }
    for (const key of Object.keys(current)) {
      const at = path === "" ? key : `${path}.${key}`;
      if (key === "__proto__") return { path: at, found: "the reserved key __proto__" };
      if (!allowSurrogates && !key.isWellFormed())
        return { path: at, found: "a key with a lone surrogate" };
      const member = (current as Record<string, unknown>)[key];
      if (member === undefined) continue;
      const defect = visit(member, at);
      if (defect) return defect;
    }
    return undefined;
  }

  try {
    return visit(value, "");
  } catch {
    // A getter or a proxy threw; what it says is not ours to repeat.
    return { path: "", found: "something that can not be read" };
  }
}

/**
 * The canonical text of a JSON value: object keys sorted by UTF-16 code unit, no white space,
 * numbers and strings as ECMAScript prints them. Source: RFC 8785 (JCS), section 3.2.
 *
 * The value must be free of defects (see {@link findJsonDefect}).
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const record = value as JsonObject;
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key] as JsonValue)}`);
  return `{${members.join(",")}}`;
}

/** Size of a text in UTF-8 bytes. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** A short rendering of any value for an error message. */
export function preview(value: unknown, maxLength = 60): string {
  let text: string;
  try {
    text = typeof value === "string" ? JSON.stringify(value.slice(0, maxLength)) : describe(value);
  } catch {
    // A hostile getter or toJSON may throw; its type is all that can be said.
    text = `a ${typeof value}`;
  }
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return String(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value) && value.length > 20) return `an array of ${value.length}`;
  return JSON.stringify(value) ?? `a ${typeof value}`;
}

/** Freezes a JSON value and everything in it, and returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
