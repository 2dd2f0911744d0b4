const isMissing = (value) => value === null || value === undefined || value === "";

/** CSV cells arrive as text, so text that is a plain number counts as one. */
function asNumber(value) {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*-?\d{1,15}(?:\.\d{1,15})?\s*$/.test(value)
    ? Number(value)
    : undefined;
}

function typeOf(values) {
  if (values.length === 0) return "empty";
  if (values.every((value) => asNumber(value) !== undefined)) return "number";
  if (values.every((value) => typeof value === "string" && /^\d{4}-\d{2}-\d{2}(?:$|T)/.test(value)))
    return "date";
  const types = new Set(values.map((value) => (Array.isArray(value) ? "array" : typeof value)));
  return types.size === 1 ? [...types][0] : "mixed";
}

/** Linear interpolation between closest ranks. */
function quantile(sorted, share) {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

function numberStats(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const mean = sorted.reduce((total, number) => total + number, 0) / sorted.length;
  const squares = sorted.reduce((total, number) => total + (number - mean) ** 2, 0);
  return {
    min: sorted[0],
    max: sorted.at(-1),
    mean,
    median: quantile(sorted, 0.5),
    p25: quantile(sorted, 0.25),
    p75: quantile(sorted, 0.75),
    standardDeviation: sorted.length > 1 ? Math.sqrt(squares / (sorted.length - 1)) : 0,
  };
}

export default function describeRows(context) {
  const rows = context.rows ?? context.prev_result;
  if (!Array.isArray(rows)) throw new TypeError(`Expected rows to be an array, got ${typeof rows}`);
  const columns = context.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];

  return columns.map((column) => {
    const values = rows.map((row) => row[column]).filter((value) => !isMissing(value));
    const counts = new Map();
    for (const value of values) {
      const key = JSON.stringify(value);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const type = typeOf(values);
    const summary = {
      column,
      type,
      count: values.length,
      missing: rows.length - values.length,
      distinct: counts.size,
    };
    if (type === "number") return { ...summary, ...numberStats(values.map(asNumber)) };
    if (type === "date") {
      const sorted = values.toSorted((a, b) => (a < b ? -1 : 1));
      return { ...summary, min: sorted[0], max: sorted.at(-1) };
    }
    const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, context.top ?? 3);
    return { ...summary, top: top.map(([key, count]) => ({ value: JSON.parse(key), count })) };
  });
}
