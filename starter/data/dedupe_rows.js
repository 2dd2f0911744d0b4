/** JSON with sorted keys, so that objects are equal whatever the order of their properties. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Texts that differ only in case or white space count as equal. */
function loosen(value) {
  if (typeof value === "string") return value.trim().replace(/\s+/g, " ").toLowerCase();
  if (Array.isArray(value)) return value.map(loosen);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, loosen(member)]));
}

export default function dedupeRows(context) {
  const rows = context.rows ?? context.prev_result;
  if (!Array.isArray(rows)) throw new TypeError(`Expected rows to be an array, got ${typeof rows}`);
  const { by, keep = "first", loose = false } = context;

  const keyOf = (row, index) => {
    if (by !== undefined && (row === null || typeof row !== "object")) {
      throw new TypeError(
        `Expected row ${index} to be an object with the columns ${by.join(", ")}`,
      );
    }
    const identity = by === undefined ? row : by.map((column) => row[column] ?? null);
    return canonical(loose ? loosen(identity) : identity);
  };

  const chosen = new Map();
  rows.forEach((row, index) => {
    const key = keyOf(row, index);
    if (keep === "last" || !chosen.has(key)) chosen.set(key, index);
  });
  return [...chosen.values()].sort((a, b) => a - b).map((index) => rows[index]);
}
