const PLACEHOLDER = /\{\{\s*([\w$-]+(?:\.[\w$-]+)*)\s*\}\}/g;

/** Own properties only: a template can not reach a prototype. */
function lookup(values, path) {
  let value = values;
  for (const key of path.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

export default function fillTemplate(context) {
  const { template, values, onMissing = "error" } = context;
  const missing = new Set();

  const text = template.replace(PLACEHOLDER, (placeholder, path) => {
    const value = lookup(values, path);
    if (value === undefined || value === null) {
      missing.add(path);
      return onMissing === "keep" ? placeholder : "";
    }
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });

  if (missing.size > 0 && onMissing === "error") {
    throw new RangeError(
      `Expected a value for each placeholder, missing: ${[...missing].join(", ")}`,
    );
  }
  return text;
}
