type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

interface Problem {
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

interface Context {
  readonly value?: Json;
  readonly prev_result?: Json;
  readonly shape: Json;
  readonly strict?: boolean;
}

const MAX_PROBLEMS = 50;

const TYPES = new Map<string, (value: Json) => boolean>([
  ["any", () => true],
  ["null", (value) => value === null],
  ["string", (value) => typeof value === "string"],
  ["number", (value) => typeof value === "number"],
  ["integer", (value) => Number.isInteger(value)],
  ["boolean", (value) => typeof value === "boolean"],
  ["array", (value) => Array.isArray(value)],
  ["object", (value) => isObject(value)],
]);

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function nameOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function checkType(value: Json, type: string, path: string): Problem[] {
  const names = type.split("|").map((name) => name.trim());
  const checks = names.map((name) => {
    const check = TYPES.get(name);
    if (check === undefined) {
      throw new TypeError(
        `Expected a type among ${[...TYPES.keys()].join(", ")} at ${path}, got "${name}"`,
      );
    }
    return check;
  });
  return checks.some((check) => check(value))
    ? []
    : [{ path, expected: names.join(" or "), actual: nameOf(value) }];
}

/** "type", ["shape of every item"], or { "key": shape, "optional key?": shape }. */
function check(value: Json, shape: Json, path: string, strict: boolean): Problem[] {
  if (typeof shape === "string") return checkType(value, shape, path);
  if (Array.isArray(shape)) {
    const [itemShape] = shape;
    if (shape.length !== 1)
      throw new TypeError(`Expected one shape for the items at ${path}, got ${shape.length}`);
    if (!Array.isArray(value)) return [{ path, expected: "array", actual: nameOf(value) }];
    return value.flatMap((item, index) =>
      check(item, itemShape ?? null, `${path}[${index}]`, strict),
    );
  }
  if (!isObject(shape))
    throw new TypeError(`Expected a shape at ${path} (text, list or object), got ${nameOf(shape)}`);
  if (!isObject(value)) return [{ path, expected: "object", actual: nameOf(value) }];

  const known = new Set<string>();
  const problems = Object.entries(shape).flatMap(([name, member]) => {
    const key = name.endsWith("?") ? name.slice(0, -1) : name;
    known.add(key);
    if (Object.hasOwn(value, key))
      return check(value[key] ?? null, member, `${path}.${key}`, strict);
    return name === key ? [{ path: `${path}.${key}`, expected: "a value", actual: "nothing" }] : [];
  });
  if (!strict) return problems;
  const unknown = Object.keys(value).filter((key) => !known.has(key));
  return [
    ...problems,
    ...unknown.map((key) => ({
      path: `${path}.${key}`,
      expected: "nothing",
      actual: nameOf(value[key] ?? null),
    })),
  ];
}

export default function checkShape(context: Context) {
  const value = context.value === undefined ? context.prev_result : context.value;
  const problems = check(value ?? null, context.shape, "$", context.strict ?? false);
  return {
    valid: problems.length === 0,
    problemCount: problems.length,
    problems: problems.slice(0, MAX_PROBLEMS),
  };
}
