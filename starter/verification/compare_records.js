/** Numbers within the tolerance, texts without surrounding or repeated white space, the rest as JSON. */
function agree(expected, actual, tolerance, ignoreCase) {
  const numbers = [expected, actual].map((value) =>
    typeof value === "string" && value.trim() !== "" ? Number(value) : value,
  );
  if (numbers.every((number) => typeof number === "number" && Number.isFinite(number))) {
    return Math.abs(numbers[0] - numbers[1]) <= tolerance;
  }
  if (typeof expected === "string" && typeof actual === "string") {
    const [a, b] = [expected, actual].map((text) => text.replace(/\s+/g, " ").trim());
    return ignoreCase ? a.toLowerCase() === b.toLowerCase() : a === b;
  }
  return canonical(expected ?? null) === canonical(actual ?? null);
}

/** JSON with sorted keys, so that the order of properties does not matter. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(",")}}`;
}

function indexBy(records, key, what) {
  const index = new Map();
  records.forEach((record, position) => {
    const id = key.map((field) => record?.[field] ?? null);
    if (id.includes(null))
      throw new TypeError(`Expected ${what} record ${position} to have ${key.join(", ")}`);
    const text = id.map(String).join(" / ");
    if (index.has(text))
      throw new RangeError(`Expected distinct ${what} records, "${text}" occurs twice`);
    index.set(text, record);
  });
  return index;
}

export default function compareRecords(context) {
  const actualRecords = context.actual ?? context.prev_result;
  if (!Array.isArray(actualRecords))
    throw new TypeError(`Expected actual to be an array, got ${typeof actualRecords}`);
  const { key, ignore = [], tolerance = 0, ignoreCase = false, allowUnexpected = false } = context;
  const expected = indexBy(context.expected, key, "expected");
  const actual = indexBy(actualRecords, key, "actual");

  const differences = [];
  for (const [id, record] of expected) {
    if (!actual.has(id)) continue;
    // Fields that nobody expects anything of are not compared.
    for (const [field, value] of Object.entries(record)) {
      if (ignore.includes(field) || key.includes(field)) continue;
      const got = actual.get(id)[field] ?? null;
      if (!agree(value, got, tolerance, ignoreCase))
        differences.push({ key: id, field, expected: value, actual: got });
    }
  }
  const missing = [...expected.keys()].filter((id) => !actual.has(id));
  const unexpected = [...actual.keys()].filter((id) => !expected.has(id));
  const wrong = new Set(differences.map((difference) => difference.key)).size;
  const failed = missing.length + differences.length + (allowUnexpected ? 0 : unexpected.length);
  return {
    verdict: failed === 0 ? "match" : "mismatch",
    matched: expected.size - missing.length - wrong,
    missing,
    unexpected,
    differences,
  };
}
